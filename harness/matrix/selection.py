"""A user's selection as one selector: tier, `--select`, `--environment` and `--cell`, each a condition of its own.

Kept apart so that an error names the option that it was typed for, and `nearest` can drop one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.base.errors import Problem, SelectionError
from harness.base.suggestions import closest, did_you_mean
from harness.matrix.condition import Term
from harness.matrix.names import Context, ValueKind
from harness.matrix.selector import Conjunct, Selector, Vocabulary, compile_selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The options that a user typed. None and empty select everything."""

    tier: str | None = None
    select: str = ""
    environments: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The options beside the tier, in one line for people."""
        ids = [f"--environment {name}" for name in self.environments] + [f"--cell {name}" for name in self.cells]
        return " ".join([self.select.strip(), *ids]).strip()

    @property
    def option(self) -> str:
        """The option to name when nothing is selected; empty where several were used, or none but the tier."""
        used = [("--select", self.select.strip()), ("--environment", self.environments), ("--cell", self.cells)]
        names = [name for name, value in used if value]
        return names[0] if len(names) == 1 else ""


def compile_selection(selection: Selection, tier: Selector | None, vocabulary: Vocabulary) -> Selector:
    """Return the whole selection as one selector. `vocabulary` has the ids of environments, to find slips in them.

    Raises:
        SelectionError: every fault of the selector's text.
    """
    selector = compile_selector(selection.select, Context.PLAN, vocabulary)
    conjuncts = list(selector.conjuncts)
    if tier is not None:
        conjuncts.insert(0, Conjunct.of(f"--tier {selection.tier}", tier.condition))
    if selection.environments:
        conjuncts.append(_one_of("environment", selection.environments))
    if selection.cells:
        conjuncts.append(_one_of("cell", selection.cells))
    return Selector(text=selection.select, conjuncts=tuple(conjuncts))


def refuse_unknown(option: str, noun: str, ids: Iterable[str], choices: Sequence[str], hints: Sequence[str] = ()) -> None:
    """Raise SelectionError for ids that are not among the choices. `hints` are the choices to suggest, if not all of them."""
    allowed = frozenset(choices)
    problems = tuple(
        Problem(location=option, message=f"no {noun} {id_!r}", hint=did_you_mean(id_, hints or choices))
        for id_ in ids
        if id_ not in allowed
    )
    if problems:
        raise SelectionError.of(problems)


def environment_near(cell: str, environments: Sequence[str]) -> str | None:
    """Return the environment that an unknown cell id may refer to: one that the id begins with, or else the closest."""
    starts = [name for name in environments if cell.startswith(f"{name}--")]
    return max(starts, key=len) if starts else closest(cell.partition("--")[0], environments)


def _one_of(name: str, ids: tuple[str, ...]) -> Conjunct:
    return Conjunct.of(f"--{name}", Term(name=name, kind=ValueKind.TEXT, sign="=", values=ids))
