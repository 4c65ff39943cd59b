"""The store of results: every run and every fact that this checkout knows, in one database.

open_store(path)       the store, which is made where there is none
store.record(header)   begin a run
store.read(name)       one run, whole
store.runs()           what runs there are, newest first
store.newest_of_each() the newest fact about each thing, whichever run has it
store.look_up(keys)    what earlier runs measured
store.add(run)         take in a run that was measured elsewhere
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeVar

from harness.base.errors import ResultsError
from harness.domain import Status
from harness.results.baseline.runs import NAME, read_baseline_run
from harness.results.contents import Contents, key_bytes, key_text
from harness.results.database import open_database, transaction, translated
from harness.results.format import CellRecord, EnvironmentRecord, Footer, Header
from harness.results.history import History, MeasuredCase, PlanKeys
from harness.results.lines import read_run
from harness.results.newest import newest_facts
from harness.results.recording import Recording
from harness.results.rows import Fact, read_facts
from harness.results.run import Run, run_of

AFact = TypeVar("AFact", EnvironmentRecord, CellRecord)

REUSABLE = (Status.COMPLETED, Status.INSTALL_FAILED, Status.IMPORT_FAILED, Status.CRASHED, Status.TIMED_OUT)
"""Statuses that speak of the software. What speaks of the machine is measured again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run of the store. `finished` is None where it goes on, or was cut off."""

    name: str
    header: Header
    finished: str | None
    interrupted: bool


class StoreState(NamedTuple):
    """The first run of a store, which no other store has, and its newest fact."""

    first_run: str
    last_fact: int


class Store:
    """The results of one checkout. Close it, or use it as a context manager."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._contents = Contents(connection)

    def record(self, header: Header) -> Recording:
        """Begin a run.

        Raises:
            MachineError: the database can't be written.
        """
        return Recording(self._connection, self._contents, self._path, header)

    def runs(self) -> tuple[RunSummary, ...]:
        """Return every run, newest first: by when it started, as its header says.

        Raises:
            ResultsError: the database is damaged.
        """
        query = "SELECT name, header, finished, interrupted FROM runs ORDER BY started DESC, id DESC"
        with translated(self._path):
            rows = self._connection.execute(query).fetchall()
        return tuple(
            RunSummary(name=name, header=Header.model_validate_json(header), finished=finished, interrupted=bool(interrupted))
            for name, header, finished, interrupted in rows
        )

    def read(self, name: str) -> Run:
        """Return one run, whole.

        Raises:
            ResultsError: there is no such run, or the database is damaged.
        """
        with translated(self._path):
            query = "SELECT id, header, finished, interrupted, facts_set FROM runs WHERE name = ?"
            row = self._connection.execute(query, (name,)).fetchone()
            if row is None:
                hint = "`hubmatrix results --runs` lists those that there are"
                raise ResultsError(f"there is no run {name}", location=str(self._path), hint=hint)
            run_id, header, finished, interrupted, facts_set = row
            members = self._contents.members(facts_set) if facts_set else self._seen(run_id)
            footer = Footer(finished=finished, interrupted=bool(interrupted), records=len(members) + 1) if finished else None
            return run_of(Header.model_validate_json(header), self._members(members), footer)

    def newest(self) -> Run:
        """Return the run that started last.

        Raises:
            ResultsError: there is no run yet, or the database is damaged.
        """
        with translated(self._path):
            row = self._connection.execute("SELECT name FROM runs ORDER BY started DESC, id DESC LIMIT 1").fetchone()
        if row is None:
            raise ResultsError("no run yet", location=str(self._path), hint="run `nox -s matrix` or `hubmatrix run` first")
        return self.read(row[0])

    def newest_of_each(self, names: Sequence[str]) -> Run | None:
        """Return the newest fact about each environment, cell and case among these runs, under the header of the newest of them.

        None where the store has none of them.

        Raises:
            ResultsError: the database is damaged.
        """
        with translated(self._path):
            query = "SELECT name, id, header, facts_set FROM runs ORDER BY started DESC, id DESC"
            listed = [row for row in self._connection.execute(query).fetchall() if row[0] in set(names)]
            if not listed:
                return None
            members = [self._contents.members(facts_set) if facts_set else self._seen(run) for _, run, _, facts_set in listed]
            rows = ([member // 2 for member in of_run] for of_run in members)
            facts = newest_facts(self._connection, self._contents, rows)
        return run_of(Header.model_validate_json(listed[0][2]), facts, None)

    def look_up(self, keys: PlanKeys) -> History:
        """Return what earlier runs measured under these keys, the newest first. Variants that may be incomplete don't count.

        Raises:
            ResultsError: the database is damaged.
        """
        with translated(self._path):
            environments = self._newest(keys.environments, EnvironmentRecord, REUSABLE)
            cells = self._newest(keys.cells, CellRecord, [status for status in REUSABLE if status is not Status.COMPLETED])
            seconds = "SELECT name, seconds, max(recorded) FROM facts WHERE kind = 'case' GROUP BY name"
            return History(
                cases=self._cases(keys.cases),
                environments={fact.key or "": fact for fact in environments},
                cells={fact.key or "": fact for fact in cells},
                seconds={name: case_seconds for name, case_seconds, _ in self._connection.execute(seconds)},
            )

    def state(self) -> StoreState:
        """Return what tells this state of the store from every other: rows are only ever added."""
        query = "SELECT (SELECT name FROM runs ORDER BY id LIMIT 1), (SELECT max(id) FROM facts)"
        with translated(self._path):
            first_run, last_fact = self._connection.execute(query).fetchone()
        return StoreState(first_run=first_run or "", last_fact=last_fact or 0)

    def repeat(self, earlier: str, *, run: str, started: str, finished: str) -> bool:
        """Record a run with the facts and the header of an earlier one that ended; return False where there is no such run.

        Raises:
            MachineError: the database can't be written.
        """
        query = "SELECT header, facts_set FROM runs WHERE name = ? AND interrupted = 0 AND facts_set IS NOT NULL"
        insert = "INSERT INTO runs (name, started, header, finished, interrupted, facts_set) VALUES (?, ?, ?, ?, 0, ?)"
        with translated(self._path), transaction(self._connection):
            row = self._connection.execute(query, (earlier,)).fetchone()
            if row is None:
                return False
            header = Header.model_validate_json(row[0]).model_copy(update={"run": run, "started": started})
            self._connection.execute(insert, (run, started, header.model_dump_json(), finished, row[1]))
            return True

    def add(self, run: Run) -> bool:
        """Take in a run that was recorded elsewhere; return whether it was new. One that is here already is left as it is.

        Raises:
            MachineError: the database can't be written.
        """
        with translated(self._path):
            if self._connection.execute("SELECT 1 FROM runs WHERE name = ?", (run.header.run,)).fetchone():
                return False
        recording = self.record(run.header)
        recording.write_all((*run.environments, *run.cases, *run.cells, *run.attempts))
        if run.footer:
            recording.close(finished=run.footer.finished, interrupted=run.footer.interrupted)
        return True

    def _members(self, members: Sequence[int]) -> Iterator[Fact]:
        """Yield the facts of a run: a member is the double of a row's id, plus one where the run took it over."""
        facts = read_facts(self._connection, self._contents, [member // 2 for member in members])
        for member, fact in zip(members, facts, strict=True):
            yield fact.model_copy(update={"reused": True}) if member % 2 else fact

    def _seen(self, run_id: int) -> tuple[int, ...]:
        query = "SELECT fact_id, reused FROM seen WHERE run_id = ? ORDER BY position"
        return tuple(2 * fact + reused for fact, reused in self._connection.execute(query, (run_id,)))

    def _cases(self, keys: Collection[str]) -> dict[str, tuple[MeasuredCase, ...]]:
        query = """SELECT plan_keys.digest, facts.measured_by, facts.whole, facts.id, facts.seconds, facts.cpu_seconds
                   FROM plan_keys
                   JOIN keys ON keys.digest = plan_keys.digest
                   JOIN facts ON facts.key_id = keys.id AND facts.kind = 'case'
                   ORDER BY facts.recorded DESC, facts.id"""
        measurements: defaultdict[bytes, defaultdict[str, list[tuple[bool, MeasuredCase]]]] = defaultdict(lambda: defaultdict(list))
        with self._keys_table(keys):
            for digest, run, whole, *row in self._connection.execute(query):
                measurements[digest][run].append((bool(whole), MeasuredCase(*row)))
        history = {}
        for digest, by_run in measurements.items():
            for rows in by_run.values():
                if all(whole for whole, _ in rows):
                    history[key_text(digest) or ""] = tuple(row for _, row in rows)
                    break
        return history

    def _newest(self, keys: Collection[str], kind: type[AFact], statuses: Collection[Status]) -> tuple[AFact, ...]:
        """Return the newest fact of a kind and of these statuses under each key."""
        query = f"""SELECT facts.id, facts.key_id FROM plan_keys JOIN keys ON keys.digest = plan_keys.digest
                    JOIN facts ON facts.key_id = keys.id AND facts.kind = ? AND facts.status IN ({",".join("?" * len(statuses))})
                    ORDER BY facts.recorded DESC, facts.id DESC"""
        newest: dict[int, int] = {}
        with self._keys_table(keys):
            for identifier, key in self._connection.execute(query, (kind.model_fields["type"].default, *statuses)):
                newest.setdefault(key, identifier)
        facts = read_facts(self._connection, self._contents, newest.values())
        return tuple(fact for fact in facts if isinstance(fact, kind))

    @contextmanager
    def _keys_table(self, keys: Collection[str]) -> Iterator[None]:
        """Hold keys in a table of this connection, for queries to join: a plan has more of them than a statement takes."""
        self._connection.execute("CREATE TEMP TABLE plan_keys (digest BLOB PRIMARY KEY) WITHOUT ROWID")
        try:
            with transaction(self._connection):
                rows = ((key_bytes(key),) for key in keys)
                self._connection.executemany("INSERT OR IGNORE INTO plan_keys (digest) VALUES (?)", rows)
            yield
        finally:
            self._connection.execute("DROP TABLE plan_keys")

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_store(path: Path) -> Store:
    """Return the store of results at a path, which is made where there is none.

    Raises:
        ResultsError: the file is damaged, no database, or of a newer version.
        MachineError: it can't be read or written.
    """
    return Store(open_database(path), path)


def load_run(path: Path, source: str | None = None, baseline: Path | None = None) -> Run:
    """Return a run of the store at a path, or from a file, or the committed baseline.

    Args:
        path: of the store. It is not made where it is not there.
        source: the name of a run, or the path of a file of results, or `baseline`; None for the newest run, and where there is no
            run, for the baseline.
        baseline: the folder of the baseline; None where there can be none.

    Raises:
        ResultsError: there is no such run or file, or it is damaged.
    """
    if source == NAME and baseline:
        if run := read_baseline_run(baseline):
            return run
        raise ResultsError(
            "there is no baseline", location=str(baseline), hint="`hubmatrix baseline accept` writes it from the store"
        )
    if source and (Path(source).suffix or Path(source).exists()):
        return read_run(Path(source))
    if path.exists():
        with open_store(path) as store:
            if source or store.runs():
                return store.read(source) if source else store.newest()
    if not source and baseline and (run := read_baseline_run(baseline)):
        return run
    raise ResultsError("no run yet", location=str(path), hint="run `nox -s matrix` or `hubmatrix run` first")
