"""The plan: which cells and environments a run has, and under which ids. Pure, and the only expander.

Cells come in the matrix's order: TensorFlow ascending, then install, keras, text, pins, hardware with packages of its own, model,
format, device, so that the cells of an environment are next to each other. Ids depend on the spec alone, never on tier or selector:

    axis values                                       id
    2.16.2, as-released                               tf-2_16_2-as-released
    2.16.2, today, legacy                             tf-2_16_2-today-legacy
    2.15.1, as-released, with tensorflow-text         tf-2_15_1-as-released-text
    2.15.1, as-released, Python 3.9                   tf-2_15_1-as-released-py39
    2.15.1, as-released, hub 0.12.0                   tf-2_15_1-as-released-hub-0_12_0
    2.19.1, today, device tpu                         tf-2_19_1-today-tpu
    … with model bert-en/3, h5, xla-cpu               …--bert-en-3--h5--xla-cpu

Values that come out equal in that alphabet get a short hash of themselves: `bert-en-3-1f0a9c`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, product
from typing import TypeAlias, TypeVar

from packaging.version import Version

from harness.base.errors import SelectionError
from harness.base.suggestions import did_you_mean
from harness.domain import (
    Accelerator,
    Axes,
    Axis,
    Cell,
    EnvironmentRequest,
    InstallPolicy,
    KerasChoice,
    LeftOut,
    Plan,
    TextOps,
)
from harness.matrix.selector import Conjunct, Selector, compile_selector, near_hint, nearest
from harness.matrix.spec import Exclude, Spec, accelerators

EnvironmentKey: TypeAlias = tuple[str, InstallPolicy, KerasChoice, TextOps, Accelerator, str | None, str | None]
"""What makes an environment: TensorFlow, install policy, Keras choice, tensorflow-text or not, hardware, Python pin, hub pin."""

WITHIN_GROUP = (Axis.FORMAT.value, Axis.DEVICE.value, "cell")
"""The names that tell cells of the same environment and model apart. These are next to each other in a plan, so that what
follows from other names is found once for all of them."""

Key = TypeVar("Key", str, EnvironmentKey)


def expand(spec: Spec, *, tier: str | None = None, select: str = "", environments: Collection[str] = ()) -> Plan:
    """The cells that the tier, the selector and the environment ids all select; None and empty select everything.

    An include's combinations are planned whatever the excludes say. `left_out` counts what the excludes took from this
    selection. Raises SelectionError, with the nearest matches, when nothing is left.
    """
    ids = Ids.of(spec)
    selector = _selector(spec, ids, tier, select, environments)
    kept, left_out = _split(spec, ids, selector)
    if not kept:
        raise _nothing_selected(spec, ids, selector, left_out)
    first = {cell.environment: cell.axes for cell in reversed(kept)}
    used = {cell.axes.model for cell in kept}
    return Plan(
        cells=tuple(kept),
        environments={id_: _request(spec, id_, first[id_]) for id_ in dict.fromkeys(cell.environment for cell in kept)},
        models={model.id: model for model in spec.models if model.id in used},
        left_out=left_out,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The ids of everything that a spec can name. No part of a cell's id contains `--`, so that joining keeps them apart."""

    environments: Mapping[EnvironmentKey, str]
    models: Mapping[str, str]

    @classmethod
    def of(cls, spec: Spec) -> Ids:
        keys: dict[EnvironmentKey, str] = {}
        versions = (release.version for release in spec.releases)
        kinds = accelerators(spec.devices)
        keys.update(dict.fromkeys(product(versions, spec.installs, spec.keras, spec.texts, kinds, (None,), (None,)), ""))
        for include in spec.include:
            installed = (include.tensorflow, include.install, include.keras, include.text)
            keys.update(dict.fromkeys(product(*installed, accelerators(include.device), include.python, include.hub), ""))
        return cls(
            environments=_unique({key: _environment_slug(key) for key in keys}),
            models=_unique({model.id: _slug(model.id, "-") for model in spec.models}),
        )

    def cell(self, axes: Axes, environment: str) -> str:
        return f"{environment}--{self.models[axes.model]}--{axes.format.value}--{axes.device.value}"


def _environment_key(axes: Axes) -> EnvironmentKey:
    return axes.tensorflow, axes.install, axes.keras, axes.text, axes.device.accelerator, axes.python, axes.hub


def _environment_slug(key: EnvironmentKey) -> str:
    version, install, keras, text, accelerator, python, hub = key
    parts = [f"tf-{_slug(version, '_')}", install.value]
    if keras is not KerasChoice.DEFAULT:
        parts.append(keras.value)
    if text is TextOps.WITH:
        parts.append("text")
    if accelerator is not Accelerator.NONE:
        parts.append(accelerator.value)
    if python is not None:
        parts.append(f"py{_slug(python, '')}")
    if hub is not None:
        parts.append(f"hub-{_slug(hub, '_')}")
    return "-".join(parts)


def _slug(text: str, joiner: str) -> str:
    """The text in small letters and digits, everything else one joiner; never empty."""
    kept = "a-z0-9_" if joiner == "-" else "a-z0-9"
    return re.sub(f"[^{kept}]+", joiner, text.lower()).strip(joiner or None) or "x"


def _unique(slugs: Mapping[Key, str]) -> dict[Key, str]:
    """Slugs that several keys share get a hash of the key: six digits, more if even that is taken."""
    shared = Counter(slugs.values())
    ids: dict[Key, str] = {}
    for length in range(6, 65):
        ids = {key: slug if shared[slug] == 1 else f"{slug}-{_hash(key)[:length]}" for key, slug in slugs.items()}
        if len(set(ids.values())) == len(ids):
            break
    return ids


def _hash(key: str | EnvironmentKey) -> str:
    parts = (key,) if isinstance(key, str) else key
    return sha256("\0".join("" if part is None else str(getattr(part, "value", part)) for part in parts).encode()).hexdigest()


def _selector(spec: Spec, ids: Ids, tier: str | None, select: str, environments: Collection[str]) -> Selector:
    """All that the user asked for, as one selector whose conditions `nearest` can drop one by one."""
    known = tuple(ids.environments.values())
    conjuncts = list(compile_selector(select, {**spec.vocabulary(), "environment": known}, spec.interfaces()).conjuncts)
    if tier is not None:
        chosen = spec.tier(tier).select
        conjuncts.insert(0, Conjunct(text=f"--tier {tier}", test=chosen, names=chosen.names))
    for name in environments:
        if name not in known:
            raise SelectionError(f"no environment {name!r}", place="--environment", hint=did_you_mean(name, known))
    if environments:
        wanted = frozenset(environments)
        named = Conjunct(
            text="--environment",
            test=lambda _axes, _cell, environment: environment in wanted,
            names=frozenset({"environment"}),
        )
        conjuncts.append(named)
    return Selector(text=select, conjuncts=tuple(conjuncts))


def _split(spec: Spec, ids: Ids, selector: Selector) -> tuple[list[Cell], tuple[LeftOut, ...]]:
    """The selected cells that are kept, and what the excludes took from the selection."""
    included = frozenset(chain.from_iterable(include.combinations() for include in spec.include))
    kept: list[Cell] = []
    taken: Counter[str] = Counter()  # by place: the hash of a rule takes longer than all else here
    of_group, of_cell = selector.split(WITHIN_GROUP)
    rules_of_cell = any(not rule.when.names.isdisjoint(WITHIN_GROUP) for rule in spec.exclude)
    key, model, environment, wanted, rule = None, None, "", False, None
    for axes in _ordered(spec, included):
        if key != (now := _environment_key(axes)):
            key, model, environment = now, None, ids.environments[now]
        if model != axes.model:
            model, wanted = axes.model, of_group(axes, "", environment)
            rule = _excluding(spec, axes) if wanted else None
        if not wanted:
            continue
        id_ = ids.cell(axes, environment)
        if not of_cell(axes, id_, environment):
            continue
        if rules_of_cell:
            rule = _excluding(spec, axes)
        if rule is None or (included and axes in included):
            kept.append(Cell(id=id_, axes=axes, environment=environment))
        else:
            taken[rule.place] += 1
    rules = (rule for rule in spec.exclude if taken[rule.place])
    return kept, tuple(
        LeftOut(when=rule.when.text, reason=rule.reason, place=rule.place, cells=taken[rule.place]) for rule in rules
    )


def _excluding(spec: Spec, axes: Axes) -> Exclude | None:
    for rule in spec.exclude:
        if rule.when(axes):
            return rule
    return None


def _ordered(spec: Spec, included: frozenset[Axes]) -> Iterable[Axes]:
    """The product and the included combinations, each once, in the matrix's order."""
    pinned = [axes for axes in included if axes.python is not None or axes.hub is not None]
    if not pinned:
        return spec.combinations()
    ranks = {name: {value: rank for rank, value in enumerate(values)} for name, values in spec.vocabulary().items()}
    kinds = accelerators(spec.devices)

    def rank(axes: Axes) -> tuple[object, ...]:
        return (
            ranks["tensorflow"][axes.tensorflow],
            ranks["install"][axes.install.value],
            ranks["keras"][axes.keras.value],
            ranks["text"][axes.text.value],
            _pin_rank(axes.python),
            _pin_rank(axes.hub),
            kinds.index(axes.device.accelerator),
            ranks["model"][axes.model],
            ranks["format"][axes.format.value],
            ranks["device"][axes.device.value],
        )

    return sorted(chain(spec.combinations(), pinned), key=rank)


def _pin_rank(pin: str | None) -> tuple[Version, str]:
    """Before all pins comes no pin; pins that are equal versions are told apart by their text."""
    return (Version("0.dev0"), "") if pin is None else (Version(pin), pin)


def _request(spec: Spec, id_: str, axes: Axes) -> EnvironmentRequest:
    release = next(release for release in spec.releases if release.version == axes.tensorflow)
    return EnvironmentRequest(
        id=id_,
        release=release,
        install=axes.install,
        keras=axes.keras,
        text=axes.text,
        accelerator=axes.device.accelerator,
        python=axes.python,
        hub=axes.hub,
    )


def _nothing_selected(spec: Spec, ids: Ids, selector: Selector, left_out: tuple[LeftOut, ...]) -> SelectionError:
    place = "--select" if selector.text.strip() else ""
    if left_out:
        cells = sum(rule.cells for rule in left_out)
        reasons = "; ".join(f"{rule.place}: {rule.reason}" for rule in left_out)
        return SelectionError(f"all {cells} cells that it selects are excluded", place=place, hint=reasons)
    everything, _ = _split(spec, ids, Selector(text=""))
    near = near_hint(nearest(selector, everything))
    return SelectionError("nothing is selected", place=place, hint=near or "no single condition is to blame: drop several")
