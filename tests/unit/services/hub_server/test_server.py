"""The server over real sockets of this machine: what only a socket can show."""

from __future__ import annotations

import io
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from harness.base.errors import MachineError, SpecError
from harness.models import replicas
from harness.services.hub_server import server
from harness.services.hub_server.answers import HubArchives
from harness.services.hub_server.server import Server

ARCHIVE = bytes(range(256)) * 2000
SHELF = HubArchives(by_path={"/google/bert/1": ARCHIVE})
TARGET = "/google/bert/1?tf-hub-format=compressed"


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server.serving(SHELF) as one:
        yield one


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=5) as response:
        data: bytes = response.read()
    return data


def test_the_archive_arrives_whole(running: Server) -> None:
    assert get(running.address + TARGET) == ARCHIVE


def test_a_redirect_is_followed(running: Server) -> None:
    assert get(f"{running.address}/fault/hops-3{TARGET}") == ARCHIVE


def test_a_loop_is_noticed_by_the_client(running: Server) -> None:
    with pytest.raises(urllib.error.HTTPError, match="infinite loop"):
        get(f"{running.address}/fault/loop{TARGET}")


def test_head_has_no_body(running: Server) -> None:
    asked = urllib.request.Request(running.address + TARGET, method="HEAD")
    with urllib.request.urlopen(asked, timeout=5) as response:
        assert (response.headers["Content-Length"], response.read()) == (str(len(ARCHIVE)), b"")


def test_other_methods_are_refused(running: Server) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(running.address, data=b"x", timeout=5):
        pass
    with caught.value as answer:
        assert answer.code == 501


def test_a_hangup_is_short(running: Server) -> None:
    with urllib.request.urlopen(f"{running.address}/fault/hangup{TARGET}", timeout=5) as response:
        assert response.headers["Content-Length"] == str(len(ARCHIVE))
        assert response.read(len(ARCHIVE)) == ARCHIVE[: len(ARCHIVE) // 2]


def test_a_reset_is_one(running: Server) -> None:
    with pytest.raises(ConnectionResetError):
        get(f"{running.address}/fault/reset{TARGET}")


def test_silence_lasts_until_the_client_leaves(running: Server) -> None:
    asked = urllib.request.Request(f"{running.address}/fault/silent{TARGET}")
    with pytest.raises(TimeoutError), urllib.request.urlopen(asked, timeout=0.5):
        pass


def test_a_client_that_leaves_in_the_middle_disturbs_nobody(running: Server) -> None:
    with urllib.request.urlopen(f"{running.address}/fault/huge{TARGET}", timeout=5) as response:
        assert response.read(1000)
    assert get(running.address + TARGET) == ARCHIVE


def test_it_ends_at_once_while_connections_are_held() -> None:
    with server.serving(SHELF) as one:
        connection = socket.create_connection(("127.0.0.1", int(one.address.rpartition(":")[2])), timeout=5)
        connection.sendall(b"GET /fault/silent/google/bert/1 HTTP/1.0\r\n\r\n")
        time.sleep(0.1)
        started = time.monotonic()
    with connection:
        assert time.monotonic() - started < 2.0
        assert connection.recv(1) == b""


def test_requests_are_told_as_json_lines() -> None:
    log = io.StringIO()
    with server.serving(SHELF, log=log) as one:
        get(one.address + TARGET)
        get(f"{one.address}/fault/302{TARGET}")
        deadline = time.monotonic() + 5  # an answer is told after it was sent
        while len(log.getvalue().splitlines()) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    told = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {(line["target"], line["status"], line["sent"]) for line in told} == {
        (TARGET, 200, len(ARCHIVE)),
        (f"/fault/302{TARGET}", 302, 0),
        (f"/moved{TARGET}", 200, len(ARCHIVE)),
    }


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "localhost", ""])
def test_it_listens_to_this_machine_alone(host: str) -> None:
    with pytest.raises(SpecError, match="isn't an address of this machine alone"), server.serving(SHELF, host=host):
        pass


def test_a_port_that_is_taken(running: Server) -> None:
    port = int(running.address.rpartition(":")[2])
    with pytest.raises(MachineError, match="can't listen"), server.serving(SHELF, port=port):
        pass


def test_every_replica_stands_under_its_published_path() -> None:
    paths = server.archives_of(replicas.every()).by_path
    assert {f"https://tfhub.dev{path}" for path in paths} == {replica.manifest.handle for replica in replicas.every()}
