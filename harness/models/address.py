"""Addresses of servers that users type: what they say, and apart from it what lets a user in.

A name and a password in an address are sent to that server, and are nowhere else: not in results, pages, messages or folders.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from harness.base.errors import ModelError, SpecError

SCHEMES = ("https://", "http://")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """An address without a user in it. `authorization` is the header that lets the user in, "" without one."""

    url: str
    authorization: str = field(default="", repr=False)


def read_server(text: str) -> ServerAddress:
    """Return the server that `--hub-url` names. Raises SpecError if the text isn't an address."""
    try:
        if text.startswith(SCHEMES):
            return _without_user(text)
    except ValueError:
        pass
    address = repr(text.rpartition("@")[2])
    raise SpecError(f"{address} isn't the address of a server", location="--hub-url", hint="such as http://127.0.0.1:8700")


def read_handle(text: str) -> ServerAddress:
    """Return the address that a handle is. Raises ModelError if it isn't one."""
    try:
        return _without_user(text)
    except ValueError as error:
        raise ModelError("not an address", location=text.rpartition("@")[2]) from error


def _without_user(text: str) -> ServerAddress:
    parts = urlsplit(text)
    user, _, server = parts.netloc.rpartition("@")
    parts.port  # noqa: B018  (raises ValueError for one that isn't a number)
    token = base64.b64encode(":".join(map(unquote, user.partition(":")[::2])).encode()).decode()
    return ServerAddress(url=parts._replace(netloc=server).geturl(), authorization=f"Basic {token}" if user else "")
