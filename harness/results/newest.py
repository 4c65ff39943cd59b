"""Find the newest fact about each thing among all runs of a store: what the store knows, whichever run it is from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain

from harness.domain import Status
from harness.results.contents import Contents, key_text
from harness.results.format import CellRecord, EnvironmentRecord
from harness.results.rows import Fact, read_facts


def newest_facts(connection: sqlite3.Connection, contents: Contents, runs: Iterable[Sequence[int]]) -> list[Fact]:
    """Return the newest record of each environment and cell, and of the cases that these cells refer to.

    Where a run has several attempts at one thing, all of them: `run_of` tells which one counts. What a machine lacked counts only
    where nothing was ever measured, and variants that may be incomplete don't count.

    Args:
        connection: to the database.
        contents: of the same database.
        runs: the rows of each run's facts, newest run first.
    """
    columns = "SELECT id, kind, name, key_id, status, whole FROM facts"
    rows = {identifier: row for identifier, *row in connection.execute(columns)}
    newest: dict[tuple[str, str], list[int]] = {}
    unavailable: dict[tuple[str, str], list[int]] = {}
    cases: dict[int, list[int]] = {}
    for members in dict.fromkeys(tuple(members) for members in runs):
        of_run: dict[int, list[int]] = {}
        of_run_named: dict[tuple[str, str], list[int]] = {}
        for identifier in members:
            kind, name, key_id, status, whole = rows[identifier]
            if kind == "case":
                if whole:
                    of_run.setdefault(key_id, []).append(identifier)
            elif status == Status.UNAVAILABLE.value:
                unavailable.setdefault((kind, name), [identifier])
            else:
                of_run_named.setdefault((kind, name), []).append(identifier)
        newest = of_run_named | newest
        cases = of_run | cases
    chosen = sorted(chain.from_iterable((unavailable | newest).values()))
    facts = list(read_facts(connection, contents, chosen))
    digests = {key_text(digest): identifier for identifier, digest in connection.execute("SELECT id, digest FROM keys")}
    keys = {ref.key for refs in {fact.cases for fact in facts if isinstance(fact, CellRecord)} for ref in refs}
    of_cells = [row for key in sorted(filter(None, keys)) for row in cases.get(digests.get(key, 0), ())]
    environments = [fact for fact in facts if isinstance(fact, EnvironmentRecord)]
    return [*environments, *read_facts(connection, contents, of_cells), *(fact for fact in facts if isinstance(fact, CellRecord))]
