"""The selector language: from text to conditions, and the faults of a text that isn't in it.

Names are those of the context (`harness.matrix.names`); `package(NAME)` takes the name of a package. Operators: `=` (or `==`),
`!=`, `<`, `<=`, `>`, `>=`, `in (a, b)`, `not in (a, b)`; `not`, `and`, `or`, parentheses, binding in that order. A value with
other characters is quoted. The report's page reads the same language: `harness/report/templates/selector.js`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from packaging.utils import canonicalize_name

from harness.base.suggestions import Fault, closest, did_you_mean
from harness.base.versions import ORDERED, is_version, same_version
from harness.matrix.condition import Condition, Either, Every, Negation, Term, is_at
from harness.matrix.names import NAMES, Context, Name, ValueKind, contexts_phrase, names_in

Vocabulary: TypeAlias = Mapping[str, tuple[str, ...]]
"""The values of a name. Of a name that isn't in it, those of the closed list that it has; else any value is taken."""

GRAMMAR = r"""
?start: either
?either: every ("or" every)*
?every: unit ("and" unit)*
?unit: "not" unit                                          -> negated
     | "(" either ")"                                      -> group
     | name COMPARE value                                  -> comparison
     | name "in" "(" value ("," value)* [","] ")"          -> member
     | name "not" "in" "(" value ("," value)* [","] ")"    -> stranger
name: WORD ["(" WORD ")"]
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
    ("WORD", "expected the name of a package"),
    ("LPAR", "expected values in parentheses: in (a, b)"),
    ("COMMA", "expected a comma or a closing parenthesis"),
    ("IN", "expected not in (a, b)"),
    ("RPAR", "expected and, or, a closing parenthesis"),
    ("$END", "expected and, or, the end"),
)
"""The hint for a syntax error: that of the first of these terminals that the parser would have accepted."""

HOLDS_NOT = Either(parts=())
"""Stands in for a part that has a fault; never tested, because a text with faults gives no conditions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One of the conditions that must all hold, with the text that it was read from."""

    text: str
    condition: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The clauses of a selector's text, or its faults."""

    clauses: tuple[Clause, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_clauses(text: str, context: Context, vocabulary: Vocabulary) -> Reading:
    """Read the clauses of a selector, or all of its faults. An empty text has no clauses."""
    if not text.strip():
        return Reading()
    reader = _Reader(text=text, context=context, names=names_in(context), vocabulary=vocabulary)
    try:
        tree = _parser().parse(text)
        clauses = tuple(reader.clause(part) for part in (_trees(tree) if tree.data == "every" else [tree]))
    except UnexpectedInput as error:
        return Reading(faults=(_syntax_fault(text, error),))
    except RecursionError:  # of the walk over the tree; lark's LALR parser keeps its own stack
        return Reading(faults=(Fault(column=1, message="selector is nested too deeply"),))
    if reader.faults:
        return Reading(faults=tuple(sorted(reader.faults, key=lambda fault: fault.column)))
    return Reading(clauses=clauses)


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _syntax_fault(text: str, error: UnexpectedInput) -> Fault:
    accepted = set(error.accepts if isinstance(error, UnexpectedToken) else getattr(error, "allowed", ()))
    at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    # lark's token for the end of the text has the position of the last token.
    at = getattr(error, "pos_in_stream", None)
    position = len(text.rstrip()) if at_end or at is None else int(at)
    if isinstance(error, UnexpectedCharacters) and text[position] in "\"'" and "STRING" in accepted:
        return Fault(column=position + 1, message="quote is never closed")
    unexpected = "end of selector" if position >= len(text.rstrip()) else repr(_word_at(text, position))
    hint = next((hint for terminal, hint in EXPECTED if terminal in accepted), "")
    if isinstance(error, UnexpectedCharacters) and not accepted & {"COMPARE", "NOT"}:
        hint = {"&": "write `and`", "|": "write `or`"}.get(text[position], "quote a value that holds it")
    return Fault(column=position + 1, message=f"unexpected {unexpected}", hint=hint)


def _word_at(text: str, position: int) -> str:
    end = position + 1
    while end < len(text) and text[position].isalnum() and text[end].isalnum():
        end += 1
    return text[position:end]


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Makes conditions of one parsed selector's tree, noting faults on the way."""

    text: str
    context: Context
    names: Mapping[str, Name]
    vocabulary: Vocabulary
    faults: list[Fault] = field(default_factory=list)

    def clause(self, tree: Tree[Token]) -> Clause:
        return Clause(text=self.text[tree.meta.start_pos : tree.meta.end_pos], condition=self.condition(tree))

    def condition(self, tree: Tree[Token]) -> Condition:
        parts = _trees(tree)
        tokens = _tokens(tree)
        match tree.data:
            case "either":
                return Either(parts=tuple(map(self.condition, parts)))
            case "every":
                return Every(parts=tuple(map(self.condition, parts)))
            case "negated":
                return Negation(part=self.condition(parts[0]))
            case "group":
                return self.condition(parts[0])
            case "comparison":
                return self.term(_tokens(parts[0]), str(tokens[0]), tokens[1:])
            case kind:
                return self.term(_tokens(parts[0]), "=" if kind == "member" else "!=", tokens)

    def term(self, name_tokens: list[Token], sign: str, value_tokens: list[Token]) -> Condition:
        name = self.name(*name_tokens)
        if name is None:
            return HOLDS_NOT
        if sign in ORDERED and name.kind is not ValueKind.VERSION:
            self.fault(name_tokens[0], f"'{name.spelling}' has no order", "use = != in, or not in")
            return HOLDS_NOT
        values = tuple(token[1:-1] if token.type == "STRING" else str(token) for token in value_tokens)
        for value, token in zip(values, value_tokens, strict=True):
            self.check(name, value, token, sign)
        term_name = f"{name.name}({canonicalize_name(name_tokens[1])})" if name.takes else name.name
        return Term(name=term_name, kind=name.kind, sign="=" if sign == "==" else sign, values=values)

    def name(self, token: Token, argument: Token | None = None) -> Name | None:
        """Return the name, or None after noting that there is no such name in this context."""
        name = self.names.get(token)
        if name is None:
            self.fault(token, *self._unknown(token))
        elif name.takes and argument is None:
            self.fault(token, f"'{token}' needs a name", f"write {token}(keras) for the package keras")
        elif argument is not None and not name.takes:
            self.fault(argument, f"'{token}' takes nothing in parentheses")
        else:
            return name
        return None

    def _unknown(self, word: str) -> tuple[str, str]:
        """Return the message for a name that this context doesn't have, and a hint: the near miss, or the contexts that have it."""
        near = closest(word, self.names)
        elsewhere = {name.name: name for name in NAMES}
        suggestion = word if word in elsewhere else None if near else closest(word, elsewhere)
        if suggestion is None:
            return f"unknown name '{word}'", did_you_mean(word, self.names)
        where = f"'{suggestion}' can be asked in {contexts_phrase(elsewhere[suggestion].contexts)}"
        if suggestion == word:
            return f"no name '{word}' in {self.context.phrase}", where
        return f"unknown name '{word}'", f"did you mean '{suggestion}'? {where}"

    def check(self, name: Name, value: str, token: Token, sign: str) -> None:
        """Note a fault if the value can't be one of that name."""
        choices = self.vocabulary.get(name.name, name.values)
        match name.kind:
            case ValueKind.VERSION:
                self._check_version(name, value, token, None if sign in ORDERED else choices)
            case ValueKind.TEXT | ValueKind.PATH:
                below = name.kind is ValueKind.PATH
                listed = choices is None or value in choices or value in name.always
                if choices is not None and not (listed or (below and any(is_at(choice, value) for choice in choices))):
                    self.fault(token, f"no {name.name} {value!r}", did_you_mean(value, choices))

    def _check_version(self, name: Name, value: str, token: Token, choices: tuple[str, ...] | None) -> None:
        if not is_version(value):
            hint = f"write {value[:-2]}: it covers every {value}" if value.endswith(".*") else "such as 2.16 or 2.16.2"
            self.fault(token, f"{value!r} isn't a version", hint)
        elif choices is not None and not any(same_version(choice, value) for choice in choices):
            minors = (".".join(choice.split(".")[:2]) for choice in choices)
            self.fault(token, f"no {name.name} {value!r}", did_you_mean(value, dict.fromkeys([*choices, *minors])))

    def fault(self, token: Token, message: str, hint: str = "") -> None:
        self.faults.append(Fault(column=(token.start_pos or 0) + 1, message=message, hint=hint))


def _trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _tokens(tree: Tree[Token]) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token)]
