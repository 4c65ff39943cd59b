"""The local Hub server: the committed replicas under their published paths, on this machine only, with faults on request.

Sockets and threads; what is said is decided by `answers`. Standard library: a server that must send wrong lengths, stop in
the middle and reset connections is what a library for servers is made to prevent.
"""

from __future__ import annotations

import ipaddress
import json
import select
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from harness.base.errors import MachineError, SpecError
from harness.models import replicas
from harness.models.replicas import Replica
from harness.services.hub_server import answers, faults
from harness.services.hub_server.answers import Answer, End, Shelf

LOOPBACK = "127.0.0.1"
HELD_SECONDS = 600.0
"""The longest that a connection is held open without a word."""
BEFORE_RESET_SECONDS = 0.1
LOOK_SECONDS = 0.2


def shelf(chosen: Iterable[Replica]) -> Shelf:
    """The replicas, packed as their publishers did, under the paths of their handles."""
    return Shelf(
        archives={urlsplit(replica.manifest.handle).path: faults.published(replica.archive.read_bytes()) for replica in chosen}
    )


def digest() -> str:
    """Of all that can change what the server says: its sources and the replicas."""
    sources = (Path(str(module.__file__)) for module in (answers, faults))
    manifests = (replicas.manifest_path(replica.manifest.id) for replica in replicas.every())
    found = sha256()
    for path in sorted({Path(__file__), *sources, *manifests}):
        found.update(f"{path.name}\0{sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs. `address` is its base URL, without a slash at the end."""

    address: str


@contextmanager
def serving(models: Shelf, *, host: str = LOOPBACK, port: int = 0, log: TextIO | None = None) -> Iterator[Server]:
    """Serve in threads of this process until the block ends; port 0 takes a free one. `log` gets a JSON line a request."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise SpecError(f"{host!r} is no address of this machine alone", location="--host", hint=f"{LOOPBACK} or another in 127.*")
    try:
        listener = _Listener((host, port), models, log)
    except OSError as error:
        hint = "another port, or 0 for a free one"
        raise MachineError(f"can't listen: {error.strerror}", location=f"{host}:{port}", hint=hint) from error
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": LOOK_SECONDS}, daemon=True)
    thread.start()
    try:
        yield Server(f"http://{host}:{listener.server_address[1]}")
    finally:
        listener.ending.set()
        listener.shutdown()
        thread.join()
        listener.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, place: tuple[str, int], models: Shelf, log: TextIO | None) -> None:
        self.models, self.log = models, log
        self.ending = threading.Event()
        self._writing = threading.Lock()
        super().__init__(place, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left is no news."""

    def tell(self, said: Answer, target: str, sent: int) -> None:
        if self.log is not None:
            moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            line = json.dumps({"time": moment, "target": target, "status": said.status, "sent": sent, "end": said.end.value})
            with self._writing:
                self.log.write(line + "\n")
                self.log.flush()


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    server_version = "hubmatrix"
    timeout = 60  # for a request that never comes

    def do_GET(self) -> None:
        said = answers.answer(self.server.models, self.path)
        sent = 0
        try:
            self._head(said)
            if self.command != "HEAD":
                for part in said.body():
                    self.wfile.write(part)
                    sent += len(part)
                    if said.pause and self.server.ending.wait(said.pause):
                        break
            self._finish(said.end)
        finally:
            self.server.tell(said, self.path, sent)

    do_HEAD = do_GET

    def _head(self, said: Answer) -> None:
        if said.status is None:
            return
        self.send_response(said.status)
        for name, value in said.headers:
            self.send_header(name, value)
        if said.length is not None:
            self.send_header("Content-Length", str(said.length))
        self.end_headers()

    def _finish(self, end: End) -> None:
        match end:
            case End.CLOSED:
                pass
            case End.RESET:
                self.server.ending.wait(BEFORE_RESET_SECONDS)  # what was sent arrives before the reset does
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                socket.close(self.connection.detach())
            case End.HELD:
                self._hold()

    def _hold(self) -> None:
        """Until the client leaves, the server ends, or for as long as anybody may wait."""
        for _ in range(int(HELD_SECONDS / LOOK_SECONDS)):
            with suppress(OSError, ValueError):
                readable, _, _ = select.select([self.connection], [], [], 0)
                if readable and not self.connection.recv(1):
                    return
            if self.server.ending.wait(LOOK_SECONDS):
                return

    def log_message(self, format: str, *args: object) -> None:
        """The standard's own log goes to the terminal; ours is JSON and only where asked for."""
