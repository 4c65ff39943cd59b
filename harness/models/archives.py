"""Model folders as archives: digests, packing that gives the same bytes each time, unpacking that stays inside.

Owns no knowledge of models.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from harness.base.errors import ModelError

LARGEST_BYTES = 8 * 2**30
"""The largest text encoders on the Hub are below 2 GiB."""
MOST_FILES = 10_000
NAME_BYTES, PATH_BYTES = 255, 1024
"""Of a member: what Linux and macOS take for one name, and a path that leaves room for the folder that it is unpacked into."""
CHUNK = 2**20
# A tar ends with two blocks of zeros.
END_MARK_BYTES = 2 * tarfile.BLOCKSIZE


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            digest.update(data)
    return digest.hexdigest()


def tree_digest(folder: Path) -> str:
    """Return the SHA-256 over the relative path and digest of every file below `folder`, in the order of the paths."""
    lines = (f"{file_digest(folder / name)}  {name}\n" for name in _files(folder))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def pack(folder: Path) -> bytes:
    """Pack the files below `folder` into a tar.gz: sorted, without dates, owners or permissions of this machine."""
    # No time in gzip's header, no dates and owners in tar's: equal folders give equal bytes.
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as file, tarfile.open(fileobj=file, mode="w") as tar:
        for name in _files(folder):
            data = (folder / name).read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def unpack(archive: Path, folder: Path) -> None:
    """Write the archive's files below `folder`.

    Raises ModelError, before anything is written, for a link, a device, a path outside, or more than a model can have.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            # All headers first: an archive that is refused half-way would leave its files behind.
            members = _members(tar, archive)
            _expect_whole(archive)
            for member in members:
                if data := tar.extractfile(member):
                    target = folder / member.name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as file:
                        shutil.copyfileobj(data, file, CHUNK)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ModelError(f"not a readable tar.gz: {error}", location=str(archive)) from error


def _expect_whole(archive: Path) -> None:
    """Read to the end and raise ReaderError if the archive is cut off.

    tarfile takes bytes that it can't read for the end of the archive, and checks neither gzip's checksum nor tar's end mark.
    """
    tail = b""
    with gzip.open(archive) as data:
        while part := data.read(CHUNK):
            tail = (tail + part)[-END_MARK_BYTES:]
    if tail.strip(b"\0") or len(tail) < END_MARK_BYTES:
        raise tarfile.ReadError("it is cut off: the mark at the end of a tar is missing")


def _members(tar: tarfile.TarFile, archive: Path) -> list[tarfile.TarInfo]:
    """Return all members, each checked. Stops at the first header that promises too much, so a bomb is never unpacked."""
    members: list[tarfile.TarInfo] = []
    files: set[PurePosixPath] = set()
    folders: set[PurePosixPath] = set()
    size = 0
    for member in tar:
        path = _checked_path(member, archive)
        folders.update(path.parents if member.isfile() else (path, *path.parents))
        if member.isfile():
            files.add(path)
        if clash := files & {path, *path.parents} & folders:
            raise ModelError(f"{str(min(clash))!r} is a file and a folder", location=str(archive))
        members.append(member)
        size += member.size
        if size > LARGEST_BYTES or len(members) > MOST_FILES:
            excess = f"unpacks to more than {LARGEST_BYTES // 2**30} GiB or {MOST_FILES} files"
            raise ModelError(excess, location=str(archive), hint="no text model is that large")
    return members


def _checked_path(member: tarfile.TarInfo, archive: Path) -> PurePosixPath:
    """Return where a member goes. Raises ModelError for what no file system takes, or what leads elsewhere."""
    path = PurePosixPath(member.name)
    name = os.fsencode(member.name)
    quoted = repr(member.name if len(member.name) <= NAME_BYTES else member.name[:NAME_BYTES] + "…")
    if len(name) > PATH_BYTES or any(len(part) > NAME_BYTES for part in name.split(b"/")) or b"\0" in name:
        raise ModelError(f"no file can have the name {quoted}", location=str(archive))
    if member.isfile() and not path.parts:
        raise ModelError(f"a file with the name {quoted}", location=str(archive), hint="pack the model again")
    if not (member.isfile() or member.isdir()):
        raise ModelError(f"{member.name!r} is neither a file nor a folder", location=str(archive))
    if path.is_absolute() or ".." in path.parts:
        raise ModelError(f"{member.name!r} leads out of the archive", location=str(archive))
    return path


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
