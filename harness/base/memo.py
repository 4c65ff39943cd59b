"""Results of computing that are kept between commands, by a digest of everything that they were computed from.

    .hubmatrix/memo/<name>    the digest, a line feed, the bytes

There is one file a name, which is replaced when the digest changes, so the folder doesn't grow. Deleting any of it costs time and
nothing else. Two processes may write at once: a file is replaced whole, and what has another digest is not used. Values are read
by a strict schema and never unpickled, since the folder lies where code under test might write.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from harness.base.files import write_atomically

HARNESS = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Memo:
    """The folder of what is kept."""

    folder: Path

    def read(self, name: str, digest: str) -> str | None:
        """Return what was computed from inputs of this digest; None where that isn't known."""
        try:
            first, _, text = (self.folder / name).read_text(encoding="utf-8").partition("\n")
        except (OSError, UnicodeDecodeError):
            return None
        return text if first == digest else None

    def write(self, name: str, digest: str, text: str) -> None:
        """Keep what was computed. Where the folder can't be written, it is computed again."""
        with suppress(OSError):
            write_atomically(self.folder / name, f"{digest}\n{text}")


@cache
def code_digest(*rooms: str) -> str:
    """Return the digest of the files in rooms of harness/, in all of it without a room: what other code computed is not used."""
    folders = [HARNESS / room for room in rooms] or [HARNESS]
    sources = sorted(path for folder in folders for path in folder.rglob("*.*") if path.suffix != ".pyc" and path.is_file())
    return digest_of(*(part for path in sources for part in (str(path.relative_to(HARNESS)).encode(), path.read_bytes())))


def digest_of(*parts: bytes | str) -> str:
    """Return the digest of parts, which no other division of the same bytes has."""
    digest = sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()
