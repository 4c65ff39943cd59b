"""Selectors: which cells a user means, such as `tensorflow>=2.16 and model=bert-en/3 and not device=cpu`.

Owns the compiled selector and its near misses. The language itself, with its comparison rules, is in `harness.matrix.grammar`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from harness.base.errors import Problem, SelectionError
from harness.base.suggestions import Fault
from harness.domain import Axes, Cell
from harness.matrix.grammar import NAMES, Conjunct, Interfaces, Vocabulary, read_conditions

__all__ = [
    "Conjunct",
    "Interfaces",
    "Near",
    "Selector",
    "Vocabulary",
    "compile_selector",
    "near_hint",
    "nearest",
    "read_selector",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A compiled selector. Equal to another of the same text."""

    text: str
    conjuncts: tuple[Conjunct, ...] = field(default=(), compare=False, repr=False)

    def __call__(self, axes: Axes, cell: str = "", environment: str = "") -> bool:
        for conjunct in self.conjuncts:  # noqa: SIM110 -- a loop: all() costs twice as much for 100,000 cells
            if not conjunct.test(axes, cell, environment):
                return False
        return True

    @property
    def names(self) -> frozenset[str]:
        """All that it asks about."""
        return frozenset().union(*(conjunct.names for conjunct in self.conjuncts))

    def split(self, names: Collection[str]) -> tuple[Selector, Selector]:
        """What asks about none of these names, and what does; both must hold."""
        apart = [conjunct.names.isdisjoint(names) for conjunct in self.conjuncts]
        without = tuple(one for one, is_apart in zip(self.conjuncts, apart, strict=True) if is_apart)
        about = tuple(one for one, is_apart in zip(self.conjuncts, apart, strict=True) if not is_apart)
        return Selector(text=self.text, conjuncts=without), Selector(text=self.text, conjuncts=about)

    def matches(self, cell: Cell) -> bool:
        return self(cell.axes, cell.id, cell.environment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """How many cells would be selected without one condition."""

    without: str
    cells: int


def compile_selector(
    text: str, vocabulary: Vocabulary | None = None, interfaces: Interfaces | None = None, *, place: str = "--select"
) -> Selector:
    """The selector that a user typed; the empty text selects everything.

    Raises SelectionError with every fault: `--select:12: unknown name 'devise' (hint: did you mean 'device'?)`.
    """
    found = read_selector(text, vocabulary, interfaces)
    if isinstance(found, Selector):
        return found
    problems = (Problem(location=f"{place}:{fault.column}", message=fault.message, hint=fault.hint) for fault in found)
    raise SelectionError.of(tuple(problems))


def read_selector(
    text: str, vocabulary: Vocabulary | None = None, interfaces: Interfaces | None = None, *, names: tuple[str, ...] = NAMES
) -> Selector | tuple[Fault, ...]:
    """The selector, or all that is wrong with its text. `names` may be used, and `interface` where `interfaces` are known."""
    conditions = read_conditions(text, vocabulary or {}, interfaces, names)
    if conditions.faults:
        return conditions.faults
    return Selector(text=text, conjuncts=conditions.conjuncts)


def nearest(selector: Selector, cells: Iterable[Cell]) -> tuple[Near, ...]:
    """What would be selected if one condition were dropped, most cells first; empty when no single one is to blame."""
    counts = [0] * len(selector.conjuncts)
    for cell in cells:
        blamed = _only_failure(selector.conjuncts, cell)
        if blamed is not None:
            counts[blamed] += 1
    found = (Near(without=conjunct.text, cells=n) for conjunct, n in zip(selector.conjuncts, counts, strict=True) if n)
    return tuple(sorted(found, key=lambda near: -near.cells))


def near_hint(near: tuple[Near, ...]) -> str:
    """``without `device=cpu`: 12 cells; without `format=h5`: 1 cell``."""
    return "; ".join(f"without `{item.without}`: {item.cells} cell{'s' * (item.cells != 1)}" for item in near)


def _only_failure(conjuncts: tuple[Conjunct, ...], cell: Cell) -> int | None:
    """The index of the one condition that the cell fails; None if it fails none or several."""
    failed = None
    for index, conjunct in enumerate(conjuncts):
        if not conjunct.test(cell.axes, cell.id, cell.environment):
            if failed is not None:
                return None
            failed = index
    return failed
