"""Locks that one machine made for a whole plan, as a folder or an archive that others install from and never resolve.

    plan.json         the plan, what decides its outcomes, each environment's lock and expected seconds, the others' digests
    <digest>.txt      a lock, and
    <digest>.json     its request, or the resolver's proof that it can't be satisfied: as in .hubmatrix/locks

What is read here was made elsewhere: names are compared before they are joined to a path, sizes before anything is read, and a lock
may hold pins and hashes, nothing else that an installer obeys.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from harness.base.errors import ResultsError
from harness.base.files import make_once, write_atomically
from harness.environments.lock import SEALED
from harness.results.format import Digests

FORMAT: Final = 1
"""Format history:
  1  first version
"""
ENDING = ".tar.gz"
NAME = re.compile(r"[0-9a-f]{24}\.(?:txt|json)", re.ASCII)
LOCK_LINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_-]+(?: \\)?|    --hash=sha256:[0-9a-f]{64}(?: \\)?", re.ASCII)
FILE_BYTES = 4 * 2**20
"""The largest lock has 0.2 MB: 60 packages with 50 hashes each. The document has 300 bytes an environment."""
MOST_FILES = 20_000
MOST_BYTES = 512 * 2**20


class LockedEnvironment(BaseModel):
    """One environment of the plan: its lock, or why there is none.

    `same` is the digest of what is installed: environments with the same one share a venv. `lock` is the sha256 of the lock.
    `seconds` is what the cells are expected to take, by what the machine that locked had measured. `failed` are the resolver's
    words, or those about what that machine lacked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    python: str = ""
    lock: str = ""
    same: str = ""
    seconds: FiniteFloat = 0.0
    failed: str = ""


class SealedPlan(BaseModel):
    """The document `plan.json`: which plan the locks are for, and what is in them.

    `plan` is the digest of the plan without its locks; `day` the one on which `today` was resolved. `platform` is as in the names
    of wheels. `files` are the digests of the other files, by their names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = FORMAT
    hubmatrix: str
    plan: str
    digests: Digests
    tier: str
    select: str = ""
    environments_named: tuple[str, ...] = ()
    cells_named: tuple[str, ...] = ()
    planned_cells: int
    day: date
    platform: str
    environments: tuple[LockedEnvironment, ...]
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedLocks:
    """Locks that were read: the document, its digest, and the other files by name."""

    document: SealedPlan
    sha256: str
    files: Mapping[str, bytes]


def write_sealed(path: Path, document: SealedPlan, files: Mapping[str, bytes]) -> None:
    """Write locks into an archive, if the name ends like one, else into a folder, the document last."""
    text = document.model_dump_json(indent=1) + "\n"
    if path.name.endswith(ENDING):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f".{path.name}.part").write_bytes(_archive({SEALED: text.encode(), **files}))
        path.with_name(f".{path.name}.part").replace(path)
        return
    path.mkdir(parents=True, exist_ok=True)
    (path / SEALED).unlink(missing_ok=True)
    for former in path.iterdir():
        if NAME.fullmatch(former.name) and former.name not in files:
            former.unlink()
    for name, content in files.items():
        (path / name).write_bytes(content)
    write_atomically(path / SEALED, text)


def _archive(files: Mapping[str, bytes]) -> bytes:
    """Return an archive that depends on nothing but these files."""
    inside = io.BytesIO()
    with tarfile.open(fileobj=inside, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o644
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(inside.getvalue(), mtime=0)


def read_sealed(path: Path) -> SealedLocks:
    """Return the locks of a folder or an archive, each file as its digest in the document says.

    Raises:
        ResultsError: there are none, they are damaged, or they hold what locks don't.
    """
    location = str(path)
    try:
        files: dict[str, bytes] = dict(_members_of_folder(path) if path.is_dir() else _members_of_archive(path))
    except (OSError, EOFError, tarfile.TarError, ValueError) as trouble:
        words = getattr(trouble, "strerror", None) or str(trouble) or type(trouble).__name__
        raise ResultsError(f"no locks can be read: {words}", location=location, hint="`hubmatrix lock` makes them") from trouble
    text = files.pop(SEALED, None)
    if text is None:
        raise ResultsError(f"no locks: {SEALED} is missing", location=location, hint="`hubmatrix lock` makes them")
    try:
        document = SealedPlan.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ResultsError(f"not locks of format {FORMAT}: {where}: {first['msg']}", location=f"{location}:{SEALED}") from error
    _check(document, files, location)
    listed = {name: files[name] for name in sorted(document.files)}
    return SealedLocks(document=document, sha256=hashlib.sha256(text).hexdigest(), files=listed)


def _members_of_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    total = 0
    for number, file in enumerate(sorted(path.iterdir())):
        # Others may use the folder: what has no name of ours is left alone.
        if not (file.name == SEALED or NAME.fullmatch(file.name)):
            continue
        if file.is_symlink() or not file.is_file():
            raise ValueError(f"{file.name} is not a file")
        total += _bounded(file.name, file.stat().st_size, number, total)
        yield file.name, file.read_bytes()


def _members_of_archive(path: Path) -> Iterator[tuple[str, bytes]]:
    total = 0
    # A stream: each member's size is checked before the member is unpacked, and nothing is read twice.
    with tarfile.open(path, mode="r|gz") as archive:
        for number, member in enumerate(archive):
            if not member.isreg() or not (member.name == SEALED or NAME.fullmatch(member.name)):
                raise ValueError(f"{member.name[:100]!r} is none of its files")
            total += _bounded(member.name, member.size, number, total)
            content = archive.extractfile(member)
            if content is None:
                raise ValueError(f"{member.name} has no content")
            yield member.name, bytes(content.read())


def _bounded(name: str, size: int, number: int, total: int) -> int:
    """Return the size of a file that is within the limits. Raises ValueError for one that isn't."""
    if size > FILE_BYTES or number >= MOST_FILES or total + size > MOST_BYTES:
        raise ValueError(f"{name} is beyond what locks of a plan hold")
    return size


def _check(document: SealedPlan, files: Mapping[str, bytes], location: str) -> None:
    for name, expected in document.files.items():
        if not NAME.fullmatch(name):
            raise ResultsError(f"not the name of a lock: {name[:100]!r}", location=location)
        content = files.get(name)
        if content is None or hashlib.sha256(content).hexdigest() != expected:
            state = "missing" if content is None else "damaged"
            raise ResultsError(f"{name} is {state}", location=location, hint="copy the locks again, or make them again")
        if name.endswith(".txt") and not all(map(LOCK_LINE.fullmatch, content.decode("ascii", "replace").splitlines())):
            raise ResultsError(f"{name} holds more than pins and hashes", location=location)


def unpack_locks(locks: SealedLocks, folder: Path) -> None:
    """Write locks into a folder that runs lock from; one that is there already is the same."""

    def fill(inside: Path) -> None:
        for name, content in locks.files.items():
            (inside / name).write_bytes(content)
        (inside / SEALED).write_text(locks.document.model_dump_json(indent=1), encoding="utf-8")

    make_once(folder, fill)
