"""What the Hub server says to a request: a pure function of the request and of the models on its shelf.

The protocol is that of https://www.tensorflow.org/hub/hosting, as the sources of tensorflow_hub 0.11 to 0.16 speak it:

    /publisher/model/3?tf-hub-format=compressed      200, a tar.gz
    /publisher/model/3?tf-hub-format=uncompressed    303 without a Location: the body is the place, and has to start with gs://
    /publisher/model?tf-hub-format=...               the newest version of that model
    /publisher/model/3.tar.gz                        200, the tar.gz
    /publisher/model/3                               200, a page for browsers

`/moved/...` is the same again: where redirects lead. `/fault/NAME/...` is the same with something wrong; FAULTS lists them.
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
    "301 302 303 307 308": "a redirect to the model's new place, query kept",
    "hops-N": "N redirects in a row, then the model",
    "loop": "a redirect to itself",
    "catalog": "a redirect to a page that lists models, as tfhub.dev answers for models that did not move to Kaggle",
    "html": "200 and a page, as a login portal answers",
    "empty": "200 and nothing",
    "no-model": "a tar.gz without a model",
    "no-folders": "an archive of files alone, without members for their folders",
    "truncated": "the first half of the archive, its length honestly told",
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
    "local": "for tf-hub-format=uncompressed: a place that is not gs://",
}


class End(Enum):
    """What becomes of the connection after the body."""

    CLOSED = "closed"
    RESET = "reset"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response, or (status None) silence.

    `length` is what is promised, the body may be shorter. `pause` are seconds between parts.
    """

    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    body: Callable[[], Iterable[bytes]] = tuple
    pause: float = 0.0
    end: End = End.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The archives (tar.gz) by the path under which they are published: `/tensorflow/bert_en_uncased_L-12_H-768_A-12/3`."""

    archives: Mapping[str, bytes]

    def find(self, path: str) -> str | None:
        """The path itself, or that of the newest version where it names none."""
        if path in self.archives:
            return path
        versions = [other.rpartition("/")[2] for other in self.archives if other.rpartition("/")[0] == path]
        return max((f"{path}/{version}" for version in versions if version.isdigit()), key=_version, default=None)


def answer(shelf: Shelf, target: str) -> Answer:
    """The answer to GET `target`, a path with its query."""
    asked = urlsplit(target)
    format_ = parse_qs(asked.query).get("tf-hub-format", [""])[-1]
    path = asked.path.rstrip("/")
    if fault := re.fullmatch(r"/fault/([^/]+)(/.*)?", path):
        return _faulty(shelf, fault[1], fault[2] or "", f"?{asked.query}" if asked.query else "", format_)
    return _healthy(shelf, path.removeprefix("/moved"), format_)


def _healthy(shelf: Shelf, path: str, format_: str) -> Answer:
    if path in ("", "/models"):
        return _page(200, "Models and faults", *shelf.archives, *(f"/fault/{name}/...: {what}" for name, what in FAULTS.items()))
    if (found := shelf.find(path.removesuffix(".tar.gz"))) and path.endswith(".tar.gz"):
        return _archive(shelf.archives[found])
    if found is None:
        return _page(404, f"There is no model {path}", *shelf.archives)
    match format_:
        case "compressed":
            return _archive(shelf.archives[found])
        case "uncompressed":
            return _place(f"{BUCKET}{found}/uncompressed")
        case "":
            return _page(200, f"The model {found}", "A page for browsers. Programs add ?tf-hub-format=compressed.")
        case _:
            return _page(400, f"No format {format_}", "tf-hub-format is compressed or uncompressed")


def _faulty(shelf: Shelf, name: str, path: str, query: str, format_: str) -> Answer:
    if name in REDIRECTS:
        return _redirect(int(name), f"/moved{path}{query}")
    if hops := re.fullmatch(r"hops-([1-9][0-9]{0,2})", name):
        left = int(hops[1]) - 1
        return _redirect(302, f"{f'/fault/hops-{left}' if left else '/moved'}{path}{query}")
    if re.fullmatch("[45][0-9]{2}", name):
        return _page(int(name), responses.get(int(name), f"Status {name}"))
    if name in ANYWHERE:
        return ANYWHERE[name](f"{path}{query}")
    right, found = _healthy(shelf, path, format_), shelf.find(path)
    if name == "local":
        return _place(f"file:///models{path}") if right.status == 303 else right
    if name not in BROKEN:
        return _page(404, f"There is no fault {name}", *FAULTS)
    return BROKEN[name](shelf.archives[found]) if found and format_ == "compressed" else right


def _hostile(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Callable[[bytes], Answer]:
    return lambda archive: _archive(faults.with_member(archive, name, kind=kind, link=link))


def _half(archive: bytes, end: End) -> Answer:
    return replace(_archive(faults.truncated(archive)), length=len(archive), end=end)


def _slow(archive: bytes) -> Answer:
    size = -(-len(archive) // SLOW_PARTS)
    return replace(_archive(archive), body=lambda: _parts(archive, size), pause=SLOW_PAUSE_SECONDS)


ANYWHERE: Mapping[str, Callable[[str], Answer]] = {
    "loop": lambda rest: _redirect(302, f"/fault/loop{rest}"),
    "catalog": lambda _rest: _redirect(302, "/models?tfhub-redirect=true"),
    "html": lambda _rest: _page(200, "Please log in", "This network wants to know who you are."),
    "empty": lambda _rest: replace(_archive(b""), length=0),
    "silent": lambda _rest: Answer(status=None, end=End.HELD),
}
BROKEN: Mapping[str, Callable[[bytes], Answer]] = {
    "no-model": lambda _right: _archive(faults.without_model()),
    "no-folders": lambda archive: _archive(faults.without_folders(archive)),
    "truncated": lambda archive: _archive(faults.truncated(archive)),
    "cut": lambda archive: _archive(faults.cut_between_files(archive)),
    "corrupt": lambda archive: _archive(faults.corrupt(archive)),
    "hangup": lambda archive: _half(archive, End.CLOSED),
    "reset": lambda archive: _half(archive, End.RESET),
    "stall": lambda archive: _half(archive, End.HELD),
    "slow": _slow,
    "traversal": _hostile("../../outside.txt"),
    "absolute": _hostile(faults.OUTSIDE),
    "symlink": _hostile("assets/link", tarfile.SYMTYPE, "../../.."),
    "hardlink": _hostile("assets/link", tarfile.LNKTYPE, "../../outside.txt"),
    "huge": lambda _right: replace(_archive(b""), length=None, body=faults.huge),
    "sparse": lambda _right: _archive(faults.sparse()),
}


def _archive(archive: bytes) -> Answer:
    headers = (("Content-Type", "application/gzip"),)
    return Answer(status=200, headers=headers, length=len(archive), body=lambda: _parts(archive, PART_BYTES))


def _place(place: str) -> Answer:
    """Where the files are. urllib would follow a Location header; without one it raises, and hub reads the error's body."""
    return Answer(status=303, headers=(("Content-Type", "text/plain"),), length=len(place), body=lambda: (place.encode(),))


def _redirect(status: int, location: str) -> Answer:
    return Answer(status=status, headers=(("Location", location),), length=0)


def _page(status: int, title: str, *lines: str) -> Answer:
    text = "".join(f"<p>{escape(line)}</p>\n" for line in lines)
    body = f"<!doctype html>\n<title>{escape(title)}</title>\n<h1>{escape(title)}</h1>\n{text}".encode()
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html; charset=utf-8"),)
    headers += (("Retry-After", "1"),) if status in (429, 503) else ()
    return Answer(status=status, headers=headers, length=len(body), body=lambda: (body,))


def _parts(data: bytes, size: int) -> Iterable[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def _version(path: str) -> int:
    return int(path.rpartition("/")[2])
