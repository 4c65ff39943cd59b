"""Archives as publishers pack them, and broken ones: cut, corrupt, hostile, endless.

Pure: bytes in, bytes or parts of bytes out. `answers` decides which of them is sent, and over what kind of connection.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

HUGE_BYTES = 10 * 2**30
ZEROS = bytes(2**24)
OUTSIDE = "/tmp/hubmatrix-outside.txt"
EVIL = b"this file is outside of the model's folder\n"


def published(archive: bytes) -> bytes:
    """Repack an archive as publishers do, `tar -czf model.tar.gz -C model .`: folders are members too, the graph comes first.

    hub (0.11 to 0.16) makes no folder that is not a member, so an archive of files alone can't be loaded.
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {member.name: _data(tar, member) for member in tar if member.isfile()}
    folders = sorted({parent.as_posix() for name in files for parent in PurePosixPath(name).parents})
    entries = [_entry(_folder(name), b"") for name in folders]
    entries += [_entry(tarfile.TarInfo(f"./{name}"), files[name]) for name in sorted(files, key=lambda name: ("/" in name, name))]
    return gzip.compress(b"".join(entries) + bytes(1024), mtime=0)


def without_folders(archive: bytes) -> bytes:
    """Repack an archive with its files alone, as `zip`, `git archive` and many a script pack them."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        entries = [_entry(member, _data(tar, member)) for member in tar if member.isfile()]
    return gzip.compress(b"".join(entries) + bytes(1024), mtime=0)


def truncated(archive: bytes) -> bytes:
    """Return the first half, as a proxy keeps it that lost its connection."""
    return archive[: len(archive) // 2]


def cut_between_files(archive: bytes) -> bytes:
    """Return a whole gzip of a tar without its last file: nothing in it says that a file is missing.

    It lacks the two empty blocks that end a tar, which readers do not insist on.
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        entries = [_entry(member, _data(tar, member)) for member in tar.getmembers()[:-1]]
    return gzip.compress(b"".join(entries), mtime=0)


def corrupt(archive: bytes) -> bytes:
    """Change sixteen bytes in the middle."""
    middle = len(archive) // 2
    return archive[:middle] + bytes(byte ^ 0x55 for byte in archive[middle : middle + 16]) + archive[middle + 16 :]


def with_member(archive: bytes, name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    """Put a member of that name before all others: a small file, or a link to `link` and a file below it."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    extra = _entry(_folder(str(PurePosixPath(name).parent)), b"") if name.startswith("/") or link else b""
    extra += _entry(member, EVIL if kind == tarfile.REGTYPE else b"")
    if kind == tarfile.SYMTYPE:
        extra += _entry(tarfile.TarInfo(f"{name}/outside.txt"), EVIL)
    return gzip.compress(extra + gzip.decompress(archive), mtime=0)


def without_model() -> bytes:
    """Make a tar.gz with a text file in it and no model."""
    return gzip.compress(_entry(tarfile.TarInfo("README.md"), b"no model in here\n") + bytes(1024), mtime=0)


def sparse() -> bytes:
    """Make a tar.gz of a few hundred bytes whose one file unpacks to 10 GiB: a file with a hole (GNU sparse format 1.0)."""
    member = tarfile.TarInfo("saved_model.pb")
    numbers = {"major": "1", "minor": "0", "name": "saved_model.pb", "realsize": str(HUGE_BYTES)}
    member.pax_headers = {f"GNU.sparse.{name}": value for name, value in numbers.items()}
    no_data = b"0\n".ljust(tarfile.BLOCKSIZE, b"\0")
    return gzip.compress(_entry(member, no_data) + bytes(1024), mtime=0)


def huge() -> Iterator[bytes]:
    """Yield a tar.gz of 10 MB whose one file unpacks to 10 GiB of zeros, part by part: it is never whole in memory."""
    member = tarfile.TarInfo("saved_model.pb")
    member.size = HUGE_BYTES
    header = member.tobuf(tarfile.GNU_FORMAT)
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    yield packer.compress(header) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush equal input gives equal output, so one block is packed and sent as often as needed.
    blocks = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = blocks.compress(ZEROS) + blocks.flush(zlib.Z_FULL_FLUSH)
    checksum, size = zlib.crc32(header), len(header)
    for _ in range(HUGE_BYTES // len(ZEROS)):
        checksum, size = zlib.crc32(ZEROS, checksum), size + len(ZEROS)
        yield block
    checksum, size = zlib.crc32(bytes(1024), checksum), size + 1024
    last = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    yield last.compress(bytes(1024)) + last.flush() + checksum.to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little")


def _folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name if name == "." or name.startswith("/") else f"./{name}/")
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def _entry(member: tarfile.TarInfo, data: bytes) -> bytes:
    """Pack header and data of one member, each padded to whole blocks."""
    member.size = len(data)
    return member.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % tarfile.BLOCKSIZE)


def _data(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return file.read() if file else b""
