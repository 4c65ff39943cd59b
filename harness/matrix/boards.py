"""Boards: what the cells of an environment may be made of, and conditions on it as sets of bits. Pure.

A square of a board is one choice of model, format and device; a set of squares is an integer with a bit for each. An environment
has the same board as every other with its accelerator, and a condition is worked out for all its squares at once: what it says
about the environment is true of all of them or of none, and what it says about model, format or device is the same set in every
environment. So a plan costs what it has cells, not what its axes have combinations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import compress
from typing import NamedTuple, TypeAlias, TypeVar

from typing_extensions import assert_never

from harness.domain import NO_MODEL, OF_CELL, Axis, AxisValue, Device, SaveFormat
from harness.matrix.condition import Condition, Either, Every, Negation, Term, as_test
from harness.matrix.facts import Facts
from harness.matrix.names import INTERFACE
from harness.matrix.selector import Interfaces, Selector

Squares: TypeAlias = int
"""A set of squares: bit n stands for the square at n."""
EnvironmentFacts: TypeAlias = Mapping[str, AxisValue]
"""The values of an environment by the names of conditions: its axes, and its id under `environment`."""
InEnvironment: TypeAlias = Callable[[EnvironmentFacts], Squares]
"""A condition on a board: the squares for which it holds in an environment."""

Key = TypeVar("Key", bound=object)

CELL = "cell"


class Square(NamedTuple):
    """A choice of model, format and device. `model` is empty in cells without one; `words` is its part of a cell's id."""

    model: str
    format: SaveFormat
    device: Device
    words: str


@dataclass(frozen=True, eq=False)
class Board:
    """The squares that the cells of an environment may be made of, in the order of a plan."""

    squares: Sequence[Square]
    interfaces: Interfaces

    @cached_property
    def whole(self) -> Squares:
        """All squares."""
        return (1 << len(self.squares)) - 1

    @cached_property
    def numbers(self) -> Mapping[tuple[str, SaveFormat, Device], int]:
        """The number of each square."""
        return {square[:3]: number for number, square in enumerate(self.squares)}

    def members(self, squares: Squares) -> list[Square]:
        """Return the squares of a set, in order."""
        return list(compress(self.squares, map(int, reversed(f"{squares:b}"))))

    def sets(self, key: Callable[[Square], Key]) -> dict[Key, Squares]:
        """Return the squares by a key."""
        numbers: defaultdict[Key, list[int]] = defaultdict(list)
        for number, square in enumerate(self.squares):
            numbers[key(square)].append(number)
        return {value: _from_numbers(listed) for value, listed in numbers.items()}

    def where(self, selector: Selector) -> InEnvironment:
        """Return a selector as sets of squares."""
        return self._condition(selector.condition)

    def _condition(self, condition: Condition) -> InEnvironment:
        match condition:
            case Term():
                return self._term(condition)
            case Negation(part=part):
                inner, whole = self._condition(part), self.whole
                return lambda facts: whole ^ inner(facts)
            case Every(parts=parts):
                return _every([self._condition(part) for part in parts], self.whole)
            case Either(parts=parts):
                return _either([self._condition(part) for part in parts])
            case _:
                assert_never(condition)

    def _term(self, term: Term) -> InEnvironment:
        if term.name == CELL:
            return self._ids(term)
        test, whole = as_test(term), self.whole
        if term.name in OF_SQUARES:
            sets = self.sets(lambda square: self._value(square, term.name))
            holding = _union(squares for value, squares in sets.items() if test(Facts({term.name: value})))
            return lambda _facts: holding
        # The test remembers its answer for each value, so Facts are built once for a value and not once for an environment.
        answers: dict[AxisValue, Squares] = {}

        def of_environment(facts: EnvironmentFacts) -> Squares:
            value = facts[term.name]
            if value not in answers:
                answers[value] = whole if test(Facts({term.name: _fact(value)})) else 0
            return answers[value]

        return of_environment

    def _value(self, square: Square, name: str) -> str | None:
        if name == INTERFACE:
            return self.interfaces.get(square.model)
        value = getattr(square, name)
        return NO_MODEL if name == Axis.MODEL.value and not value else value

    def _ids(self, term: Term) -> InEnvironment:
        """Return a condition on the ids of cells. It is looked up by the listed ids: a plan has too many to be made for this."""
        by_words = {square.words: 1 << number for number, square in enumerate(self.squares)}

        def listed(facts: EnvironmentFacts) -> Squares:
            start = f"{facts['environment']}--"
            words = (id_.removeprefix(start) for id_ in term.values if id_.startswith(start))
            squares = _union(by_words.get(word, 0) for word in words)
            return squares if term.sign == "=" else self.whole ^ squares

        return listed


OF_SQUARES = frozenset({INTERFACE, *(row.name for row in OF_CELL)})
"""The names whose value depends on the square alone."""


def _fact(value: AxisValue) -> str | None:
    return str(value.value) if isinstance(value, Enum) else value


def _every(conditions: Sequence[InEnvironment], whole: Squares) -> InEnvironment:
    def squares(facts: EnvironmentFacts) -> Squares:
        left = whole
        for condition in conditions:
            left &= condition(facts)
            if not left:
                break
        return left

    return squares


def _either(conditions: Sequence[InEnvironment]) -> InEnvironment:
    return lambda facts: _union(condition(facts) for condition in conditions)


def _union(sets: Iterable[Squares]) -> Squares:
    union = 0
    for squares in sets:
        union |= squares
    return union


def _from_numbers(numbers: Sequence[int]) -> Squares:
    # By way of a text: setting bits one by one copies the whole number each time, which is quadratic for 10,000 squares.
    digits = bytearray(b"0") * (numbers[-1] + 1)
    for number in numbers:
        digits[number] = 49
    return int(digits[::-1].decode(), 2)
