"""The verdicts on a run's cases, as the report of that project would have them."""

from __future__ import annotations

from pathlib import Path

from harness import catalog
from harness.judge.declarations import compiled
from harness.judge.judgement import judge_run
from harness.judge.outcomes import record_id
from harness.matrix import load_spec
from harness.results.format import CaseRecord
from harness.results.run import Run


def verdicts(project: Path, run: Run) -> list[tuple[CaseRecord, str]]:
    """Return each case record of a run with the judge's verdict on it."""
    spec = load_spec(project / "matrix.yaml")
    cases = catalog.read_cases(project / "cases")
    judgements = judge_run(run, cases, compiled(cases, spec.vocabulary()), spec.interfaces())
    return [(record, judgements[record_id(record)].verdict.value) for record in run.cases]
