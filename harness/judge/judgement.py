"""Judge every case of a run: its outcome against the declaration that applies where it ran. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from harness.domain import Axis, Case, Declaration, Interface, Outcome
from harness.judge import facts as facts_of
from harness.judge.declarations import Declared, applying
from harness.judge.outcomes import CaseJudgement, CaseVerdict, Judgements, RecordId, judge_case, record_id
from harness.matrix.facts import Facts
from harness.results.format import CaseRecord
from harness.results.run import Run


def judge_run(run: Run, cases: Iterable[Case], declared: Declared, interfaces: Mapping[str, Interface]) -> Judgements:
    """Return the judgement on every case record of a run.

    Args:
        run: the run, with the environments of second opinions.
        cases: all cases as they are now; a case that is gone declares nothing.
        declared: the declarations of the cases, compiled.
        interfaces: the interface of each model, by its id.
    """
    environments = {record.id: facts_of.of_environment(record) for record in run.environments}
    wrong_ways = frozenset(case.id for case in cases if case.is_wrong_way)
    passed = _passed(run.cases)
    judgements: dict[RecordId, CaseJudgement] = {}
    for record in run.cases:
        facts = of_record(record, environments.get(record.environment, facts_of.NO_FACTS), interfaces)
        declaration = applying(declared.get(record.case, ()), facts)
        verdict = judge_case(record.outcome, record.failure, declaration)
        proven = _is_proven(declaration, record, passed) if declaration and declaration.proof else None
        is_known_failure = verdict is CaseVerdict.AS_DECLARED and record.case not in wrong_ways
        judgements[record_id(record)] = CaseJudgement(
            verdict=verdict, is_known_failure=is_known_failure, declaration=declaration, proven=proven
        )
    return judgements


def of_record(record: CaseRecord, environment: Facts, interfaces: Mapping[str, Interface]) -> Facts:
    """Return the facts that a declaration may ask about: of the environment, and of the axes that the case uses.

    Other axes have no value: a case that does not use the model was measured once for all models.
    """
    interface = interfaces.get(record.uses.get(Axis.MODEL.value, ""))
    facts = environment.also(
        {
            **{axis.value: record.uses.get(axis.value) for axis in (Axis.MODEL, Axis.FORMAT, Axis.DEVICE)},
            "interface": interface.value if interface else None,
            "variant": record.variant or None,
        }
    )
    return facts_of.with_companions(facts, record)


_Passed: TypeAlias = Mapping[tuple[str, str], Sequence[Mapping[str, str]]]
"""The axis values with which a case passed, by environment and case."""


def _passed(records: Sequence[CaseRecord]) -> _Passed:
    passed: defaultdict[tuple[str, str], list[Mapping[str, str]]] = defaultdict(list)
    for record in records:
        if record.outcome is Outcome.PASSED:
            passed[record.environment, record.case].append(record.uses)
    return passed


def _is_proven(declaration: Declaration, record: CaseRecord, passed: _Passed) -> bool:
    candidates = passed.get((record.environment, declaration.proof), ())
    return any(all(uses[axis] == record.uses[axis] for axis in uses.keys() & record.uses.keys()) for uses in candidates)
