"""Small runs made by hand: a builder whose defaults are a run that works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import pytest
from pydantic import TypeAdapter

from harness.domain import Axes, Cell, Outcome, Status
from harness.judge.claims import Finding
from harness.judge.outcomes import CaseJudgement, CaseVerdict, RecordId, record_id
from harness.report.view import View, view
from harness.results.format import CaseRecord, CaseRef, CellRecord, EnvironmentRecord, FailureRecord, Footer, Header, Host, Package
from harness.results.run import Run

NOON = "2026-11-20T12:00:00+00:00"
DEFAULTS = {
    "tensorflow": "2.15.1",
    "install": "as-released",
    "keras": "default",
    "text": "without",
    "model": "bert-en/3",
    "format": "h5",
    "device": "cpu",
}
AXES = TypeAdapter(Axes)


OUTCOMES = {
    CaseVerdict.AS_DECLARED: Outcome.FAILED,
    CaseVerdict.FAILED_OTHERWISE: Outcome.FAILED,
    CaseVerdict.PASSED_UNEXPECTEDLY: Outcome.PASSED,
}


class Records:
    """Gathers records, then gives a run. Ids are made from the place in the run, never from the axes."""

    def __init__(self) -> None:
        self.environments: dict[tuple[str, str, str, str], EnvironmentRecord] = {}
        self.cases: list[CaseRecord] = []
        self.cells: list[CellRecord] = []
        self.judgements: dict[RecordId, CaseJudgement] = {}

    def environment(self, axes: Axes, **values: Any) -> EnvironmentRecord:
        """The environment of these axes; made at the first call."""
        key = axes.tensorflow, axes.install.value, axes.keras.value, axes.text.value
        if key not in self.environments:
            known = {
                "requirements": (f"tensorflow=={axes.tensorflow}", "tensorflow-hub"),
                "python": "3.11.11",
                "locked_on": "2026-11-20",
                "lock": "ab" * 32,
                "packages": (Package(name="tensorflow", version=axes.tensorflow), Package(name="numpy", version="1.26.4")),
                "status": Status.COMPLETED,
                "recorded": NOON,
            }
            self.environments[key] = EnvironmentRecord(
                id=f"env-{len(self.environments)}",
                tensorflow=axes.tensorflow,
                install=axes.install,
                keras=axes.keras,
                text=axes.text,
                **(known | values),
            )
        return self.environments[key]

    def case(self, cell: str, environment: str, verdict: CaseVerdict, **values: Any) -> CaseRef:
        """Add a measured case that is judged so, under a key of its own unless one is given."""
        known = {
            "key": f"key-{len(self.cases)}",
            "case": f"test_{len(self.cases)}",
            "uses": {"model": DEFAULTS["model"]},
            "seconds": 0.5,
            "run": "r",
            "recorded": NOON,
        }
        verdict = CaseVerdict(verdict.value)
        record = CaseRecord(environment=environment, cell=cell, outcome=OUTCOMES.get(verdict, verdict.value), **(known | values))
        self.cases.append(record)
        self.judgements[record_id(record)] = CaseJudgement(verdict=verdict)
        return CaseRef(case=record.case, key=record.key)

    def cell(self, *verdicts: CaseVerdict, status: Status = Status.COMPLETED, environment: Any = None, **values: Any) -> CellRecord:
        """One more cell. `environment` are values for its environment; axes and other fields go by name."""
        axes = AXES.validate_python({name: values.pop(name, value) for name, value in DEFAULTS.items()} | values.pop("pins", {}))
        home = self.environment(axes, **(environment or {}))
        name = f"cell-{len(self.cells)}"
        refs = values.pop("refs", ()) + tuple(self.case(name, home.id, verdict) for verdict in verdicts)
        record = CellRecord(id=name, axes=axes, environment=home.id, status=status, cases=refs, **({"recorded": NOON} | values))
        self.cells.append(record)
        return record

    def second(
        self,
        first: CellRecord,
        *verdicts: CaseVerdict,
        python: str = "3.10.14",
        failures: Sequence[FailureRecord | None] = (),
        **environment: Any,
    ) -> EnvironmentRecord:
        """Add the second opinion on a cell: its cases in their order, judged so, in its environment on an older Python."""
        base = next(record for record in self.environments.values() if record.id == first.environment)
        known = {
            "id": f"{base.id}-old",
            "python": python,
            "second_opinion_on": base.id,
            "status": Status.COMPLETED,
            "failure": None,
        }
        record = base.model_copy(update=known | environment)
        name = f"{first.id}-old"
        refs = tuple(
            self.case(name, record.id, verdict, case=ref.case, failure=failure)
            for ref, verdict, failure in zip_longest(first.cases[: len(verdicts)], verdicts, failures)
        )
        self.environments[record.id, "", "", ""] = record
        axes = replace(first.axes, python=python.rpartition(".")[0])
        self.cells.append(first.model_copy(update={"id": name, "axes": axes, "environment": record.id, "cases": refs}))
        return record

    def view(
        self,
        titles: Mapping[str, str],
        cells: Iterable[Cell] = (),
        findings: Sequence[Finding] = (),
        *,
        planned: int | None = None,
        footer: bool = True,
    ) -> View:
        """Return the view of the run, judged as its cases were said to be."""
        return view(self.run(planned=planned, footer=footer), titles, cells, findings, self.judgements)

    def run(self, *, planned: int | None = None, footer: bool = True) -> Run:
        """The run; planned as recorded unless told otherwise."""
        host = Host(system="Linux", machine="x86_64", python="3.11.11", cores=2, memory_bytes=8 << 30)
        count = len(self.cells) if planned is None else planned
        return Run(
            header=Header(run="r", started=NOON, hubmatrix="0", tier="quick", selection="", planned_cells=count, host=host),
            environments=tuple(self.environments.values()),
            cases=tuple(self.cases),
            cells=tuple(self.cells),
            footer=Footer(finished=NOON, interrupted=False, records=0) if footer else None,
        )


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def every(records: Records) -> Records:
    """One cell of every sort: each verdict, each stage of failure, shared, reused and missing cases."""
    passed, failed, declared = CaseVerdict.PASSED, CaseVerdict.FAILED, CaseVerdict.AS_DECLARED
    first = records.cell(passed, passed)
    records.cell(passed, device="xla-cpu", refs=(first.cases[0],))
    records.cell(passed, declared, format="keras")
    records.cell(passed, failed, format="savedmodel")
    records.cell(passed, CaseVerdict.PASSED_UNEXPECTEDLY, format="savedmodel", device="xla-cpu")
    records.cell(failed, CaseVerdict.ERROR, tensorflow="2.9.3")
    records.cell(declared, tensorflow="2.9.3", device="xla-cpu")
    records.cell(CaseVerdict.CRASHED, tensorflow="2.9.3", format="keras")
    records.cell(CaseVerdict.TIMED_OUT, tensorflow="2.9.3", format="keras", device="xla-cpu")
    records.cell(CaseVerdict.SKIPPED, tensorflow="2.9.3", format="savedmodel")
    records.cell(passed, tensorflow="2.9.3", format="savedmodel", device="xla-cpu", refs=(CaseRef(case="test_late", key=None),))
    for tensorflow, status in (("2.10.1", Status.LOCK_FAILED), ("2.11.1", Status.INSTALL_FAILED), ("2.12.1", Status.IMPORT_FAILED)):
        broken = {"status": status, "message": f"{status.value} said why", "evidence": "Traceback\nlast line"}
        records.cell(
            tensorflow=tensorflow, install="today", status=status, environment=broken, refs=(CaseRef(case="test_0", key=None),)
        )
    records.cell(passed, tensorflow="2.13.1", status=Status.CRASHED, message="SIGSEGV at exit")
    records.cell(tensorflow="2.14.1", status=Status.TIMED_OUT, message="no event for 60 s")
    trouble = {"status": Status.UNAVAILABLE, "trouble": "interpreter", "message": "no CPython 3.6 here", "python": None}
    records.cell(tensorflow="2.0.4", status=Status.UNAVAILABLE, trouble="interpreter", environment=trouble)
    records.cell(passed, model="electra/2", keras="legacy", reused=True)
    plain = records.case("cell-18", "env-0", passed, case="cases/saving/test_plain.py::test_plain", uses={"format": "h5"})
    records.cell(model="", refs=(plain,))
    return records
