"""The names that conditions may use: what each means, how its values compare, and where it can be asked.

The only list of them. The grammar, docs/selectors.md and the report's page read it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from harness.domain import AXES, NO_MODEL, Axis, AxisRow, Interface, Outcome, Status, Trouble, UserTask

INTERFACE = "interface"
"""The name that depends on the model alone, as an axis does."""


class Context(str, Enum):
    """The place of a condition, which decides what facts it can ask about."""

    PLAN = "plan"
    RULE = "rule"
    DECLARATION = "declaration"
    RESULT = "result"
    REPORTED = "reported"

    @property
    def phrase(self) -> str:
        """The context in words, to follow "in"."""
        return PHRASES[self]


PHRASES = {
    Context.PLAN: "plan, run and check",
    Context.RULE: "rules and tiers of matrix.yaml",
    Context.DECLARATION: "declared failures, claims and diagnoses",
    Context.RESULT: "results and the report's page",
    Context.REPORTED: "reproduce",
}


class ValueKind(str, Enum):
    """The ways in which the values of a name compare.

    `text`: the same or not. `version`: on as many parts as are given, and in order. `path`: the same, or something below it.
    """

    TEXT = "text"
    VERSION = "version"
    PATH = "path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name that conditions may use. `values` are all that it can have; None where matrix and results decide that.

    `always` are values that may be asked for although neither matrix nor results have them. `takes` is the argument in parentheses
    after the name: `package(NAME)`.
    """

    name: str
    meaning: str
    contexts: frozenset[Context]
    kind: ValueKind = ValueKind.TEXT
    values: tuple[str, ...] | None = None
    always: tuple[str, ...] = ()
    takes: str = ""

    @property
    def spelling(self) -> str:
        """The name as users write it, with its argument."""
        return f"{self.name}({self.takes})" if self.takes else self.name


def _values(enum: type[Enum]) -> tuple[str, ...]:
    return tuple(str(member.value) for member in enum)


_CELLS = frozenset({Context.PLAN, Context.RULE, Context.DECLARATION, Context.RESULT})
_IDS = frozenset({Context.PLAN, Context.RESULT})
_MEASURED = frozenset({Context.DECLARATION, Context.RESULT})
_RESULT = frozenset({Context.RESULT})
_REPORTED = frozenset({Context.REPORTED})

MEANINGS = {
    Axis.TENSORFLOW: "the release of TensorFlow",
    Axis.INSTALL: "how packages are chosen",
    Axis.KERAS: "which Keras tf.keras is",
    Axis.TEXT: "whether tensorflow-text is installed",
    Axis.MODEL: f"the model's id, such as bert-en/3; {NO_MODEL}: cells without a model",
    Axis.FORMAT: "how a Keras model is saved",
    Axis.DEVICE: "the device that programs are made for",
    Axis.PYTHON: "the interpreter that was taken; in a plan and in rules, the one that is pinned",
    Axis.HUB: "the tensorflow-hub that is installed; in a plan and in rules, the one that is pinned",
}
"""Of an axis that isn't here, its heading says what it means."""


def _of_axis(row: AxisRow) -> Name:
    return Name(
        name=row.name,
        meaning=MEANINGS.get(row.axis, row.heading),
        contexts=frozenset(Context) if row.axis is Axis.TENSORFLOW else _CELLS,
        kind=ValueKind.VERSION if row.versioned else ValueKind.TEXT,
        values=_values(row.values) if row.values is not None else None,
        always=(NO_MODEL,) if row.axis is Axis.MODEL else (),
    )


NAMES = (
    *map(_of_axis, AXES),
    Name(name=INTERFACE, meaning="how the model takes its inputs", contexts=_CELLS, values=_values(Interface)),
    Name(name="environment", meaning="the environment's id", contexts=_IDS),
    Name(name="cell", meaning="the cell's id", contexts=_IDS),
    Name(
        name="package",
        meaning="the version of a package that is installed; none where it isn't",
        contexts=_MEASURED,
        kind=ValueKind.VERSION,
        takes="NAME",
    ),
    Name(name="case", meaning="the case's id, or a folder or file of cases", contexts=_RESULT, kind=ValueKind.PATH),
    Name(name="variant", meaning="which variant of a parametrized case", contexts=_MEASURED),
    Name(
        name="task",
        meaning="the user's task that the case is a way to do",
        contexts=_RESULT,
        values=_values(UserTask),
    ),
    Name(name="outcome", meaning="what happened to the case", contexts=_RESULT, values=_values(Outcome)),
    Name(name="signature", meaning="the failure, by its class, words and place", contexts=_RESULT),
    Name(
        name="verdict",
        meaning="the verdict on the case, by its outcome and what it declares; or on a user's report, run again",
        contexts=_RESULT | _REPORTED,
    ),
    Name(name="status", meaning="how the cell ended", contexts=_RESULT, values=_values(Status)),
    Name(name="trouble", meaning="why the cell is unavailable", contexts=_RESULT, values=_values(Trouble)),
    Name(name="id", meaning="the id of a user's report", contexts=_REPORTED),
    Name(name="category", meaning="what a user's report is about", contexts=_REPORTED),
    Name(name="cannot", meaning="why a user's report can't be run here", contexts=_REPORTED),
)


def names_in(context: Context) -> dict[str, Name]:
    """Return the names that can be asked in a context."""
    return {name.name: name for name in NAMES if context in name.contexts}


def contexts_phrase(contexts: Iterable[Context]) -> str:
    """Return the contexts in words, to follow "in"."""
    return "; in ".join(context.phrase for context in Context if context in frozenset(contexts))
