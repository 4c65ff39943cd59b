"""Record a run: each fact is in the database before `write` returns, so a driver that is killed loses nothing that it reported."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

from harness.base.errors import MachineError
from harness.domain import Status
from harness.results.contents import Contents
from harness.results.database import transaction, translated
from harness.results.format import CellRecord, Header
from harness.results.reserve import Reserve
from harness.results.rows import Fact, fact_id


class Recording:
    """One run that goes on. Close it, or it counts as cut off: its facts hold all the same."""

    def __init__(self, connection: sqlite3.Connection, contents: Contents, path: Path, header: Header) -> None:
        self.run = header.run
        self._connection, self._contents, self._path = connection, contents, path
        self._position = 0
        with translated(path), transaction(connection):
            insert = "INSERT INTO runs (name, started, header) VALUES (?, ?, ?)"
            self._run_id = connection.execute(insert, (header.run, header.started, header.model_dump_json())).lastrowid
        self._reserve = Reserve(path)
        self._reserve.hold()

    def write(self, fact: Fact) -> None:
        """Record what was observed, or what an earlier run observed and this one takes over.

        Raises:
            MachineError: the database can't be written; what it holds so far is kept.
        """
        self.write_all([fact])

    def write_all(self, facts: Iterable[Fact]) -> None:
        """Record several facts at once, or none of them.

        Raises:
            MachineError: as `write`.
        """
        facts = tuple(facts)

        def add() -> None:
            pairs = [(fact_id(self._connection, self._contents, fact, self.run), fact.reused) for fact in facts]
            self._see(pairs)
            for fact in facts:
                if isinstance(fact, CellRecord) and fact.status is Status.COMPLETED and not fact.reused:
                    self._complete(fact.id)

        self._commit(add)

    def reuse(self, fact_ids: Sequence[int]) -> None:
        """Take over facts of earlier runs, by their rows.

        Raises:
            MachineError: as `write`.
        """
        self._commit(lambda: self._see([(identifier, True) for identifier in fact_ids]))

    def close(self, *, finished: str, interrupted: bool) -> None:
        """End the run: from now on it is one set of references, the same one as an earlier run's where nothing is new."""

        def pack() -> None:
            seen = "SELECT fact_id, reused FROM seen WHERE run_id = ? ORDER BY position"
            members = [2 * identifier + reused for identifier, reused in self._connection.execute(seen, (self._run_id,))]
            facts_set = self._contents.set_id(members)
            self._connection.execute("DELETE FROM seen WHERE run_id = ?", (self._run_id,))
            update = "UPDATE runs SET finished = ?, interrupted = ?, facts_set = ? WHERE id = ?"
            self._connection.execute(update, (finished, int(interrupted), facts_set, self._run_id))

        self._commit(pack)

    def _commit(self, change: Callable[[], None]) -> None:
        """Make a change at once or not at all; where the disk is full, once more in the place of the reserve."""
        try:
            self._commit_once(change)
        except MachineError:
            if not self._reserve.give_up():
                raise
            self._commit_once(change)

    def _commit_once(self, change: Callable[[], None]) -> None:
        position = self._position
        try:
            with translated(self._path), transaction(self._connection):
                change()
        except BaseException:
            # The ids and positions that the transaction gave are in no table.
            self._contents.forget()
            self._position = position
            raise

    def _see(self, pairs: Sequence[tuple[int, bool]]) -> None:
        rows = [(self._run_id, self._position + index, fact, int(reused)) for index, (fact, reused) in enumerate(pairs)]
        self._connection.executemany("INSERT INTO seen (run_id, position, fact_id, reused) VALUES (?, ?, ?, ?)", rows)
        self._position += len(rows)

    def _complete(self, cell: str) -> None:
        """Mark what this cell's process measured as whole: no variant of a case is missing."""
        update = "UPDATE facts SET whole = 1 WHERE whole = 0 AND measured_by = ? AND measured_in = ?"
        self._connection.execute(update, (self.run, cell))

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave the run as it is: without `close` it was cut off."""
