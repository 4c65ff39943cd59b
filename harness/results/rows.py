"""Facts as rows of the database and back: what every fact has in columns, its other fields as JSON, long values kept apart.

`content` is the same for two facts that say the same: of a case all of its record; of an environment or a cell, all but when it was
recorded, since a run writes these anew even where it measures nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from harness.domain import Status
from harness.results.contents import Contents, content_digest, key_text
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord

Fact: TypeAlias = EnvironmentRecord | CaseRecord | CellRecord

LONG = 60
"""Characters (of a text, or of a value as JSON) beyond which a value is kept apart, once for all facts that have it."""
NOTHING_MEASURED = frozenset({Status.LOCK_FAILED, Status.UNAVAILABLE})
"""What every run records anew of environments and cells, because there was nothing to measure."""
TYPES: dict[str, type[Fact]] = {"environment": EnvironmentRecord, "case": CaseRecord, "cell": CellRecord}
COLUMNS = frozenset({"type", "key", "recorded", "reused", "cases"})
INSERT = """
INSERT INTO facts (content, kind, name, key_id, status, recorded, measured_by, measured_in, whole, seconds, cpu_seconds, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def fact_id(connection: sqlite3.Connection, contents: Contents, fact: Fact, run: str) -> int:
    """Return the row of a fact, which is added if it is new. Needs a transaction.

    Args:
        connection: to the database.
        contents: of the same database.
        fact: what was observed.
        run: the name of the run that records it.
    """
    body = json.dumps(dict(_body(contents, fact)), separators=(",", ":"), sort_keys=True)
    content = content_digest(body.encode() + (fact.key or "").encode() + (fact.recorded.encode() if fact.type == "case" else b""))
    seconds = 0.0 if isinstance(fact, CellRecord) else fact.seconds
    query = """SELECT id FROM facts WHERE content = ? AND kind = ? AND seconds = ? AND (recorded = ? OR ?)
               ORDER BY recorded DESC LIMIT 1"""
    row = connection.execute(query, (content, fact.type, seconds, fact.recorded, _measures_nothing(fact))).fetchone()
    if row:
        return int(row[0])
    identifier = connection.execute(INSERT, (content, *_columns(contents, fact, run), body)).lastrowid
    if identifier is None:
        raise AssertionError("no fact was added")
    return identifier


def read_facts(connection: sqlite3.Connection, contents: Contents, identifiers: Iterable[int]) -> Iterator[Fact]:
    """Yield facts by their ids, in the order of the ids."""
    rows = {}
    query = """SELECT facts.id, kind, keys.digest, recorded, seconds, body FROM facts
               LEFT JOIN keys ON keys.id = facts.key_id WHERE facts.id IN"""
    identifiers = tuple(identifiers)
    for statement, values in contents.chunks(query, set(identifiers)):
        for identifier, kind, key, recorded, seconds, body in connection.execute(statement, values):
            columns = {"key": key_text(key) if key else None, "recorded": recorded}
            if kind == EnvironmentRecord.model_fields["type"].default:
                columns["seconds"] = seconds
            rows[identifier] = TYPES[kind], columns, json.loads(body)
    contents.load_texts(_apart(fields for *_, fields in rows.values()))
    for identifier in identifiers:
        record, columns, fields = rows[identifier]
        yield record.model_validate(columns | dict(_values(contents, fields)))


def _measures_nothing(fact: Fact) -> bool:
    return not isinstance(fact, CaseRecord) and (fact.reused or fact.status in NOTHING_MEASURED)


def _columns(contents: Contents, fact: Fact, run: str) -> tuple[object, ...]:
    key_id = contents.key_id(fact.key) if fact.key is not None else None
    match fact:
        case CaseRecord():
            # Of a case with variants, one may be missing where its cell was cut off; the record of the cell says that none is.
            whole = not fact.variant or fact.reused
            measured = (
                fact.case,
                key_id,
                fact.outcome.value,
                fact.recorded,
                fact.run,
                fact.cell,
                int(whole),
                fact.seconds,
                fact.cpu_seconds,
            )
            return (fact.type, *measured)
        case EnvironmentRecord():
            return fact.type, fact.id, key_id, fact.status.value, fact.recorded, run, "", 1, fact.seconds, None
        case CellRecord():
            return fact.type, fact.id, key_id, fact.status.value, fact.recorded, run, "", 1, 0.0, None


def _body(contents: Contents, fact: Fact) -> Iterator[tuple[str, Any]]:
    """Yield the fields that are in no column, but for those that have their default, and refs by the id of their set."""
    if isinstance(fact, CellRecord):
        yield "refs", contents.refs_set(fact.cases)
    excluded = COLUMNS | {"seconds"} if isinstance(fact, EnvironmentRecord) else COLUMNS
    for name, value in fact.model_dump(mode="json", exclude_defaults=True, exclude=set(excluded)).items():
        if isinstance(value, str):
            yield name, {"text": contents.text_id(value)} if len(value) > LONG else value
        elif isinstance(value, (list, dict)):
            # Always as an object, so that a small one is not taken for one that is kept apart.
            data = json.dumps(value, separators=(",", ":"), sort_keys=True)
            yield name, {"json": contents.text_id(data)} if len(data) > LONG else {"value": value}
        else:
            yield name, value


def _apart(bodies: Iterable[dict[str, Any]]) -> Iterator[int]:
    for fields in bodies:
        for value in fields.values():
            if isinstance(value, dict) and "value" not in value:
                yield from value.values()


def _values(contents: Contents, fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a body with their values."""
    for name, value in fields.items():
        match value:
            case {"text": identifier}:
                yield name, contents.text(identifier)
            case {"json": identifier}:
                yield name, contents.parsed(identifier)
            case {"value": inner}:
                yield name, inner
            case int() if name == "refs":
                yield "cases", contents.refs(value)
            case _:
                yield name, value
