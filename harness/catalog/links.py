"""Check the references between cases, once all of them are read: proofs, stand-ins, prerequisites, tasks. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from harness.base.errors import Problem
from harness.base.suggestions import did_you_mean
from harness.domain import MEASURED_WITHOUT_A_CASE, Case, UserTask

WITHOUT_A_CASE = frozenset({"eager execution", "graph execution"})
"""Prerequisites that a program chooses, and that can't be missing."""


def problems(cases: Sequence[Case]) -> tuple[Problem, ...]:
    """Return every wrong reference between cases, in the order of the cases."""
    return (*_names(cases), *_prerequisites(cases))


def missing_tasks(cases: Iterable[Case]) -> tuple[UserTask, ...]:
    """Return the tasks that a case has to do and none does."""
    tasks = {case.way.task for case in cases if case.way}
    return tuple(task for task in UserTask if task not in MEASURED_WITHOUT_A_CASE and task not in tasks)


def _names(cases: Sequence[Case]) -> Iterator[Problem]:
    ids = frozenset(case.id for case in cases)
    for case in cases:
        for declaration in case.declarations:
            if declaration.proof and declaration.proof not in ids:
                yield _unknown(declaration.location, "proof", declaration.proof, ids)
            if declaration.proof == case.id:
                yield Problem(location=declaration.location, message="a case can't be the proof of its own remedy")
        if case.way and case.way.instead_of and case.way.instead_of not in ids:
            yield _unknown(case.way.location, "instead_of", case.way.instead_of, ids)


def _unknown(location: str, argument: str, name: str, ids: Iterable[str]) -> Problem:
    return Problem(location=location, message=f"{argument}: no case {name!r}", hint=did_you_mean(name, ids))


def _prerequisites(cases: Sequence[Case]) -> Iterator[Problem]:
    """Yield a problem for each prerequisite that no case, or more than one, is run without: a reader has to find that once."""
    locations_by_text: defaultdict[str, list[str]] = defaultdict(list)
    for case in cases:
        for prerequisite in case.lacks:
            locations_by_text[prerequisite.text].append(prerequisite.location)
    for text, locations in locations_by_text.items():
        for location in locations[1:]:
            yield Problem(location=location, message=f"another case lacks {text!r} already", hint=f"in {locations[0]}")
    reported: set[str] = set()
    for case in cases:
        for prerequisite in case.needs:
            if prerequisite.text not in locations_by_text and prerequisite.text not in reported | WITHOUT_A_CASE:
                reported.add(prerequisite.text)
                message = f"no case shows what a user sees without {prerequisite.text!r}"
                yield Problem(location=prerequisite.location, message=message, hint=f'mark one with lacks("{prerequisite.text}")')
