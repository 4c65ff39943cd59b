"""The bookkeeping of a group: each cell is recorded once, after every case that it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.base.workspace import Workspace
from harness.domain import Axis, Companion, Device, Outcome, SaveFormat, Status, Trouble
from harness.environments.companions import CompanionFolder
from harness.environments.uv import Failure
from harness.environments.venv import Venv
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord, Package
from harness.run.assign import COMPLETED, CellEnd, CellJob, assign, without_known
from harness.run.attempts import Finished
from harness.run.groups import EnvironmentGroup
from harness.run.installed import Installed
from harness.run.ledger import Ledger

BESIDE = CompanionFolder(path=Path("/project/.hubmatrix/companions/2e"), version="4.39.2")
OFFLINE = Failure(status=Status.UNAVAILABLE, trouble=Trouble.NETWORK, message="Connection refused", evidence="")


class Kept:
    """A sink that keeps what it is given, in order."""

    def __init__(self) -> None:
        self.records: list[EnvironmentRecord | CaseRecord | CellRecord] = []

    def write(self, record: EnvironmentRecord | CaseRecord | CellRecord) -> None:
        self.records.append(record)

    @property
    def cells(self) -> dict[str, CellRecord]:
        cells = [one for one in self.records if isinstance(one, CellRecord)]
        assert len({one.id for one in cells}) == len(cells), "a cell was recorded twice"
        return {one.id: one for one in cells}

    @property
    def cases(self) -> list[str]:
        return [one.key for one in self.records if isinstance(one, CaseRecord)]


def jobs(make: Any, axes: list[dict[str, Any]], uses: list[frozenset[Axis]], known: Any = ()) -> tuple[CellJob, ...]:
    cells = [make.cell(f"cell-{number}", **one) for number, one in enumerate(axes)]
    cases = [make.case(f"t{number}", uses=one | {Axis.MODEL}) for number, one in enumerate(uses)]
    assigned = assign(cells, cases, {"bert-en/3": make.model()}, lambda case, uses, _model: f"{case.id}{sorted(uses.items())}")
    return without_known(assigned, known)


def open_ledger(make: Any, listed: tuple[CellJob, ...], ends: Any = None, root: Path = Path("/project")) -> tuple[Ledger, Kept]:
    kept = Kept()
    group = EnvironmentGroup(identity=make.identity(), requests=(make.request(),), jobs=listed, ends=ends or {})
    return Ledger(group=group, settings=make.settings(root), sink=kept), kept  # type: ignore[arg-type]


def finished(task: Any, outcome: Outcome = Outcome.PASSED, **values: Any) -> Finished:
    known = {"variant": "", "seconds": 0.1, "message": "", "evidence": ""}
    return Finished(keyed=task, outcome=outcome, **(known | values))


AXES = st.lists(
    st.fixed_dictionaries({"format": st.sampled_from(SaveFormat), "device": st.sampled_from(Device)}),
    unique_by=lambda one: tuple(one.values()),
    max_size=6,
)
USES = st.lists(st.frozensets(st.sampled_from([Axis.FORMAT, Axis.DEVICE])), max_size=4)
ENDS = [
    COMPLETED,
    CellEnd(status=Status.CRASHED, message="SIGSEGV outside any case"),
    CellEnd(status=Status.UNAVAILABLE, trouble=Trouble.KILLED, message="killed"),
]


@given(data=st.data())
def test_a_cell_is_recorded_once_and_after_all_cases_it_refers_to(data: st.DataObject, make: Any) -> None:
    axes, uses = data.draw(AXES), data.draw(USES)
    every = sorted({ref.key or "" for job in jobs(make, axes, uses) for ref in job.refs})
    known = data.draw(st.sets(st.sampled_from(every))) if every else set()
    listed = jobs(make, axes, uses, known)
    dying = data.draw(st.sets(st.sampled_from([job.cell.id for job in listed]))) if listed else set()
    ends = {task.key: ENDS[1] for job in listed if job.cell.id in dying for task in job.cases}
    ledger, kept = open_ledger(make, listed, ends)

    ledger.settle_idle()
    settled: dict[str, CellEnd] = dict(ends)
    for job in data.draw(st.permutations([job for job in listed if not job.idle(ends)])):
        end = data.draw(st.sampled_from(ENDS))
        told = job.cases if end is COMPLETED else data.draw(st.lists(st.sampled_from(job.cases), unique_by=lambda one: one.key))
        for task in told:
            ledger.case(job, finished(task))
        ledger.end(job, end)
        settled |= {task.key: end for task in job.cases}

    assert set(kept.cells) == {job.cell.id for job in listed}
    for job in listed:
        record = kept.cells[job.cell.id]
        bad = [settled[ref.key or ""] for ref in job.refs if settled.get(ref.key or "", COMPLETED) is not COMPLETED]
        assert record.status is (bad[0].status if bad else Status.COMPLETED)
        before = kept.records[: kept.records.index(record)]
        measured = {one.key for one in before if isinstance(one, CaseRecord)} | known
        if not bad:
            assert {ref.key for ref in record.cases} <= measured
        later = {one.key for one in kept.records[len(before) :] if isinstance(one, CaseRecord)}
        assert not later & {ref.key for ref in record.cases}


def test_a_cell_waits_for_a_case_that_another_cell_runs(make: Any) -> None:
    first, second = listed = jobs(
        make, [{"format": SaveFormat.H5}, {"format": SaveFormat.KERAS}], [frozenset(), frozenset({Axis.FORMAT})]
    )
    ledger, kept = open_ledger(make, listed)
    ledger.settle_idle()
    ledger.case(second, finished(second.cases[0]))
    ledger.end(second, COMPLETED)
    assert kept.cells == {}
    for task in first.cases:
        ledger.case(first, finished(task))
    ledger.end(first, COMPLETED)
    assert set(kept.cells) == {"cell-0", "cell-1"}


def test_cells_whose_cases_are_all_known_are_reused_at_once(make: Any) -> None:
    axes: list[dict[str, Any]] = [{"format": SaveFormat.H5}, {"format": SaveFormat.KERAS}]
    uses = [frozenset({Axis.FORMAT})]
    listed = jobs(make, axes, uses, {ref.key for ref in jobs(make, axes, uses)[0].refs})
    ledger, kept = open_ledger(make, listed)
    ledger.settle_idle()
    assert {name: (one.status, one.reused) for name, one in kept.cells.items()} == {"cell-0": (Status.COMPLETED, True)}


def test_a_refused_environment_gives_its_status_to_every_cell(make: Any) -> None:
    listed = jobs(make, [{"format": SaveFormat.H5}, {"format": SaveFormat.KERAS}], [frozenset({Axis.FORMAT})])
    ledger, kept = open_ledger(make, listed)
    ledger.refuse(Failure(status=Status.INSTALL_FAILED, trouble=None, message="no wheel", evidence="words"), 2.0)
    environment, *_ = kept.records
    assert isinstance(environment, EnvironmentRecord)
    assert (environment.status, environment.message, environment.evidence) == (Status.INSTALL_FAILED, "no wheel", "words")
    assert {(one.status, one.message, one.evidence) for one in kept.cells.values()} == {(Status.INSTALL_FAILED, "no wheel", "")}
    assert kept.cases == []


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR])
def test_a_full_disk_is_no_failure_of_the_software(make: Any, outcome: Outcome) -> None:
    (job,) = listed = jobs(make, [{}], [frozenset(), frozenset({Axis.DEVICE})])
    ledger, kept = open_ledger(make, listed)
    ledger.case(job, finished(job.cases[0], outcome, evidence="OSError: [Errno 28] No space left on device: 'x'"))
    ledger.case(job, finished(job.cases[1]))
    ledger.end(job, COMPLETED)
    record = kept.cells["cell-0"]
    assert (record.status, record.trouble) == (Status.UNAVAILABLE, Trouble.DISK)
    assert record.message == "no space left on device while the cell ran"
    assert kept.cases == [job.cases[1].key]


def test_a_case_that_passed_may_speak_of_a_full_disk(make: Any) -> None:
    (job,) = listed = jobs(make, [{}], [frozenset()])
    ledger, kept = open_ledger(make, listed)
    ledger.case(job, finished(job.cases[0], Outcome.PASSED, evidence="No space left on device"))
    ledger.end(job, COMPLETED)
    assert kept.cells["cell-0"].status is Status.COMPLETED


def test_records_name_folders_not_paths(make: Any) -> None:
    (job,) = listed = jobs(make, [{}], [frozenset()])
    ledger, kept = open_ledger(make, listed)
    ledger.know(known_as(Path("/project/.hubmatrix"), {Companion.TRANSFORMERS: BESIDE}))
    told = "/project/.hubmatrix/venvs/1f/lib /project/.hubmatrix/toolchains/py311/pytest /project/cases/a.py /opt/python/3.11.7/lib"
    told += " /project/.hubmatrix/companions/2e/tqdm"
    written = Workspace(root=Path("/project")).work / "run-1" / "x"
    ledger.case(job, finished(job.cases[0], Outcome.FAILED, evidence=f"{told} {written}"))
    (record,) = kept.records
    assert record.evidence == "$VENV/lib $PYTEST/pytest ./cases/a.py $PYTHON/lib $TRANSFORMERS/tqdm $WORK/x"  # type: ignore[union-attr]


def test_a_folder_behind_a_link_has_the_name_of_the_link(make: Any, tmp_path: Path) -> None:
    (job,) = listed = jobs(make, [{}], [frozenset()])
    (tmp_path / "project").mkdir()
    (tmp_path / "disk").mkdir()
    state = tmp_path / "project" / ".hubmatrix"
    state.symlink_to(tmp_path / "disk")
    ledger, kept = open_ledger(make, listed, root=tmp_path / "project")
    ledger.know(known_as(state))
    disk = tmp_path / "disk"
    run = disk / "work" / "run-1"
    told = f"{disk}/venvs/1f/lib {state}/venvs/1f/lib ../../../../venvs/1f/lib {run}/x {disk}/bytecode/x"
    ledger.case(job, finished(job.cases[0], Outcome.FAILED, evidence=told))
    (record,) = kept.records
    assert record.evidence == "$VENV/lib $VENV/lib $VENV/lib $WORK/x ./.hubmatrix/bytecode/x"  # type: ignore[union-attr]


def known_as(state: Path, beside: Mapping[Companion, CompanionFolder | Failure] | None = None) -> Installed:
    return Installed(environment=Venv(path=state / "venvs" / "1f"), tools=state / "toolchains" / "py311", beside=beside or {})


def test_what_a_case_had_beside_its_environment_is_recorded_with_it(make: Any) -> None:
    asking = make.case("t0", companions=frozenset({Companion.TRANSFORMERS}))
    (job,) = listed = assign([make.cell()], [asking, make.case("t1")], {"bert-en/3": make.model()}, lambda case, *_: case.id)
    ledger, kept = open_ledger(make, listed)
    ledger.know(
        known_as(
            Path("/state"),
            {Companion.TRANSFORMERS: BESIDE, Companion.SENTENCEPIECE: OFFLINE},
        )
    )
    for task in job.cases:
        ledger.case(job, finished(task))
    assert [record.beside for record in kept.records if isinstance(record, CaseRecord)] == [
        (Package(name="transformers", version="4.39.2"),),
        (),
    ]
