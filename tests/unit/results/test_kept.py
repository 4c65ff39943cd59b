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
from harness.domain import Status
from harness.results.database import VERSION
from harness.results.format import CaseRef
from harness.results.kept import History, PlanKeys, Store, open_store
from harness.results.rows import Fact
from tests.unit.results.test_store import TEXT, records


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
    order = ["environment", "case", "cell"].index
    assert [*run.environments, *run.cases, *run.cells] == sorted(facts, key=lambda fact: order(fact.type))


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
        recording.reuse([row for rows in look_up(store).cases.values() for row in rows])
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
    (row,) = look_up(store).cases["a"]
    recording = store.record(make.header(run="3"))
    recording.reuse([row])
    assert store.read("3").cases[0].message == "2024-01-02"


def test_only_these_keys(store: Store, make: Any) -> None:
    record(store, make.header(), make.environment_record(key="other"), make.case_record(key="other"), make.case_record(key="a"))
    history = look_up(store)
    assert (set(history.cases), set(history.environments), set(history.cells)) == ({"a"}, set(), set())


def test_what_speaks_of_the_machine_is_never_reused(store: Store, make: Any) -> None:
    record(
        store,
        make.header(),
        make.environment_record(key="e", status=Status.UNAVAILABLE),
        make.environment_record(key="f", status=Status.IMPORT_FAILED),
        make.cell_record(key="x", status=Status.UNAVAILABLE),
        make.cell_record(key="y", status=Status.CRASHED),
    )
    history = look_up(store)
    assert (set(history.environments), set(history.cells)) == ({"f"}, {"y"})


@pytest.mark.parametrize(("ended", "reused"), [(True, True), (False, False)])
def test_variants_count_once_their_cell_is_whole(store: Store, make: Any, ended: bool, reused: bool) -> None:
    header = make.header()
    variants = [make.case_record(key="a", variant=variant, cell="cell", run=header.run) for variant in ("one", "two")]
    cells = [make.cell_record(id="cell", status=Status.COMPLETED)] if ended else []
    record(store, header, *variants, *cells, closed=False)
    assert len(look_up(store).cases.get("a", ())) == (2 if reused else 0)


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
