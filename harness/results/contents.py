"""Contents that are kept once however many facts have them: texts, keys, references to cases, lists of numbers.

Rows are only ever added, so an id that was met once in a process stays good, unless the transaction that gave it was rolled back.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Any

from harness.results.format import CaseRef

AT_ONCE = 500
"""Values in one statement: SQLite's older builds take no more than 999."""
SHA256 = re.compile(r"[0-9a-f]{64}")


def content_digest(data: bytes) -> bytes:
    """Return the 16 bytes that stand for a content."""
    return hashlib.sha256(data).digest()[:16]


def key_bytes(key: str | None) -> bytes:
    """Return a key as it is kept: a digest in half of its size, any other text as it is, no key as no bytes."""
    if key is None:
        return b""
    return b"h" + bytes.fromhex(key) if SHA256.fullmatch(key) else b"t" + key.encode()


def key_text(data: bytes) -> str | None:
    """Return the key that is kept as these bytes."""
    if not data:
        return None
    return data[1:].hex() if data[:1] == b"h" else data[1:].decode()


class Contents:
    """The contents of one database. What adds needs a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.forget()

    def forget(self) -> None:
        """Forget every id: those that a transaction gave before it was rolled back are in no table."""
        self._text_ids: dict[str, int] = {}
        self._key_ids: dict[str | None, int] = {}
        self._case_ids: dict[str, int] = {}
        self._ref_ids: dict[tuple[str, str | None], int] = {}
        self._set_ids: dict[bytes, int] = {}
        self._texts: dict[int, str] = {}
        self._parsed: dict[int, Any] = {}
        self._refs: dict[int, CaseRef] = {}
        self._sets: dict[int, tuple[int, ...]] = {}

    def text_id(self, text: str) -> int:
        """Return the id of a text, which is added if it is new."""
        if text not in self._text_ids:
            data = text.encode()
            insert = "INSERT INTO texts (digest, packed) VALUES (?, ?)"
            self._text_ids[text] = self._id("texts", "digest", content_digest(data), insert, lambda: zlib.compress(data))
        return self._text_ids[text]

    def text(self, identifier: int) -> str:
        """Return a text by its id."""
        if identifier not in self._texts:
            self.load_texts([identifier])
        return self._texts[identifier]

    def parsed(self, identifier: int) -> Any:
        """Return the value that a text holds as JSON, the same object each time: it must not be changed."""
        if identifier not in self._parsed:
            self._parsed[identifier] = json.loads(self.text(identifier))
        return self._parsed[identifier]

    def load_texts(self, identifiers: Iterable[int]) -> None:
        """Read texts in few statements, before they are asked for one by one."""
        for query, values in self.chunks("SELECT id, packed FROM texts WHERE id IN", set(identifiers) - self._texts.keys()):
            for identifier, packed in self._connection.execute(query, values):
                self._texts[identifier] = zlib.decompress(packed).decode()

    def key_id(self, key: str | None) -> int:
        """Return the id of a key, which is added if it is new."""
        if key not in self._key_ids:
            self._key_ids[key] = self._id("keys", "digest", key_bytes(key), "INSERT INTO keys (digest) VALUES (?)")
        return self._key_ids[key]

    def refs_set(self, refs: Sequence[CaseRef]) -> int:
        """Return the id of the set of these references, in this order."""
        return self.set_id([self._ref_id(ref) for ref in refs])

    def refs(self, set_id: int) -> tuple[CaseRef, ...]:
        """Return the references of a set, in its order."""
        identifiers = self.members(set_id)
        query = """SELECT refs.id, cases.name, keys.digest FROM refs JOIN cases ON cases.id = refs.case_id
                   JOIN keys ON keys.id = refs.key_id WHERE refs.id IN"""
        for statement, values in self.chunks(query, set(identifiers) - self._refs.keys()):
            for identifier, case, key in self._connection.execute(statement, values):
                self._refs[identifier] = CaseRef(case=case, key=key_text(key))
        return tuple([self._refs[identifier] for identifier in identifiers])

    def set_id(self, numbers: Sequence[int]) -> int:
        """Return the id of a list of numbers, which is added if it is new."""
        packed = pack_numbers(numbers)
        content = content_digest(packed)
        if content not in self._set_ids:
            insert = "INSERT INTO sets (digest, packed) VALUES (?, ?)"
            self._set_ids[content] = self._id("sets", "digest", content, insert, lambda: packed)
        return self._set_ids[content]

    def members(self, set_id: int) -> tuple[int, ...]:
        """Return the numbers of a set."""
        if set_id not in self._sets:
            (packed,) = self._connection.execute("SELECT packed FROM sets WHERE id = ?", (set_id,)).fetchone()
            self._sets[set_id] = unpack_numbers(packed)
        return self._sets[set_id]

    def _ref_id(self, ref: CaseRef) -> int:
        pair = ref.case, ref.key
        if pair not in self._ref_ids:
            if ref.case not in self._case_ids:
                self._case_ids[ref.case] = self._id("cases", "name", ref.case, "INSERT INTO cases (name) VALUES (?)")
            case_id, key_id = self._case_ids[ref.case], self.key_id(ref.key)
            row = self._connection.execute("SELECT id FROM refs WHERE case_id = ? AND key_id = ?", (case_id, key_id)).fetchone()
            insert = "INSERT INTO refs (case_id, key_id) VALUES (?, ?)"
            self._ref_ids[pair] = row[0] if row else self._inserted(insert, (case_id, key_id))
        return self._ref_ids[pair]

    def _id(self, table: str, column: str, value: object, insert: str, rest: Callable[[], object] | None = None) -> int:
        row = self._connection.execute(f"SELECT id FROM {table} WHERE {column} = ?", (value,)).fetchone()
        return int(row[0]) if row else self._inserted(insert, (value, rest()) if rest else (value,))

    def _inserted(self, insert: str, values: tuple[object, ...]) -> int:
        identifier = self._connection.execute(insert, values).lastrowid
        if identifier is None:
            raise AssertionError(f"no row was added by {insert}")
        return identifier

    @staticmethod
    def chunks(query: str, values: Iterable[int]) -> Iterator[tuple[str, tuple[int, ...]]]:
        iterator = iter(sorted(values))
        while chunk := tuple(islice(iterator, AT_ONCE)):
            yield f"{query} ({','.join('?' * len(chunk))})", chunk


def pack_numbers(numbers: Sequence[int]) -> bytes:
    """Return numbers as compressed JSON of the steps from one to the next: neighbours are near each other."""
    steps = [number - before for before, number in zip((0, *numbers), numbers, strict=False)]
    return zlib.compress(json.dumps(steps, separators=(",", ":")).encode())


def unpack_numbers(packed: bytes) -> tuple[int, ...]:
    """Return the numbers that were packed."""
    return tuple(accumulate(json.loads(zlib.decompress(packed))))
