"""The local Hub server: the committed replicas under their published paths, on this machine only, with faults on request.

Sockets and threads; `answers` decides on the responses. Standard library: a library for servers is made to prevent wrong
lengths, bodies that stop in the middle and connections that are reset.
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
from harness.services.hub_server.answers import ConnectionEnd, HubArchives, HubResponse

LOOPBACK = "127.0.0.1"
LONGEST_SECONDS = 600.0
"""The longest time that a connection is left open and silent."""
BEFORE_RESET_SECONDS = 0.1
LOOK_SECONDS = 0.2


def archives_of(chosen: Iterable[Replica]) -> HubArchives:
    """Pack the replicas as their publishers did, under the paths of their handles."""
    return HubArchives(
        by_path={urlsplit(replica.manifest.handle).path: faults.published(replica.archive.read_bytes()) for replica in chosen}
    )


def server_digest() -> str:
    """Return the digest of all that can change a response: the server's sources and the replicas."""
    sources = (Path(str(module.__file__)) for module in (answers, faults))
    manifests = (replicas.manifest_path(replica.manifest.id) for replica in replicas.every())
    combined = sha256()
    for path in sorted({Path(__file__), *sources, *manifests}):
        combined.update(f"{path.name}\0{sha256(path.read_bytes()).hexdigest()}\n".encode())
    return combined.hexdigest()


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `address` is its base URL, without a slash at the end."""

    address: str


@contextmanager
def serving(archives: HubArchives, *, host: str = LOOPBACK, port: int = 0, log: TextIO | None = None) -> Iterator[Server]:
    """Serve in threads of this process until the block ends; port 0 takes a free one. `log` gets a JSON line a request."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise SpecError(
            f"{host!r} isn't an address of this machine alone", location="--host", hint=f"{LOOPBACK} or another in 127.*"
        )
    try:
        listener = _Listener((host, port), archives, log)
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
    # A response may be left open for minutes: neither the end of a run nor that of the interpreter waits for it.
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], archives: HubArchives, log: TextIO | None) -> None:
        self.archives, self.log = archives, log
        self.ending = threading.Event()
        self._writing = threading.Lock()  # each request has a thread, and the log one line a request
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: clients that leave early are what faults are for."""

    def tell(self, response: HubResponse, target: str, sent: int) -> None:
        if self.log is not None:
            moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            line = json.dumps(
                {"time": moment, "target": target, "status": response.status, "sent": sent, "end": response.end.value}
            )
            with self._writing:
                self.log.write(line + "\n")
                self.log.flush()


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    server_version = "hubmatrix"
    timeout = 60  # seconds, for a client that connects and asks nothing

    def do_GET(self) -> None:
        response = answers.respond(self.server.archives, self.path)
        sent = 0
        # The log line is written also where the client leaves in the middle, which raises.
        try:
            self._head(response)
            if self.command != "HEAD":
                for part in response.body():
                    self.wfile.write(part)
                    sent += len(part)
                    if response.pause and self.server.ending.wait(response.pause):
                        break
            self._finish(response.end)
        finally:
            self.server.tell(response, self.path, sent)

    do_HEAD = do_GET

    def _head(self, response: HubResponse) -> None:
        if response.status is None:
            return
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.length is not None:
            self.send_header("Content-Length", str(response.length))
        self.end_headers()

    def _finish(self, end: ConnectionEnd) -> None:
        match end:
            case ConnectionEnd.CLOSED:
                pass
            case ConnectionEnd.RESET:
                self.server.ending.wait(BEFORE_RESET_SECONDS)  # what was sent arrives before the reset does
                # Linger of zero seconds: close sends RST instead of FIN.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # Detached: http.server would shut the socket down in an orderly way before it closes it.
                socket.close(self.connection.detach())
            case ConnectionEnd.LEFT_OPEN:
                self._hold()

    def _hold(self) -> None:
        """Keep the connection open until the client leaves, the server ends, or LONGEST_SECONDS passed."""
        for _ in range(int(LONGEST_SECONDS / LOOK_SECONDS)):
            with suppress(OSError, ValueError):
                readable, _, _ = select.select([self.connection], [], [], 0)
                if readable and not self.connection.recv(1):
                    return
            if self.server.ending.wait(LOOK_SECONDS):
                return

    def log_message(self, format: str, *args: object) -> None:
        """Drop the lines that http.server writes to the terminal; our log is JSON, and only on request."""
