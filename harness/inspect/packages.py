"""Which package has to be imported before a model with these ops can be loaded. Ops of TensorFlow itself are not listed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OPS: Mapping[str, frozenset[str]] = {
    "tensorflow-text": frozenset({"CaseFoldUTF8"}),
}


def needed(ops: Iterable[str]) -> tuple[str, ...]:
    """The packages, by name. Ops with a namespace of their own (`Addons>GeluV2`) name theirs."""
    used = frozenset(ops)
    found = {package for package, own in OPS.items() if used & own}
    return tuple(sorted(found | {f"the library of {op}" for op in used if ">" in op}))
