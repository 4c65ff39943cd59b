"""The process seam with real processes: the limit holds, whatever a process left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from harness.base.process import Completed, run_async

ESCAPES = """
import os, signal, sys, time
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    with open(sys.argv[1] + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(60)
"""


@pytest.fixture
def escaped(tmp_path: Path) -> Iterator[Path]:
    """The file in which the grandchild that left the group writes its pid. The seam can't end it: that is done here."""
    path = tmp_path / "pid"
    yield path
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(path.read_text()), signal.SIGKILL)


@pytest.mark.parametrize("manners", ["polite", "stubborn"])
def test_a_grandchild_that_holds_the_pipes_does_not_outlast_the_limit(escaped: Path, manners: str) -> None:
    async def go() -> tuple[Completed, float]:
        started = time.monotonic()
        # The outer limit is the test's own: without it a seam that waits for the pipes would hold the suite for a minute.
        done = await asyncio.wait_for(run_async([sys.executable, "-c", ESCAPES, str(escaped), manners], timeout=1), 30)
        return done, time.monotonic() - started

    done, seconds = asyncio.run(go())
    assert (done.code, done.ok) == (None, False)
    assert 1 <= seconds < 10
    grandchild = psutil.Process(int(escaped.read_text()))
    assert os.getsid(grandchild.pid) == grandchild.pid, "it did not leave the group, so this test shows nothing"
