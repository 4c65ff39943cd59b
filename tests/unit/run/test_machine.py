"""How much at once, and how a run hears that it is interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
from types import SimpleNamespace

import pytest

from harness.run import machine
from harness.run.machine import BYTES_PER_SLOT, slots, until_interrupted


@pytest.mark.parametrize(("jobs", "gigabytes", "expected"), [(None, 64, 4), (None, 5, 2), (None, 1, 1), (7, 1, 7)])
def test_as_many_as_cores_and_memory_allow(
    jobs: int | None, gigabytes: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert BYTES_PER_SLOT == 2 * 2**30
    monkeypatch.setattr(machine, "cores", lambda: 4)
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: SimpleNamespace(available=gigabytes * 2**30))
    assert slots(jobs) == expected


def test_work_that_ends() -> None:
    assert asyncio.run(until_interrupted(asyncio.sleep(0)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_work_that_is_interrupted(number: int) -> None:
    async def work() -> None:
        os.kill(os.getpid(), number)
        await asyncio.sleep(60)

    assert not asyncio.run(until_interrupted(work()))
