"""Locate the model that a user typed: a path as it is, an archive unpacked, a handle from a replica or over http.

A server is asked as the hub library asks: the handle with `?tf-hub-format=compressed`, for a tar.gz.
"""

from __future__ import annotations

import http.client
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from harness import __version__
from harness.base.errors import MachineError, ModelError
from harness.base.files import make_once
from harness.models import archives, replicas
from harness.models.address import SCHEMES, ServerAddress, read_handle
from harness.models.handles import cache_name

ANSWER_SECONDS = 30
DOWNLOAD_SECONDS = 1800
CHUNK = 2**20
GZIP = b"\x1f\x8b"


class NotServed(ModelError):
    """The server has no such model, or refuses it, or sends a page instead, as old addresses of models that moved do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedModel:
    """A model as files. `handle` is what cases write for it; None if a path was typed."""

    name: str
    path: Path
    handle: str | None
    origin: str


def locate(target: str, folder: Path, server: ServerAddress | None) -> LocatedModel:
    """Find the files of the model that a user typed; an archive is unpacked below `folder`, once.

    Raises:
        ModelError: the server has no such model, or its answer isn't an archive of one.
        MachineError: the server can't be reached.
    """
    if target.startswith(SCHEMES):
        return _handle(read_handle(target), folder, server)
    path = Path(target).expanduser()
    if path.is_file() and _begins(path, GZIP):
        unpacked = folder / archives.file_digest(path)
        make_once(unpacked, partial(archives.unpack, path))
        name = path.name.removesuffix(".gz").removesuffix(".tgz").removesuffix(".tar")
        return LocatedModel(name=name, path=_top(unpacked), handle=None, origin=f"unpacked from {path}")
    return LocatedModel(name=path.resolve().name, path=path, handle=None, origin=str(path))


def _handle(typed: ServerAddress, folder: Path, server: ServerAddress | None) -> LocatedModel:
    handle = typed.url
    name = "/".join(urlsplit(handle).path.strip("/").split("/")[-2:]) or urlsplit(handle).netloc
    replica = (
        next((candidate for candidate in replicas.every() if candidate.manifest.handle == handle), None) if server is None else None
    )
    if replica is not None:
        unpacked = folder / replica.manifest.tree_sha256
        make_once(unpacked, partial(replicas.unpack, replica))
        return LocatedModel(name=name, path=unpacked, handle=handle, origin=f"replica of {handle}, with random weights")
    unpacked = download(handle, folder, server, typed.authorization)
    return LocatedModel(name=name, path=unpacked, handle=handle, origin=f"fetched from {_address(handle, server)}")


def download(handle: str, folder: Path, server: ServerAddress | None, authorization: str = "") -> Path:
    """Download the model of a handle, once, and return its folder below `folder`. `authorization` is for the handle's own server.

    Raises:
        NotServed: the server has no such model, sends something else in its place, or wants a user who has signed in.
        ModelError: the archive is damaged.
        MachineError: the server can't be reached, is out of order, or the connection ended early.
    """
    address = _address(handle, server)
    model = folder / cache_name(address)
    make_once(model, partial(_fetch, address, authorization if server is None else server.authorization))
    return model


def _address(handle: str, server: ServerAddress | None) -> str:
    parts = urlsplit(handle)
    if server is not None:
        base = urlsplit(server.url)
        parts = parts._replace(scheme=base.scheme, netloc=base.netloc, path=base.path.rstrip("/") + parts.path)
    query = "&".join(filter(None, (parts.query, "tf-hub-format=compressed")))
    return urlunsplit(parts._replace(query=query))


def _fetch(address: str, authorization: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".download-") as scratch:
        # Beside the target: a model of gigabytes need not fit into /tmp as well.
        archive = Path(scratch) / "model.tar.gz"
        try:
            _download(address, authorization, archive)
        except urllib.error.HTTPError as trouble:
            trouble.close()
            raise _refused(trouble, address) from trouble
        except (OSError, http.client.HTTPException) as trouble:
            reason = getattr(trouble, "reason", trouble) or type(trouble).__name__
            hint = "no network? give a path, or another server with --hub-url"
            raise MachineError(f"can't be reached: {reason}", location=address, hint=hint) from trouble
        if not _begins(archive, GZIP):
            beginning = archive.read_bytes()[:40]
            raise NotServed(
                f"the answer isn't an archive: it begins with {beginning!r}",
                location=address,
                hint="is this the handle of a model?",
            )
        archives.unpack(archive, folder)


def _download(address: str, authorization: str, archive: Path) -> None:
    """Write the server's answer to a file, within the limits of time and size."""
    request = urllib.request.Request(address, headers={"User-Agent": f"hubmatrix/{__version__}"})
    if authorization:
        request.add_unredirected_header("Authorization", authorization)  # not for whoever this server sends us to
    deadline = time.monotonic() + DOWNLOAD_SECONDS
    with closing(urllib.request.urlopen(request, timeout=ANSWER_SECONDS)) as answer, archive.open("wb") as file:
        expected, size = answer.headers.get("Content-Length"), 0
        while data := answer.read(CHUNK):
            size += file.write(data)
            if size > archives.LARGEST_BYTES:
                raise ModelError(f"more than {archives.LARGEST_BYTES // 2**30} GiB", location=address)
            if time.monotonic() > deadline:
                raise TimeoutError(f"not done after {DOWNLOAD_SECONDS // 60} minutes")
        if expected and expected.isdigit() and size < int(expected):
            # urllib takes the end of the connection for the end of the body, however little came.
            raise ConnectionError(f"cut off after {size} of {expected} bytes")


def _refused(trouble: urllib.error.HTTPError, address: str) -> ModelError | MachineError:
    reply = f"the server answers {trouble.code} {trouble.reason}"
    if trouble.code in (404, 410):
        return NotServed(reply, location=address, hint="is the handle, with its version, as the publisher writes it?")
    if trouble.code in (401, 403):
        return NotServed(reply, location=address, hint="this model asks for a sign-in: download it and give its folder")
    return MachineError(reply, location=address)


def _top(folder: Path) -> Path:
    """Return the model's folder in an unpacked archive: the top, or the only folder in it."""
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _begins(path: Path, beginning: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(beginning)) == beginning
    except OSError:
        return False  # the next reader gets the same error and says why
