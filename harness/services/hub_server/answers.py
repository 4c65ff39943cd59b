"""The Hub server's response to a request: a pure function of the request and of the models that it has.

The protocol is that of https://www.tensorflow.org/hub/hosting, as the sources of tensorflow_hub 0.11 to 0.16 speak it:

    /publisher/model/3?tf-hub-format=compressed      200, a tar.gz
    /publisher/model/3?tf-hub-format=uncompressed    303 without a Location: the body is the address, which has to start with gs://
    /publisher/model?tf-hub-format=...               the newest version of that model
    /publisher/model/3.tar.gz                        200, the tar.gz
    /publisher/model/3                               200, a page for browsers

`/moved/...` has all of this again, for redirects to lead to. `/fault/NAME/...` has it with a fault; FAULTS lists them.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from html import escape
from http.client import responses
from urllib.parse import parse_qs, urlsplit

from harness.services.hub_server import faults

PART_BYTES = 2**16
SLOW_PARTS, SLOW_PAUSE_SECONDS = 10, 0.25
BUCKET = "gs://tfhub-modules"
REDIRECTS = ("301", "302", "303", "307", "308")
FAULTS: Mapping[str, str] = {
    "4xx, 5xx": "that status with a page, such as `403`; 429 and 503 ask to retry after a second",
    "301 302 303 307 308": "a redirect to the model's new address, query kept",
    "hops-N": "N redirects in a row, then the model",
    "loop": "a redirect to itself",
    "catalog": "a redirect to a page that lists models, as tfhub.dev answers for models that did not move to Kaggle",
    "html": "200 and a page, as a login portal answers",
    "empty": "200 and nothing",
    "no-model": "a tar.gz without a model",
    "no-folders": "an archive of files alone, without members for their folders",
    "truncated": "the first half of the archive, with its true length",
    "cut": "an archive that ends between two files: it looks whole",
    "corrupt": "an archive with other bytes in its middle",
    "hangup": "the length of the whole archive, half of it, and the connection is closed",
    "reset": "the same, and the connection is reset",
    "stall": "the same, and then nothing, the connection stays open",
    "slow": "the whole archive, in ten parts over two seconds",
    "silent": "no answer at all, the connection stays open",
    "traversal": "an archive with a file ../../outside.txt",
    "absolute": f"an archive with a file {faults.OUTSIDE}",
    "symlink": "an archive with a symbolic link out of the folder, and a file below it",
    "hardlink": "an archive with a hard link out of the folder",
    "huge": "10 MB that unpack to 10 GiB, sent part by part",
    "sparse": "200 bytes that unpack to 10 GiB",
    "local": "for tf-hub-format=uncompressed: an address that is not gs://",
}


class ConnectionEnd(Enum):
    """The end of the connection after the body."""

    CLOSED = "closed"
    RESET = "reset"
    LEFT_OPEN = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubResponse:
    """A response, or (status None) silence.

    `length` is the promised length, the body may be shorter. `pause` is in seconds, between parts.
    """

    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    body: Callable[[], Iterable[bytes]] = tuple
    pause: float = 0.0
    end: ConnectionEnd = ConnectionEnd.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class HubArchives:
    """The archives (tar.gz) by the path under which they are published: `/tensorflow/bert_en_uncased_L-12_H-768_A-12/3`."""

    by_path: Mapping[str, bytes]

    def find(self, path: str) -> str | None:
        """Return the path itself, or that of the newest version if it names none; None if no such model is published."""
        if path in self.by_path:
            return path
        versions = [other.rpartition("/")[2] for other in self.by_path if other.rpartition("/")[0] == path]
        return max((f"{path}/{version}" for version in versions if version.isdigit()), key=_version, default=None)


def respond(archives: HubArchives, target: str) -> HubResponse:
    """Respond to GET `target`, a path with its query."""
    parts = urlsplit(target)
    format_ = parse_qs(parts.query).get("tf-hub-format", [""])[-1]
    path = parts.path.rstrip("/")
    if fault := re.fullmatch(r"/fault/([^/]+)(/.*)?", path):
        return _faulty(archives, fault[1], fault[2] or "", f"?{parts.query}" if parts.query else "", format_)
    return _healthy(archives, path.removeprefix("/moved"), format_)


def _healthy(archives: HubArchives, path: str, format_: str) -> HubResponse:
    if path in ("", "/models"):
        return _page(
            200, "Models and faults", *archives.by_path, *(f"/fault/{name}/...: {effect}" for name, effect in FAULTS.items())
        )
    if (published_path := archives.find(path.removesuffix(".tar.gz"))) and path.endswith(".tar.gz"):
        return _archive(archives.by_path[published_path])
    if published_path is None:
        return _page(404, f"There is no model {path}", *archives.by_path)
    match format_:
        case "compressed":
            return _archive(archives.by_path[published_path])
        case "uncompressed":
            return _address(f"{BUCKET}{published_path}/uncompressed")
        case "":
            return _page(200, f"The model {published_path}", "A page for browsers. Programs add ?tf-hub-format=compressed.")
        case _:
            return _page(400, f"No format {format_}", "tf-hub-format is compressed or uncompressed")


def _faulty(archives: HubArchives, name: str, path: str, query: str, format_: str) -> HubResponse:
    if name in REDIRECTS:
        return _redirect(int(name), f"/moved{path}{query}")
    if hops := re.fullmatch(r"hops-([1-9][0-9]{0,2})", name):
        left = int(hops[1]) - 1
        return _redirect(302, f"{f'/fault/hops-{left}' if left else '/moved'}{path}{query}")
    if re.fullmatch("[45][0-9]{2}", name):
        return _page(int(name), responses.get(int(name), f"Status {name}"))
    if name in ANYWHERE:
        return ANYWHERE[name](f"{path}{query}")
    healthy, published_path = _healthy(archives, path, format_), archives.find(path)
    if name == "local":
        return _address(f"file:///models{path}") if healthy.status == 303 else healthy
    if name not in BROKEN:
        return _page(404, f"There is no fault {name}", *FAULTS)
    return BROKEN[name](archives.by_path[published_path]) if published_path and format_ == "compressed" else healthy


def _hostile(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Callable[[bytes], HubResponse]:
    return lambda archive: _archive(faults.with_member(archive, name, kind=kind, link=link))


def _half(archive: bytes, end: ConnectionEnd) -> HubResponse:
    return replace(_archive(faults.truncated(archive)), length=len(archive), end=end)


def _slow(archive: bytes) -> HubResponse:
    size = -(-len(archive) // SLOW_PARTS)
    return replace(_archive(archive), body=lambda: _parts(archive, size), pause=SLOW_PAUSE_SECONDS)


ANYWHERE: Mapping[str, Callable[[str], HubResponse]] = {
    "loop": lambda rest: _redirect(302, f"/fault/loop{rest}"),
    "catalog": lambda _rest: _redirect(302, "/models?tfhub-redirect=true"),
    "html": lambda _rest: _page(200, "Please log in", "This network wants to know who you are."),
    "empty": lambda _rest: replace(_archive(b""), length=0),
    "silent": lambda _rest: HubResponse(status=None, end=ConnectionEnd.LEFT_OPEN),
}
BROKEN: Mapping[str, Callable[[bytes], HubResponse]] = {
    "no-model": lambda _right: _archive(faults.without_model()),
    "no-folders": lambda archive: _archive(faults.without_folders(archive)),
    "truncated": lambda archive: _archive(faults.truncated(archive)),
    "cut": lambda archive: _archive(faults.cut_between_files(archive)),
    "corrupt": lambda archive: _archive(faults.corrupt(archive)),
    "hangup": lambda archive: _half(archive, ConnectionEnd.CLOSED),
    "reset": lambda archive: _half(archive, ConnectionEnd.RESET),
    "stall": lambda archive: _half(archive, ConnectionEnd.LEFT_OPEN),
    "slow": _slow,
    "traversal": _hostile("../../outside.txt"),
    "absolute": _hostile(faults.OUTSIDE),
    "symlink": _hostile("assets/link", tarfile.SYMTYPE, "../../.."),
    "hardlink": _hostile("assets/link", tarfile.LNKTYPE, "../../outside.txt"),
    "huge": lambda _right: replace(_archive(b""), length=None, body=faults.huge),
    "sparse": lambda _right: _archive(faults.sparse()),
}


def _archive(archive: bytes) -> HubResponse:
    headers = (("Content-Type", "application/gzip"),)
    return HubResponse(status=200, headers=headers, length=len(archive), body=lambda: _parts(archive, PART_BYTES))


def _address(location: str) -> HubResponse:
    """Say where the uncompressed files are.

    Without a Location header: urllib would follow one. As it is, it raises HTTPError, and hub reads that error's body.
    """
    return HubResponse(
        status=303, headers=(("Content-Type", "text/plain"),), length=len(location), body=lambda: (location.encode(),)
    )


def _redirect(status: int, location: str) -> HubResponse:
    return HubResponse(status=status, headers=(("Location", location),), length=0)


def _page(status: int, title: str, *lines: str) -> HubResponse:
    text = "".join(f"<p>{escape(line)}</p>\n" for line in lines)
    body = f"<!doctype html>\n<title>{escape(title)}</title>\n<h1>{escape(title)}</h1>\n{text}".encode()
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html; charset=utf-8"),)
    headers += (("Retry-After", "1"),) if status in (429, 503) else ()
    return HubResponse(status=status, headers=headers, length=len(body), body=lambda: (body,))


def _parts(data: bytes, size: int) -> Iterable[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def _version(path: str) -> int:
    return int(path.rpartition("/")[2])
