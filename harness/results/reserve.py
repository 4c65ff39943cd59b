"""Keep some disk in hand while a run records: what a case fills to the last page must not cost the facts about it.

A file of zeros beside the database. When the disk is full it is given up, and the facts are recorded in its place.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

SIZE = 2 * 2**20
"""Bytes. A fact takes some kilobytes, and a page of 4 KiB each in up to ten tables and indexes."""


class Reserve:
    """The reserve of one database. Two runs that record into it share it."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-reserve")

    def hold(self) -> None:
        """Take the disk; leave it where there is not so much: then there is none in hand."""
        with suppress(OSError):
            if not self._path.exists():
                self._path.write_bytes(bytes(SIZE))

    def give_up(self) -> bool:
        """Return whether the disk was still in hand. Afterwards it is free."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
