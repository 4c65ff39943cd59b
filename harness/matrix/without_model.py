"""Cells without a model: measured once for an environment, whatever the model. Derived, with no entry in matrix.yaml. Pure.

Owns which there are and which selectors select them. A selector that names one, by its id or by `model=none`, is taken literally.
Any other is about models, and takes these cells along wherever it selects a cell of the same environment, format and device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from harness.domain import NO_MODEL, Axis, Case, Device, SaveFormat
from harness.matrix.condition import terms_of
from harness.matrix.selector import Conjunct, Selector

Choice: TypeAlias = tuple[SaveFormat, Device]
"""Tells the cells of one environment and model apart."""


def divide(selector: Selector) -> tuple[Selector, Selector]:
    """Return the conditions that are about models, and those that are taken literally; both must hold."""
    return selector.divided(_names_them)


def tell_apart(choices: Sequence[Choice], cases: Sequence[Case]) -> tuple[Choice, ...]:
    """Select as few choices as measure everything: those in which a case without a model has something new to run."""
    plain = [case for case in cases if case.is_about(None)]
    measured: set[tuple[str, ...]] = set()
    told_apart = []
    for format_, device in choices:
        values = ((Axis.FORMAT, format_), (Axis.DEVICE, device))
        bearing = [case for case in plain if case.bears_on(None, device)]
        runs = {(case.id, *(value for axis, value in values if axis in case.uses)) for case in bearing}
        if not runs <= measured:
            told_apart.append((format_, device))
            measured |= runs
    return tuple(told_apart)


def _names_them(conjunct: Conjunct) -> bool:
    return any(term.name == "cell" or (term.name == "model" and NO_MODEL in term.values) for term in terms_of(conjunct.condition))
