"""Selectors: expressions over the axes, such as `tensorflow>=2.16 and model=bert-en/3 and not device=cpu`.

Owns the grammar, the comparison rules and the near misses. Pure; knows nothing of matrix.yaml.

Names are the axes, `environment` and `cell`. Operators: `=` (or `==`), `!=`, `<`, `<=`, `>`, `>=`, `in (a, b)`,
`not in (a, b)`; `not`, `and`, `or`, parentheses, binding in that order. A value with other characters is quoted.

`tensorflow`, `python` and `hub` compare as versions, by as many parts as the selector gives:

    selector            2.15.1   2.16.2   2.17.1
    tensorflow=2.16     no       yes      no
    tensorflow<2.16     yes      no       no
    tensorflow<=2.16    yes      yes      no
    tensorflow>2.16     no       no       yes
    tensorflow>=2.16    no       yes      yes
    tensorflow>2.16.1   no       yes      yes

A pre-release counts as the release it precedes, unless the selector gives one itself. A cell that pins no `python` or
`hub` equals no version and is neither before nor after one. `!=` is the opposite of `=`, `not in` that of `in`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from functools import cache
from typing import TypeAlias

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from packaging.version import InvalidVersion, Version

from harness.domain import Axes, Axis, Cell
from harness.errors import Problem, SelectionError

Test: TypeAlias = Callable[[Axes, str, str], bool]
"""Of axes, cell id and environment id."""

Vocabulary: TypeAlias = Mapping[str, tuple[str, ...]]
"""The values of a name, which is an axis or `environment`; values of a name that isn't there are not checked."""

VERSIONED = (Axis.TENSORFLOW, Axis.PYTHON, Axis.HUB)
NAMES = (*(axis.value for axis in Axis), "environment", "cell")
ORDERED: Mapping[str, Callable[[Version, Version], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

GRAMMAR = r"""
?start: either
?either: every ("or" every)*
?every: unit ("and" unit)*
?unit: "not" unit                                          -> negated
     | "(" either ")"                                      -> group
     | WORD COMPARE value                                  -> comparison
     | WORD "in" "(" value ("," value)* [","] ")"          -> member
     | WORD "not" "in" "(" value ("," value)* [","] ")"    -> stranger
?value: WORD | STRING
COMPARE: "==" | "!=" | "<=" | ">=" | "=" | "<" | ">"
WORD: /[A-Za-z0-9][A-Za-z0-9_.+*\/:-]*/
STRING: /"[^"]*"/ | /'[^']*'/
%ignore /\s+/
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a selector's text. `column` counts from 1."""

    column: int
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conjunct:
    """One of the conditions that must all hold, and the text it was read from."""

    text: str
    test: Test


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

    def matches(self, cell: Cell) -> bool:
        return self(cell.axes, cell.id, cell.environment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """How many cells would be selected without one condition."""

    without: str
    cells: int


def compile_selector(text: str, vocabulary: Vocabulary | None = None, *, place: str = "--select") -> Selector:
    """The selector that a user typed; the empty text selects everything.

    Raises SelectionError with every fault: `--select:12: unknown name 'devise' (hint: did you mean 'device'?)`.
    """
    found = read_selector(text, vocabulary)
    if isinstance(found, Selector):
        return found
    problems = (Problem(place=f"{place}:{fault.column}", message=fault.message, hint=fault.hint) for fault in found)
    raise SelectionError.of(tuple(problems))


def read_selector(
    text: str, vocabulary: Vocabulary | None = None, *, names: tuple[str, ...] = NAMES
) -> Selector | tuple[Fault, ...]:
    """The selector, or all that is wrong with its text. `names` are those that may be used."""
    if not text.strip():
        return Selector(text=text)
    try:
        tree = _parser().parse(text)
        reader = _Reader(text=text, vocabulary=vocabulary or {}, names=names)
        conjuncts = tuple(reader.conjunct(part) for part in (_trees(tree) if tree.data == "every" else [tree]))
    except UnexpectedInput as error:
        return (_syntax_fault(text, error),)
    except RecursionError:
        return (Fault(column=1, message="selector is nested too deeply"),)
    return tuple(sorted(reader.faults, key=lambda fault: fault.column)) or Selector(text=text, conjuncts=conjuncts)


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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for a word that is none of the known ones: the closest, or all of them where they are few."""
    choices = list(known)
    close = get_close_matches(word, choices, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(choices)}" if 0 < len(choices) <= 8 else ""


def same_version(value: str, wanted: str) -> bool:
    """Whether `value` is `wanted` to as many parts as `wanted` has: 2.16.2 is 2.16."""
    return _compare(value, wanted, operator.eq)


def _compare(value: str, wanted: str, order: Callable[[Version, Version], bool]) -> bool:
    given = Version(wanted)
    if given.is_prerelease or given.is_postrelease or given.local:
        return order(Version(value), given)
    parts = Version(value).release[: len(given.release)]
    return order(Version(".".join(map(str, parts))), given)


def _only_failure(conjuncts: tuple[Conjunct, ...], cell: Cell) -> int | None:
    """The index of the one condition that the cell fails; None if it fails none or several."""
    failed = None
    for index, conjunct in enumerate(conjuncts):
        if not conjunct.test(cell.axes, cell.id, cell.environment):
            if failed is not None:
                return None
            failed = index
    return failed


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _syntax_fault(text: str, error: UnexpectedInput) -> Fault:
    accepted = set(error.accepts if isinstance(error, UnexpectedToken) else getattr(error, "allowed", ()))
    at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    position = len(text.rstrip()) if at_end or error.pos_in_stream is None else error.pos_in_stream
    if isinstance(error, UnexpectedCharacters) and text[position] in "\"'" and "STRING" in accepted:
        return Fault(column=position + 1, message="quote is never closed")
    found = "end of selector" if position >= len(text.rstrip()) else repr(_word_at(text, position))
    if text[position : position + 1] in ("&", "|"):
        hint = "write `and`" if text[position] == "&" else "write `or`"
    elif "COMPARE" in accepted:
        hint = "expected = != < <= > >= in, or not in"
    elif "NOT" in accepted:
        hint = "expected a condition such as tensorflow>=2.16"
    elif "STRING" in accepted:
        hint = "expected a value"
    elif "LPAR" in accepted:
        hint = "expected values in parentheses: in (a, b)"
    elif "COMMA" in accepted:
        hint = "expected a comma or a closing parenthesis"
    elif "IN" in accepted:
        hint = "expected not in (a, b)"
    else:
        hint = "expected and, or, a closing parenthesis" if "RPAR" in accepted else "expected and, or, the end"
    return Fault(column=position + 1, message=f"unexpected {found}", hint=hint)


def _word_at(text: str, position: int) -> str:
    end = position + 1
    while end < len(text) and text[position].isalnum() and text[end].isalnum():
        end += 1
    return text[position:end]


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Makes tests of one parsed selector's tree, noting faults on the way."""

    text: str
    vocabulary: Vocabulary
    names: tuple[str, ...]
    faults: list[Fault] = field(default_factory=list)

    def conjunct(self, tree: Tree[Token]) -> Conjunct:
        return Conjunct(text=self.text[tree.meta.start_pos : tree.meta.end_pos], test=self.test(tree))

    def test(self, tree: Tree[Token]) -> Test:
        parts = _trees(tree)
        tokens = [child for child in tree.children if isinstance(child, Token)]
        match tree.data:
            case "either":
                return _any_of([self.test(part) for part in parts])
            case "every":
                return _all_of([self.test(part) for part in parts])
            case "negated":
                return _negation(self.test(parts[0]))
            case "group":
                return self.test(parts[0])
            case "comparison":
                return self.term(tokens[0], str(tokens[1]), tokens[2:])
            case kind:
                return self.term(tokens[0], "=" if kind == "member" else "!=", tokens[1:])

    def term(self, name: Token, sign: str, values: list[Token]) -> Test:
        if name not in self.names:
            self.fault(name, f"unknown name '{name}'", did_you_mean(name, self.names))
            return _negation(_all_of([]))
        wanted = tuple(value[1:-1] if value.type == "STRING" else str(value) for value in values)
        versioned = any(name == axis.value for axis in VERSIONED)
        if sign in ORDERED and not versioned:
            self.fault(name, f"'{name}' has no order", "use = != in, or not in")
        else:
            known = [self.known(str(name), value, token, sign, versioned) for value, token in zip(wanted, values, strict=True)]
            if all(known):
                return _term(str(name), sign, wanted, versioned)
        return _negation(_all_of([]))

    def known(self, name: str, value: str, token: Token, sign: str, versioned: bool) -> bool:
        """Whether the value can be one of that name; notes the fault if it can't."""
        choices = self.vocabulary.get(name)
        if versioned:
            try:
                Version(value)
            except InvalidVersion:
                hint = f"write {value[:-2]}: it covers every {value}" if value.endswith(".*") else "such as 2.16 or 2.16.2"
                self.fault(token, f"{value!r} isn't a version", hint)
                return False
            if sign in ORDERED or choices is None or any(same_version(choice, value) for choice in choices):
                return True
            choices = tuple(dict.fromkeys([*choices, *(".".join(choice.split(".")[:2]) for choice in choices)]))
        elif choices is None or value in choices:
            return True
        self.fault(token, f"no {name} {value!r}", did_you_mean(value, choices))
        return False

    def fault(self, token: Token, message: str, hint: str) -> None:
        self.faults.append(Fault(column=(token.start_pos or 0) + 1, message=message, hint=hint))


def _trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _term(name: str, sign: str, wanted: tuple[str, ...], versioned: bool) -> Test:
    negated = sign == "!="

    def decide(value: str | None) -> bool:
        if sign in ORDERED:
            return value is not None and _compare(value, wanted[0], ORDERED[sign])
        if versioned:
            return (value is not None and any(same_version(value, one) for one in wanted)) != negated
        return (value in wanted) != negated

    if name == "cell":
        return lambda _axes, cell, _environment: decide(cell)
    if name == "environment":
        return lambda _axes, _cell, environment: decide(environment)
    return _remembered(operator.attrgetter(name), decide)


def _remembered(read: Callable[[Axes], object], decide: Callable[[str | None], bool]) -> Test:
    """Decide once for each value: a matrix has many cells and few values."""
    decided: dict[object, bool] = {}

    def test(axes: Axes, _cell: str, _environment: str) -> bool:
        value = read(axes)
        found = decided.get(value)
        if found is None:
            found = decide(value.value if isinstance(value, Enum) else None if value is None else str(value))
            decided[value] = found
        return found

    return test


def _all_of(tests: list[Test]) -> Test:
    return lambda axes, cell, environment: all(test(axes, cell, environment) for test in tests)


def _any_of(tests: list[Test]) -> Test:
    return lambda axes, cell, environment: any(test(axes, cell, environment) for test in tests)


def _negation(test: Test) -> Test:
    return lambda axes, cell, environment: not test(axes, cell, environment)
