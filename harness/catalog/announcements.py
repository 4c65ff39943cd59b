"""Read the marks `declared`, `needs`, `lacks` and `task` of a case from its syntax tree.

Checks the arguments of each mark alone. Conditions stay text: the judge compiles them, with the facts that they may ask about.
`harness.catalog.links` checks that what they name exists, once all cases are read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.base.suggestions import did_you_mean
from harness.catalog.source import Unreadable, dotted, literal
from harness.domain import MEASURED_WITHOUT_A_CASE, Declaration, Prerequisite, UserTask, Way

JUDGED_AFTERWARDS = ("declared", "task")
"""Marks that say what an outcome means. They don't decide the outcome, so they are left out of a case's digest."""
PREREQUISITES = ("needs", "lacks")
REQUIRED = ("raises", "match", "instead")
OPTIONAL = ("when", "until", "proof", "link")
MATCHES_ANYTHING = frozenset({"", ".*", ".+", ".", "^", "$"})
HINT = 'declared(raises="ValueError", match=r"...", instead="...")'


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcements:
    """The announcements of a function, of its class and of its module together."""

    declarations: tuple[Declaration, ...] = ()
    needs: tuple[Prerequisite, ...] = ()
    lacks: tuple[Prerequisite, ...] = ()
    way: Way | None = None

    def below(self, outer: Announcements) -> Announcements:
        """Add those of the class or module around these. The outer declarations come last, so that the nearest applies first."""
        return Announcements(
            declarations=(*self.declarations, *outer.declarations),
            needs=(*outer.needs, *self.needs),
            lacks=(*outer.lacks, *self.lacks),
            way=self.way or outer.way,
        )


def mark_name(expression: ast.expr) -> str:
    """Return the name of a mark, such as `declared` for `pytest.mark.declared(...)`; "" for another decorator."""
    parts = dotted(expression.func if isinstance(expression, ast.Call) else expression).split(".")
    return parts[-1] if len(parts) > 1 and parts[-2] == "mark" else ""


def read_announcement(expression: ast.expr, file: str) -> Announcements:
    """Read one mark; marks of other kinds announce nothing. Raises Unreadable for wrong arguments."""
    name = mark_name(expression)
    if name not in (*JUDGED_AFTERWARDS, *PREREQUISITES):
        return Announcements()
    if not isinstance(expression, ast.Call):
        raise Unreadable(expression, f"mark {name!r} needs arguments")
    location = f"{file}:{expression.lineno}:{expression.col_offset + 1}"
    match name:
        case "declared":
            return Announcements(declarations=(_declaration(expression, location),))
        case "task":
            return Announcements(way=_way(expression, location))
        case "needs":
            return Announcements(needs=_prerequisites(expression, location))
        case _:
            return Announcements(lacks=_prerequisites(expression, location))


def _declaration(call: ast.Call, location: str) -> Declaration:
    if call.args:
        raise Unreadable(call.args[0], "mark 'declared' takes names only", HINT)
    values = _keywords(call, "declared", (*REQUIRED, *OPTIONAL))
    for name in REQUIRED:
        if name not in values:
            raise Unreadable(call, f"mark 'declared' has no {name!r}", HINT)
    texts = {name: _text(node, name) for name, node in values.items() if name != "raises"}
    _check_words(values["match"], texts["match"])
    if not texts["instead"].strip():
        raise Unreadable(values["instead"], "'instead' is empty", "say what a reader does instead")
    return Declaration(raises=_classes(values["raises"]), location=location, **texts)


def _check_words(node: ast.expr, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise Unreadable(node, f"{pattern!r} isn't a regular expression: {error}") from None
    if pattern.strip() in MATCHES_ANYTHING:
        raise Unreadable(node, f"{pattern!r} matches any failure", "give the words that tell this failure from others")


def _classes(node: ast.expr) -> tuple[str, ...]:
    value = literal(node)
    names = value if isinstance(value, (tuple, list)) else (value,)
    if not names or not all(isinstance(name, str) and name.isidentifier() for name in names):
        hint = 'write class names as texts, without their modules: "ValueError", or a tuple of them'
        raise Unreadable(node, f"`{ast.unparse(node)}` isn't the name of an exception", hint)
    if any(name in ("Exception", "BaseException", "object") for name in names):
        raise Unreadable(node, "'Exception' is any failure", "name the class that was seen")
    return tuple(names)


def _way(call: ast.Call, location: str) -> Way:
    tasks = [task.value for task in UserTask if task not in MEASURED_WITHOUT_A_CASE]
    if len(call.args) != 1:
        raise Unreadable(call, "mark 'task' takes the name of one task", 'task("load")')
    name = _text(call.args[0], "task")
    if name not in tasks:
        raise Unreadable(call.args[0], f"no task {name!r}", did_you_mean(name, tasks))
    values = _keywords(call, "task", ("instead_of",))
    stands_in_for = _text(values["instead_of"], "instead_of") if "instead_of" in values else ""
    return Way(task=UserTask(name), instead_of=stands_in_for, location=location)


def _prerequisites(call: ast.Call, location: str) -> tuple[Prerequisite, ...]:
    name = mark_name(call)
    if call.keywords or not call.args:
        raise Unreadable(call, f"mark {name!r} takes texts", f'{name}("tf.keras.layers.TFSMLayer")')
    return tuple(Prerequisite(text=_text(node, name), location=location) for node in call.args)


def _keywords(call: ast.Call, mark: str, names: tuple[str, ...]) -> Mapping[str, ast.expr]:
    for keyword in call.keywords:
        if keyword.arg not in names:
            argument = keyword.arg or "**"
            raise Unreadable(keyword.value, f"mark {mark!r} has no argument {argument!r}", did_you_mean(argument, names))
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def _text(node: ast.expr, name: str) -> str:
    value = literal(node)
    if not isinstance(value, str):
        raise Unreadable(node, f"`{ast.unparse(node)}` isn't a literal text", f"write the text of {name!r} in the mark itself")
    return value
