"""The selector language: grammar, comparison rules, and the faults of a text that isn't in it.

Names are the axes, `interface` (that of the model), `environment` and `cell`. Operators: `=` (or `==`), `!=`, `<`, `<=`, `>`,
`>=`, `in (a, b)`, `not in (a, b)`; `not`, `and`, `or`, parentheses, binding in that order. A value with other characters is
quoted.

`tensorflow`, `python` and `hub` compare as versions, by as many parts as the selector gives; see `harness.base.versions`. A cell
that pins no `python` or `hub` equals no version and is neither before nor after one. `!=` is the opposite of `=`, `not in`
that of `in`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import TypeAlias

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from harness.base.suggestions import Fault, did_you_mean
from harness.base.versions import ORDERED, in_order, is_version, same_version
from harness.domain import VERSIONED, Axes, Axis, Interface

Test: TypeAlias = Callable[[Axes, str, str], bool]
"""Of axes, cell id and environment id."""

Vocabulary: TypeAlias = Mapping[str, tuple[str, ...]]
"""The values of a name, which is an axis or `environment`; values of a name that isn't there are not checked."""

Interfaces: TypeAlias = Mapping[str, Interface]
"""The interface of each model, by its id."""

INTERFACE = "interface"
NAMES = (*(axis.value for axis in Axis), "environment", "cell")
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

EXPECTED = (
    ("COMPARE", "expected = != < <= > >= in, or not in"),
    ("NOT", "expected a condition such as tensorflow>=2.16"),
    ("STRING", "expected a value"),
    ("LPAR", "expected values in parentheses: in (a, b)"),
    ("COMMA", "expected a comma or a closing parenthesis"),
    ("IN", "expected not in (a, b)"),
    ("RPAR", "expected and, or, a closing parenthesis"),
    ("$END", "expected and, or, the end"),
)
"""What to say is expected, by the first of these terminals that the parser would accept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conjunct:
    """One of the conditions that must all hold, the text it was read from, and the names in it."""

    text: str
    test: Test
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What was read from a selector's text: either its conjuncts or its faults."""

    conjuncts: tuple[Conjunct, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_conditions(
    text: str, vocabulary: Vocabulary, interfaces: Interfaces | None = None, names: tuple[str, ...] = NAMES
) -> Conditions:
    """The conditions of a selector, or everything that is wrong with it.

    `names` are those that may be used, with `interface` among them unless the interfaces are None: not known here.
    """
    if not text.strip():
        return Conditions()
    if interfaces is not None:
        vocabulary = {**vocabulary, INTERFACE: tuple(one.value for one in Interface)}
        names = (*names, INTERFACE)
    reader = _Reader(text=text, vocabulary=vocabulary, names=names, interfaces=interfaces or {})
    try:
        tree = _parser().parse(text)
        conjuncts = tuple(reader.conjunct(part) for part in (_trees(tree) if tree.data == "every" else [tree]))
    except UnexpectedInput as error:
        return Conditions(faults=(_syntax_fault(text, error),))
    except RecursionError:
        return Conditions(faults=(Fault(column=1, message="selector is nested too deeply"),))
    if reader.faults:
        return Conditions(faults=tuple(sorted(reader.faults, key=lambda fault: fault.column)))
    return Conditions(conjuncts=conjuncts)


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _syntax_fault(text: str, error: UnexpectedInput) -> Fault:
    accepted = set(error.accepts if isinstance(error, UnexpectedToken) else getattr(error, "allowed", ()))
    at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    at = getattr(error, "pos_in_stream", None)
    position = len(text.rstrip()) if at_end or at is None else int(at)
    if isinstance(error, UnexpectedCharacters) and text[position] in "\"'" and "STRING" in accepted:
        return Fault(column=position + 1, message="quote is never closed")
    found = "end of selector" if position >= len(text.rstrip()) else repr(_word_at(text, position))
    hint = next((hint for terminal, hint in EXPECTED if terminal in accepted), "")
    if isinstance(error, UnexpectedCharacters) and not accepted & {"COMPARE", "NOT"}:
        hint = {"&": "write `and`", "|": "write `or`"}.get(text[position], "quote a value that holds it")
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
    interfaces: Interfaces
    faults: list[Fault] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def conjunct(self, tree: Tree[Token]) -> Conjunct:
        self.used = set()
        test = self.test(tree)
        return Conjunct(text=self.text[tree.meta.start_pos : tree.meta.end_pos], test=test, names=frozenset(self.used))

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
        self.used.add(str(name))
        wanted = tuple(value[1:-1] if value.type == "STRING" else str(value) for value in values)
        versioned = any(name == axis.value for axis in VERSIONED)
        if sign in ORDERED and not versioned:
            self.fault(name, f"'{name}' has no order", "use = != in, or not in")
        else:
            known = [self.known(str(name), value, token, sign, versioned) for value, token in zip(wanted, values, strict=True)]
            if all(known):
                return _term(str(name), sign, wanted, versioned, self.interfaces)
        return _negation(_all_of([]))

    def known(self, name: str, value: str, token: Token, sign: str, versioned: bool) -> bool:
        """Whether the value can be one of that name; notes the fault if it can't."""
        choices = self.vocabulary.get(name)
        if versioned:
            if not is_version(value):
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


def _term(name: str, sign: str, wanted: tuple[str, ...], versioned: bool, interfaces: Interfaces) -> Test:
    negated = sign == "!="

    def decide(value: str | None) -> bool:
        if sign in ORDERED:
            return value is not None and in_order(value, sign, wanted[0])
        if versioned:
            return (value is not None and any(same_version(value, one) for one in wanted)) != negated
        return (value in wanted) != negated

    if name == "cell":
        return lambda _axes, cell, _environment: decide(cell)
    if name == "environment":
        return lambda _axes, _cell, environment: decide(environment)
    if name == INTERFACE:
        chosen = {model for model, interface in interfaces.items() if decide(interface.value)}
        return lambda axes, _cell, _environment: axes.model in chosen
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
