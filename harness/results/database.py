"""The database of results: one SQLite file, its tables, and what its errors mean.

    .hubmatrix/results/reports/results.sqlite

    texts       every long text once, by its content, compressed
    keys        the digests under which facts are looked up, once
    refs        pairs of case and key, to which cells refer
    sets        lists of numbers once, by their content: the refs of a cell, the facts of a run
    facts       every environment, case and cell that was recorded, one row each attempt
    runs        one row each run, which refers to its facts
    seen        the facts of a run that goes on, one row each; packed into a set when it ends

A run is a set of references, so one that measures nothing new adds a row and a header. Write-ahead logging: readers never wait for
a writer, and writers wait for each other, for as long as one fact takes. A process that is killed loses what it had not committed,
which is the fact that it was writing.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness.base.errors import HubmatrixError, MachineError, ResultsError

VERSION: Final = 1
WAIT_SECONDS = 60.0
"""How long a writer waits for another one. A commit takes a millisecond; a large import takes seconds."""

MIGRATIONS: Final = (
    """
    CREATE TABLE texts (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, packed BLOB NOT NULL);
    CREATE TABLE keys (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);
    CREATE TABLE cases (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE refs (
        id INTEGER PRIMARY KEY,
        case_id INTEGER NOT NULL REFERENCES cases,
        key_id INTEGER NOT NULL REFERENCES keys,
        UNIQUE (case_id, key_id)
    );
    CREATE TABLE sets (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, packed BLOB NOT NULL);
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        started TEXT NOT NULL,
        header TEXT NOT NULL,
        finished TEXT,
        interrupted INTEGER,
        facts_set INTEGER REFERENCES sets
    );
    CREATE TABLE facts (
        id INTEGER PRIMARY KEY,
        content BLOB NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        key_id INTEGER REFERENCES keys,
        status TEXT NOT NULL,
        recorded TEXT NOT NULL,
        measured_by TEXT NOT NULL,
        measured_in TEXT NOT NULL,
        whole INTEGER NOT NULL,
        seconds REAL NOT NULL,
        cpu_seconds REAL,
        body TEXT NOT NULL
    );
    CREATE INDEX facts_by_key ON facts (key_id, kind);
    CREATE INDEX facts_by_content ON facts (content);
    CREATE INDEX facts_in_part ON facts (measured_by, measured_in) WHERE whole = 0;
    CREATE TABLE seen (
        run_id INTEGER NOT NULL REFERENCES runs,
        position INTEGER NOT NULL,
        fact_id INTEGER NOT NULL REFERENCES facts,
        reused INTEGER NOT NULL,
        PRIMARY KEY (run_id, position)
    ) WITHOUT ROWID;
    """,
)
"""What brings a database from each version to the next. `user_version` holds how many of them it has seen."""


def open_database(path: Path) -> sqlite3.Connection:
    """Return a connection to the database of results, which is made, or brought to this version, where it is not there yet.

    Raises:
        ResultsError: the file is damaged, no database, or of a newer version.
        MachineError: it can't be read or written: permissions, a full disk, another writer that doesn't end.
    """
    with translated(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as trouble:
            raise MachineError(f"results can't be kept: {trouble.strerror}", location=str(path)) from trouble
        connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            _write_ahead(connection)
            # In WAL this leaves the file sound after a crash of the machine too, which may then lack the last facts.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = OFF")  # rows are only ever added, by this module's callers
            connection.execute("PRAGMA temp_store = MEMORY")
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the write-ahead log on. SQLite doesn't wait for another process that is doing the same with a new file, so we do."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as trouble:
            if "locked" not in str(trouble) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise ResultsError(
            f"this database of results has version {version}, and this hubmatrix knows versions up to {VERSION}",
            location=str(path),
            hint="it was written by a newer hubmatrix: use that one, or set HUBMATRIX_ROOT to another checkout",
        )
    if version == VERSION:
        return
    with transaction(connection):
        # Asked again under the lock: two processes may have come here at once.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for script in MIGRATIONS[version:]:
            for statement in script.split(";"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit all that happens inside at once, or nothing of it. Another writer is waited for at the start, never in the middle."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into errors with a location and a hint.

    Raises:
        ResultsError: what is in the file can't be used.
        MachineError: the file can't be read or written.
    """
    try:
        yield
    except HubmatrixError:
        raise
    except sqlite3.OperationalError as trouble:
        raise MachineError(f"results can't be kept or read: {trouble}", location=str(path), hint=_hint(str(trouble))) from trouble
    except sqlite3.DatabaseError as trouble:
        raise ResultsError(
            f"the database of results is damaged: {trouble}",
            location=str(path),
            hint="move it away: what was exported or is committed as the baseline can be read in again, the rest is measured again",
        ) from trouble


def _hint(trouble: str) -> str:
    if "full" in trouble:
        return "free some space and run the same command again; everything recorded so far is kept"
    if "locked" in trouble:
        return f"another process has been writing for {WAIT_SECONDS:.0f} s; wait for it, or end it"
    return "look at the permissions of the file and its folder"
