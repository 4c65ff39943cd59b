"""The store: what is recorded is read, once and for good, whoever else records beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.base.errors import MachineError, ResultsError
from harness.domain import Status, Trouble
from harness.results.database import VERSION
from harness.results.format import CaseRef
from harness.results.history import History, PlanKeys
from harness.results.reserve import SIZE, Reserve
from harness.results.rows import Fact
from harness.results.store import REUSABLE, Store, open_store
from tests.unit.results.test_lines import TEXT, records


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "results.sqlite") as opened:
        yield opened


def record(store: Store, header: Any, *facts: Fact, closed: bool = True) -> None:
    recording = store.record(header)
    for fact in facts:
        recording.write(fact)
    if closed:
        recording.close(finished="later", interrupted=False)


def look_up(store: Store, cases: str = "a b c", environments: str = "e f", cells: str = "x y") -> History:
    return store.look_up(PlanKeys(cases=cases.split(), environments=environments.split(), cells=cells.split()))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_recorded_is_read(data: st.DataObject, make: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    facts = data.draw(st.lists(records(make), max_size=6))
    header = make.header(selection=data.draw(TEXT))
    path = tmp_path_factory.mktemp("store") / "results.sqlite"
    with open_store(path) as store:
        record(store, header, *facts)
    with open_store(path) as store:
        run = store.read(header.run)
    assert run.header == header
    assert run.footer is not None
    assert run.footer.records == len(facts) + 1
    written = make.run(*facts)
    assert (run.environments, run.cases, run.cells, run.attempts) == (
        written.environments,
        written.cases,
        written.cells,
        written.attempts,
    )


def test_every_fact_is_there_before_write_returns(store: Store, make: Any, tmp_path: Path) -> None:
    recording = store.record(make.header())
    with open_store(tmp_path / "results.sqlite") as reader:
        for number in range(3):
            assert len(reader.read(make.header().run).cases) == number
            recording.write(make.case_record(key=str(number)))


def test_a_run_that_was_cut_off_has_no_footer(store: Store, make: Any) -> None:
    record(store, make.header(), make.case_record(), closed=False)
    run = store.read(make.header().run)
    assert (run.cases, run.footer) == ((make.case_record(),), None)


def test_a_run_that_measures_nothing_is_one_row(store: Store, make: Any, tmp_path: Path) -> None:
    facts = [
        make.environment_record(key="e"),
        make.case_record(key="a"),
        make.cell_record(key="x", cases=(CaseRef(case="c", key="a"),)),
    ]
    record(store, make.header(run="1"), *facts)

    def counts() -> list[int]:
        connection = sqlite3.connect(tmp_path / "results.sqlite")
        tables = ("texts", "keys", "cases", "refs", "facts", "seen")
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]

    before = counts()
    for number in range(2, 5):
        recording = store.record(make.header(run=str(number)))
        recording.reuse([case.row for cases in look_up(store).cases.values() for case in cases])
        for fact in (facts[0], facts[2]):
            recording.write(fact.model_copy(update={"reused": True, "recorded": f"day {number}"}))
        recording.close(finished="later", interrupted=False)
    assert counts() == before
    assert store.read("4").cases[0].reused
    assert store.read("4").cells[0].recorded == facts[2].recorded


def test_attempts_are_kept_one_by_one(store: Store, make: Any) -> None:
    for number, recorded in enumerate(("2024-01-01", "2024-01-02")):
        record(store, make.header(run=str(number)), make.case_record(key="a", run=str(number), recorded=recorded, message=recorded))
    assert [store.read(str(number)).cases[0].message for number in range(2)] == ["2024-01-01", "2024-01-02"]
    assert messages(store, look_up(store), "a") == ["2024-01-02"]


def test_only_these_keys(store: Store, make: Any) -> None:
    record(store, make.header(), make.environment_record(key="other"), make.case_record(key="other"), make.case_record(key="a"))
    history = look_up(store)
    assert (set(history.cases), set(history.environments), set(history.cells)) == ({"a"}, set(), set())


def messages(store: Store, history: History, key: str) -> list[str]:
    """The messages of the case records that a history has under a key."""
    recording = store.record(store.runs()[0].header.model_copy(update={"run": "reads"}))
    recording.reuse([case.row for case in history.cases[key]])
    return [fact.message for fact in store.read("reads").cases]


def test_the_newest_wins_and_older_runs_fill_what_is_missing(store: Store, make: Any) -> None:
    old, new = {"message": "old", "recorded": "2024-01-01"}, {"message": "new", "recorded": "2024-01-02"}
    newer = [make.environment_record(key="e", **new), make.case_record(key="a", run="2", **new)]
    older = [make.environment_record(key="e", **old), *(make.case_record(key=key, run="1", **old) for key in "ab")]
    # The order in which runs are taken in is not the order in which they were measured.
    for name, facts in (("2", newer), ("1", older)):
        store.add(make.run(*facts, run=name))
    history = look_up(store)
    assert history.environments["e"].message == "new"
    assert messages(store, history, "a") == ["new"]
    assert set(history.cases) == {"a", "b"}


@pytest.mark.parametrize("trouble", list(Trouble))
def test_trouble_of_the_machine_is_never_reused(store: Store, make: Any, trouble: Trouble) -> None:
    gone = {"status": Status.UNAVAILABLE, "trouble": trouble, "recorded": "2024-01-02"}
    store.add(make.run(make.environment_record(key="e", message="old", recorded="2024-01-01"), run="1"))
    store.add(make.run(make.environment_record(key="e", **gone), make.cell_record(key="x", **gone), run="2"))
    history = look_up(store)
    assert history.environments["e"].message == "old"
    assert history.cells == {}


@pytest.mark.parametrize("status", REUSABLE)
def test_environments_whose_software_failed_are_reused(store: Store, make: Any, status: Status) -> None:
    store.add(make.run(make.environment_record(key="e", status=status)))
    assert look_up(store).environments["e"].status is status


@pytest.mark.parametrize(("status", "reused"), [(Status.CRASHED, True), (Status.TIMED_OUT, True), (Status.COMPLETED, False)])
def test_cells_that_ended_outside_any_case_are_known(store: Store, make: Any, status: Status, reused: bool) -> None:
    """A completed cell says nothing that its cases do not say."""
    store.add(make.run(make.cell_record(key="x", status=status)))
    assert ("x" in look_up(store).cells) is reused


def variants(make: Any, *names: str, run: str = "1", **values: Any) -> list[Fact]:
    return [make.case_record(key="a", variant=name, cell="cell-1", run=run, **values) for name in names]


def test_a_parametrized_case_is_reused_when_its_cell_ended(store: Store, make: Any) -> None:
    store.add(make.run(*variants(make, "one", "two"), make.cell_record(id="cell-1"), run="1"))
    assert len(look_up(store).cases["a"]) == 2


@pytest.mark.parametrize("end", [None, Status.CRASHED, Status.UNAVAILABLE])
def test_a_half_recorded_parametrized_case_is_measured_again(store: Store, make: Any, end: Status | None) -> None:
    cells = [make.cell_record(id="cell-1", status=end)] if end else []
    store.add(make.run(*variants(make, "one"), make.case_record(key="b"), make.cell_record(id="cell-2"), *cells, run="1"))
    assert set(look_up(store).cases) == {"b"}


def test_a_whole_older_record_is_better_than_a_half_newer_one(store: Store, make: Any) -> None:
    older = variants(make, "one", "two", message="old", recorded="2024-01-01")
    store.add(make.run(*older, make.cell_record(id="cell-1"), run="1"))
    store.add(make.run(*variants(make, "one", run="2", message="new", recorded="2024-01-02"), run="2"))
    assert messages(store, look_up(store), "a") == ["old", "old"]


def test_a_reused_parametrized_case_was_whole(store: Store, make: Any) -> None:
    store.add(make.run(*variants(make, "one", "two", reused=True), run="2"))
    assert len(look_up(store).cases["a"]) == 2


def test_how_long_a_case_took_is_known_whatever_its_key(store: Store, make: Any) -> None:
    new = make.case_record(key="new-key", case="t", seconds=1.0, recorded="2024-01-02")
    old = make.case_record(key="old-key", case="t", seconds=9.0, recorded="2024-01-01")
    store.add(make.run(new, run="2"))
    store.add(make.run(old, make.case_record(key="u", case="u", seconds=2.0), run="1"))
    assert look_up(store).seconds == {"t": 1.0, "u": 2.0}


def test_a_run_from_elsewhere_is_taken_in_once(store: Store, make: Any, tmp_path: Path) -> None:
    with open_store(tmp_path / "other.sqlite") as other:
        record(other, make.header(), make.environment_record(), make.case_record(), make.cell_record())
        run = other.read(make.header().run)
    assert store.add(run)
    assert not store.add(run)
    assert store.read(make.header().run) == run


def test_newest_first_by_when_they_started(store: Store, make: Any) -> None:
    for name, started in (("late", "2024-03-01"), ("early", "2024-01-01"), ("middle", "2024-02-01")):
        record(store, make.header(run=name, started=started))
    assert [run.name for run in store.runs()] == ["late", "middle", "early"]


def test_no_such_run(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ResultsError) as caught:
        store.read("never")
    expected = "there is no run never (hint: `hubmatrix results --runs` lists those that there are)"
    assert str(caught.value) == f"{tmp_path / 'results.sqlite'}: {expected}"


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    open_store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(ResultsError, match=f"has version {VERSION + 1}, and this hubmatrix knows versions up to {VERSION}"):
        open_store(path)


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be looked at" * 20, b"\0" * 4096])
def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.sqlite"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=r"the database of results is damaged: .*move it away"):
        open_store(path)
    assert path.read_bytes() == content


def test_a_damaged_page_is_an_error(store: Store, make: Any, tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    record(store, make.header(), *(make.case_record(key=str(number), message="m" * 90) for number in range(200)))
    store.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(ResultsError, match="the database of results is damaged"), open_store(path) as damaged:
        damaged.read(make.header().run)


def test_a_full_disk_keeps_what_was_there(store: Store, make: Any) -> None:
    recording = store.record(make.header())
    recording.write(make.case_record(key="kept"))
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(MachineError, match=r"results can't be kept or read: database or disk is full \(hint: free some space"):
        recording.write_all([make.case_record(key=str(number), evidence=str(number) * 5000) for number in range(200)])
    store._connection.execute("PRAGMA max_page_count = 1000000")
    recording.write(make.case_record(key="after", evidence="7" * 5000))
    assert [fact.key for fact in store.read(make.header().run).cases] == ["kept", "after"]


def test_on_a_full_disk_the_reserve_is_given_up(store: Store, make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = store.record(make.header())
    reserve = tmp_path / "results.sqlite-reserve"
    assert reserve.stat().st_size == SIZE
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    give_up = Reserve.give_up

    def give_up_and_make_room(reserve: Reserve) -> bool:
        store._connection.execute("PRAGMA max_page_count = 1000000")
        return give_up(reserve)

    monkeypatch.setattr(Reserve, "give_up", give_up_and_make_room)
    recording.write_all([make.case_record(key=str(number), evidence=str(number) * 5000) for number in range(200)])
    assert not reserve.exists()
    assert len(store.read(make.header().run).cases) == 200


def test_two_runs_at_once(store: Store, make: Any, tmp_path: Path) -> None:
    with open_store(tmp_path / "results.sqlite") as other:
        first, second = store.record(make.header(run="1")), other.record(make.header(run="2"))
        for number in range(20):
            first.write(make.case_record(key=f"1-{number}", message="the same long text of both runs " * 10, run="1"))
            second.write(make.case_record(key=f"2-{number}", message="the same long text of both runs " * 10, run="2"))
        for recording in (first, second):
            recording.close(finished="later", interrupted=False)
        for reader in (store, other):
            assert [len(reader.read(name).cases) for name in ("1", "2")] == [20, 20]
