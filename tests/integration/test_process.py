"""The process seam with real processes: the limit holds, whatever a process left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
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


DRIVER = """
import asyncio, sys
from harness.base.process import run_async
asyncio.run(run_async([sys.executable, "-c", "import os, time; print(os.getpid(), file=open(%r, 'w'), flush=True); time.sleep(60)"],
                      timeout=60, with_driver=True))
"""


def test_what_belongs_to_a_driver_ends_with_it_however_that_ends(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with subprocess.Popen([sys.executable, "-c", DRIVER % str(path)]) as driver:
        until = time.monotonic() + 20
        while not (path.exists() and path.read_text()) and time.monotonic() < until:
            time.sleep(0.02)
        child = psutil.Process(int(path.read_text()))
        driver.kill()
        driver.wait()
    gone, _ = psutil.wait_procs([child], timeout=5)
    assert gone == [child]


def test_an_exit_is_noticed_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    done = asyncio.run(run_async([sys.executable, "-c", "print(1)"], timeout=20, with_driver=True))
    assert done == Completed(code=0, stdout="1\n", stderr="")


def test_tests_hear_ctrl_c_also_in_the_background_of_a_script() -> None:
    """A shell starts what is in the background of a script with SIGINT ignored, which every process inherits."""
    script = (
        "import os, signal, pytest; from tests import conftest; conftest.pytest_configure(); os.kill(os.getpid(), signal.SIGINT)"
    )
    ignoring = "import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.executable, sys.argv[1:])"
    argv = [sys.executable, "-c", ignoring, sys.executable, "-c", script]
    assert "KeyboardInterrupt" in subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False).stderr


def test_an_exit_is_noticed_in_the_loop_of_another_thread_too() -> None:
    """As services have, while the main thread runs no loop."""
    ended: list[Completed] = []
    argv = [sys.executable, "-c", "print(1)"]
    thread = threading.Thread(target=lambda: ended.append(asyncio.run(run_async(argv, timeout=20))))
    thread.start()
    thread.join()
    assert ended == [Completed(code=0, stdout="1\n", stderr="")]
