"""Selectors, such as `tensorflow>=2.16 and model=bert-en/3 and not device=cpu`, compiled to tests over facts.

Owns the compiled selector and its near misses. The language is in `harness.matrix.grammar`, its names in `harness.matrix.names`,
the meaning of its comparisons in `harness.matrix.condition`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from harness.base.errors import Problem, SelectionError
from harness.base.suggestions import Fault
from harness.domain import Interface
from harness.matrix.condition import Condition, Every, Test, as_test, names_of, tree_of
from harness.matrix.facts import Facts
from harness.matrix.grammar import Vocabulary, read_clauses
from harness.matrix.names import Context

__all__ = [
    "Conjunct",
    "Context",
    "Facts",
    "Interfaces",
    "Near",
    "Selector",
    "Vocabulary",
    "compile_selector",
    "near_hint",
    "nearest",
    "read_selector",
]

Interfaces: TypeAlias = Mapping[str, Interface]
"""The interface of each model, by the model's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conjunct:
    """One of the conditions that must all hold: its text as typed, its test, and the names in it."""

    text: str
    condition: Condition
    test: Test
    names: frozenset[str]

    @classmethod
    def of(cls, text: str, condition: Condition) -> Conjunct:
        return cls(text=text, condition=condition, test=as_test(condition), names=frozenset(names_of(condition)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A compiled selector. Equal to another of the same text."""

    text: str
    conjuncts: tuple[Conjunct, ...] = field(default=(), compare=False, repr=False)

    def __call__(self, facts: Facts) -> bool:
        for conjunct in self.conjuncts:  # noqa: SIM110 -- a loop: all() costs twice as much for 100,000 cells
            if not conjunct.test(facts):
                return False
        return True

    @property
    def condition(self) -> Condition:
        """All conjuncts as one condition."""
        return Every(parts=tuple(conjunct.condition for conjunct in self.conjuncts))

    @property
    def names(self) -> frozenset[str]:
        """The names that the selector asks about."""
        return frozenset().union(*(conjunct.names for conjunct in self.conjuncts))

    def split(self, names: Collection[str]) -> tuple[Selector, Selector]:
        """Return the conditions that ask about none of these names, and those that do; both must hold."""
        return self.divided(lambda conjunct: not conjunct.names.isdisjoint(names))

    def divided(self, belongs: Callable[[Conjunct], bool]) -> tuple[Selector, Selector]:
        """Return the conditions that don't belong, and those that do; both must hold."""
        remaining = tuple(conjunct for conjunct in self.conjuncts if not belongs(conjunct))
        chosen = tuple(conjunct for conjunct in self.conjuncts if belongs(conjunct))
        return Selector(text=self.text, conjuncts=remaining), Selector(text=self.text, conjuncts=chosen)

    def tree(self) -> dict[str, Any]:
        """Return the selector as JSON, which `holds` of `templates/selector.js` evaluates on the report's page.

            {"every": [TREE, ...]}     all hold; none: it holds
            {"either": [TREE, ...]}    one holds
            {"not": TREE}
            {"name": "tensorflow", "kind": "version", "sign": ">=", "values": [{"text": "2.16", "release": [2, 16]}]}
            {"name": "device", "kind": "text", "sign": "=", "values": ["cpu", "xla-cpu"]}
            {"name": "case", "kind": "path", "sign": "!=", "values": ["cases/saving"]}

        `sign` is one of `=` `!=` `<` `<=` `>` `>=`; with several values, `=` means one of them and `!=` none of them. A version
        is given as it was written, and compares by the parts of its `release`; where that is null it names a pre- or
        post-release, and compares whole. A path is equal to what is at it and below it.
        """
        return tree_of(self.condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """The number of cells that would be selected without one condition."""

    without: str
    cells: int


def compile_selector(
    text: str, context: Context = Context.PLAN, vocabulary: Vocabulary | None = None, *, option: str = "--select"
) -> Selector:
    """Return the selector that a user typed for an option; the empty text selects everything.

    Raises:
        SelectionError: every fault, such as `--select:12: unknown name 'devise' (hint: did you mean 'device'?)`.
    """
    reading = read_selector(text, context, vocabulary)
    if isinstance(reading, Selector):
        return reading
    problems = (Problem(location=f"{option}:{fault.column}", message=fault.message, hint=fault.hint) for fault in reading)
    raise SelectionError.of(tuple(problems))


def read_selector(text: str, context: Context, vocabulary: Vocabulary | None = None) -> Selector | tuple[Fault, ...]:
    """Return the selector, or all faults of its text."""
    reading = read_clauses(text, context, vocabulary or {})
    if reading.faults:
        return reading.faults
    return Selector(text=text, conjuncts=tuple(Conjunct.of(clause.text, clause.condition) for clause in reading.clauses))


def nearest(selector: Selector, cells: Iterable[Facts]) -> tuple[Near, ...]:
    """Return how many cells dropping one condition would select, most cells first; empty if no single one keeps cells out."""
    counts = [0] * len(selector.conjuncts)
    for facts in cells:
        blamed = _only_failure(selector.conjuncts, facts)
        if blamed is not None:
            counts[blamed] += 1
    near = (Near(without=conjunct.text, cells=count) for conjunct, count in zip(selector.conjuncts, counts, strict=True) if count)
    return tuple(sorted(near, key=lambda miss: -miss.cells))


def near_hint(near: tuple[Near, ...]) -> str:
    """Return ``without `device=cpu`: 12 cells; without `format=h5`: 1 cell``."""
    return "; ".join(f"without `{miss.without}`: {miss.cells} cell{'s' * (miss.cells != 1)}" for miss in near)


def _only_failure(conjuncts: tuple[Conjunct, ...], facts: Facts) -> int | None:
    """Return the index of the one condition that the cell fails; None if it fails none or several."""
    failed = None
    for index, conjunct in enumerate(conjuncts):
        if not conjunct.test(facts):
            if failed is not None:
                return None
            failed = index
    return failed
