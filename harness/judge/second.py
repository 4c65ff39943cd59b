"""Second opinions on an older Python: choose the failures that need one, and judge what came of it. Pure.

The verdict on a case, or on a cell, is that of the first opinion, whatever the second says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from harness.domain import Axes, Case, Interface, Outcome, Status
from harness.judge.declarations import Declared
from harness.judge.judgement import judge_run
from harness.judge.outcomes import SILENT, SURPRISES, CaseVerdict, Judgements, RecordId, judgement_of, record_id
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord, FailureRecord
from harness.results.run import Run

FAILURES = SURPRISES - {CaseVerdict.PASSED_UNEXPECTEDLY}
"""Verdicts on failures other than the declared one."""


class SecondVerdict(str, Enum):
    """Fate on the older Python of a failure on the newer one."""

    PASSES = "passes"
    FAILS_THE_SAME = "fails_the_same"
    FAILS_AS_DECLARED = "fails_as_declared"
    FAILS_OTHERWISE = "fails_otherwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """A failure on the newest Python, tried on an older one. `first` and `second` are their versions: `3.12.8`, `3.11.11`."""

    first: str
    second: str
    verdict: SecondVerdict


def surprising_failures(
    cases: Sequence[Case], declared: Declared, interfaces: Mapping[str, Interface]
) -> Callable[[Run], frozenset[str]]:
    """Return a function that returns the keys of the cases of a run that failed, but not as they declare for where they ran.

    Args:
        cases: those that were run.
        declared: the declarations of the cases, compiled.
        interfaces: the interface of each model, by its id.
    """

    def keys(run: Run) -> frozenset[str]:
        judgements = judge_run(run, cases, declared, interfaces)
        return frozenset(record.key for record in run.cases if judgement_of(judgements, record).verdict in FAILURES)

    return keys


def opinions_on_environments(run: Run) -> Mapping[str, SecondOpinion]:
    """Return the second opinion on each environment that doesn't install or import, by the id of the first.

    Args:
        run: the run, with the environments of second opinions.
    """
    environments = {record.id: record for record in run.environments}
    opinions = {}
    for second in environments.values():
        first = environments.get(second.second_opinion_on or "")
        verdict = _on_environment(first, second) if first else None
        if first and verdict and first.python and second.python:
            opinions[first.id] = SecondOpinion(first=first.python, second=second.python, verdict=verdict)
    return opinions


def opinions_on_cases(run: Run, judgements: Judgements) -> Mapping[RecordId, SecondOpinion]:
    """Return the second opinion on each case record that failed undeclared.

    Args:
        run: the run, with the environments of second opinions.
        judgements: the verdict on each record, those of second opinions included.
    """
    pythons = {record.id: record.python for record in run.environments}
    records: defaultdict[tuple[str, str], list[CaseRecord]] = defaultdict(list)
    for record in run.cases:
        records[record.key, record.case].append(record)
    opinions: dict[RecordId, SecondOpinion] = {}
    for case, key, second_key in _pairs(run):
        variants = {record.variant: record for record in records[second_key, case]}
        for first in records[key, case]:
            second = variants.get(first.variant)
            verdict = _on_case(first, second, judgements) if second else None
            python, older = pythons.get(first.environment), pythons.get(second.environment) if second else None
            if verdict and python and older:
                opinions.setdefault(record_id(first), SecondOpinion(first=python, second=older, verdict=verdict))
    return opinions


def _pairs(run: Run) -> Iterator[tuple[str, str, str]]:
    """Yield each case that bears on a cell of both opinions, with its key in the first and its key in the second.

    Paired by cells, which have the same axes but for the Python: records of cases are shared by all environments that have the
    same packages, so the environment that a record names may be another one.
    """
    bases = {record.id: record.second_opinion_on for record in run.environments if record.second_opinion_on}
    seconds = {(bases[cell.environment], _but_python(cell.axes)): cell for cell in run.cells if cell.environment in bases}
    for cell in run.cells:
        second = seconds.get((cell.environment, _but_python(cell.axes)))
        keys = _keys(second) if second else {}
        for case, key in _keys(cell).items():
            if case in keys:
                yield case, key, keys[case]


def _but_python(axes: Axes) -> Axes:
    return replace(axes, python=None)


def _keys(cell: CellRecord) -> dict[str, str]:
    return {ref.case: ref.key for ref in cell.cases if ref.key is not None}


def _on_case(first: CaseRecord, second: CaseRecord, judgements: Judgements) -> SecondVerdict | None:
    """Return the second verdict; None if the first passed or failed as declared, or if the second is silent."""
    verdict = judgement_of(judgements, second).verdict
    if judgement_of(judgements, first).verdict not in FAILURES or verdict in SILENT:
        return None
    if second.outcome is Outcome.PASSED:
        return SecondVerdict.PASSES
    if verdict is CaseVerdict.AS_DECLARED:
        return SecondVerdict.FAILS_AS_DECLARED
    return _failing(first.failure, second.failure)


def _on_environment(first: EnvironmentRecord, second: EnvironmentRecord) -> SecondVerdict | None:
    silent = Status.UNAVAILABLE
    if first.status is Status.COMPLETED or silent in (first.status, second.status):
        return None
    return SecondVerdict.PASSES if second.status is Status.COMPLETED else _failing(first.failure, second.failure)


def _failing(first: FailureRecord | None, second: FailureRecord | None) -> SecondVerdict:
    same = first is not None and second is not None and first.signature == second.signature
    return SecondVerdict.FAILS_THE_SAME if same else SecondVerdict.FAILS_OTHERWISE
