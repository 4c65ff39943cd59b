"""Services run only where they are needed, and are told apart from what a run measures."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from harness.base.workspace import Workspace
from harness.domain import Limits, Service, Status, Trouble
from harness.environments.uv import Failure
from harness.services import running as services
from harness.services.running import digest_of

LIMITS = Limits(case_seconds=120, import_seconds=1, install_seconds=1, memory_bytes=2**33, free_disk_bytes=1)


def running(needed: Iterable[Service], place: Path = Path("/nowhere")) -> AbstractContextManager[services.Running]:
    absent = Failure(status=Status.UNAVAILABLE, trouble=Trouble.DEVICE, message="no CPython 3.12", evidence="")
    return services.running(needed, {Service.TPU_COMPILER: absent}, Workspace(root=place), place, LIMITS)


def test_nothing_runs_that_nobody_asked_for() -> None:
    with running(()) as beside:
        assert (beside.environ, beside.names) == ({}, {})


def test_the_hub_server_serves_every_replica_while_it_is_needed() -> None:
    with running([Service.HUB_SERVER, Service.HUB_SERVER]) as beside:
        address = beside.environ["HUBMATRIX_HUB_SERVER"]
        assert beside.names == {address: "$HUB", address.removeprefix("http://"): "$HUB"}
        asked = f"{address}/google/bert_uncased_L-12_H-768_A-12/1?tf-hub-format=compressed"
        with urllib.request.urlopen(asked, timeout=5) as response:
            assert response.read(2) == b"\x1f\x8b"
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=5)


def test_each_service_has_a_digest_that_stays() -> None:
    assert {digest_of(service) for service in Service} == {digest_of(service) for service in Service}
    assert all(len(digest_of(service)) == 64 for service in Service)


def test_a_compiler_that_cant_be_had_says_so_to_whoever_asks(tmp_path: Path) -> None:
    with running([Service.TPU_COMPILER], tmp_path) as beside:
        address = beside.environ["HUBMATRIX_TPU_COMPILER"]
        assert beside.names == {address: "$COMPILER"}
        assert Path(beside.environ["HUBMATRIX_TPU_OUTPUTS"]).is_dir()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(address)
            with connection.makefile("rw") as stream:
                stream.write('{"op": "compile", "hlo": "/x", "chip": "v5e"}\n')
                stream.flush()
                answer = json.loads(stream.readline())
    assert (answer["outcome"], answer["message"]) == ("unavailable", "no CPython 3.12")
