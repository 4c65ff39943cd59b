"""Conditions as values: a selector's meaning as a test over facts, and as a tree for the page.

Knows neither text nor columns; those are `harness.matrix.grammar`'s. `tensorflow`, `python`, `hub` and `package(NAME)` compare
as versions, by as many parts as the condition gives; see `harness.base.versions`. A fact without a value equals nothing and is
neither before nor after anything. `!=` is the opposite of `=`, `not in` that of `in`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from typing_extensions import assert_never

from harness.base.versions import ORDERED, in_order, is_version, release_of, same_version
from harness.matrix.facts import Facts
from harness.matrix.names import ValueKind

Test: TypeAlias = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One comparison. `sign` is `=`, `!=` or one of `harness.base.versions.ORDERED`; only `=` and `!=` have several values."""

    name: str
    kind: ValueKind
    sign: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Negation:
    """The opposite of a condition."""

    part: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """Conditions that must all hold; without any, it holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """Conditions of which one must hold."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = Term | Negation | Every | Either


def names_of(condition: Condition) -> Iterator[str]:
    """List the names that the condition asks about."""
    return (term.name for term in terms_of(condition))


def terms_of(condition: Condition) -> Iterator[Term]:
    """Yield the comparisons that the condition is made of."""
    match condition:
        case Term():
            yield condition
        case Negation(part=part):
            yield from terms_of(part)
        case Every(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from terms_of(part)
        case _:
            assert_never(condition)


def as_test(condition: Condition) -> Test:
    """Return a function that says whether the condition holds. It remembers its answer for each value."""
    match condition:
        case Term():
            return _term(condition)
        case Negation(part=part):
            return _negation(as_test(part))
        case Every(parts=parts):
            return _every([as_test(part) for part in parts])
        case Either(parts=parts):
            return _either([as_test(part) for part in parts])
        case _:
            assert_never(condition)


def tree_of(condition: Condition) -> dict[str, Any]:
    """Return the condition for the page's script; see `Selector.tree`."""
    match condition:
        case Term(name=name, kind=ValueKind.VERSION, sign=sign, values=values):
            versions = [{"text": value, "release": release_of(value)} for value in values]
            return {"name": name, "kind": ValueKind.VERSION.value, "sign": sign, "values": versions}
        case Term(name=name, kind=kind, sign=sign, values=values):
            return {"name": name, "kind": kind.value, "sign": sign, "values": list(values)}
        case Negation(part=part):
            return {"not": tree_of(part)}
        case Every(parts=parts):
            return {"every": [tree_of(part) for part in parts]}
        case Either(parts=parts):
            return {"either": [tree_of(part) for part in parts]}
        case _:
            assert_never(condition)


def is_at(path: str, start: str) -> bool:
    """Return True if a path is `start` or below it: in a folder, in a file of cases, among the variants of a case."""
    return path == start or (path.startswith(start) and path[len(start)] in "/:[")


def _term(term: Term) -> Test:
    """Return the test of a term, which decides once for each value: a matrix has many cells and few values."""
    name = term.name
    decided: dict[str | None, bool] = {}

    def test(facts: Facts) -> bool:
        value = facts.values[name]
        answer = decided.get(value)
        if answer is None:
            answer = decided[value] = _holds(term, value)
        return answer

    # Packages are no values of the facts: an environment has a hundred of them, and most conditions ask about none.
    return (lambda facts: _holds(term, facts[name])) if name.startswith("package(") else test


def _holds(term: Term, value: str | None) -> bool:
    if term.kind is ValueKind.VERSION and value is not None and not is_version(value):
        value = None  # such as a nightly build: in no range, and equal to no release
    if term.sign in ORDERED:
        return value is not None and in_order(value, term.sign, term.values[0])
    return (value is not None and any(_same(term.kind, value, operand) for operand in term.values)) == (term.sign == "=")


def _same(kind: ValueKind, value: str, operand: str) -> bool:
    match kind:
        case ValueKind.TEXT:
            return value == operand
        case ValueKind.VERSION:
            return same_version(value, operand)
        case ValueKind.PATH:
            return is_at(value, operand)
        case _:
            assert_never(kind)


def _every(tests: Sequence[Test]) -> Test:
    return lambda facts: all(test(facts) for test in tests)


def _either(tests: Sequence[Test]) -> Test:
    return lambda facts: any(test(facts) for test in tests)


def _negation(test: Test) -> Test:
    return lambda facts: not test(facts)
