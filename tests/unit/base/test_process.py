"""The process seam, without a process: what reaches a child, and how its end is told."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.base import process
from harness.base.process import FOR_CELLS, FOR_TOOLS, Completed, end_group, environment, run_async, signal_name


def only(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in tuple(os.environ):
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("name", "tools", "cells"),
    [
        ("PATH", True, True),
        ("HOME", True, False),
        ("LANG", True, True),
        ("LC_ALL", True, True),
        ("LD_LIBRARY_PATH", False, True),
        ("UV_CACHE_DIR", True, False),
        ("UV_", True, False),
        ("UV", False, False),
        ("XDG_DATA_HOME", True, False),
        ("http_proxy", True, False),
        ("https_proxy", True, False),
        ("HTTPS_PROXY", True, False),
        ("all_proxy", True, False),
        ("ALL_PROXY", True, False),
        ("MY_ALL_PROXY", False, False),
        ("HTTP_TOKEN", False, False),
        ("MY_UV_INDEX", False, False),
        ("PYTHONPATH", False, False),
        ("TF_USE_LEGACY_KERAS", False, False),
        ("TFHUB_CACHE_DIR", False, False),
        ("PYTEST_ADDOPTS", False, False),
        ("VIRTUAL_ENV", False, False),
        ("AWS_SECRET_ACCESS_KEY", False, False),
        ("CUDA_VISIBLE_DEVICES", False, True),
        ("TPU_NAME", False, True),
    ],
)
def test_only_allowed_variables_reach_a_child(monkeypatch: pytest.MonkeyPatch, name: str, tools: bool, cells: bool) -> None:
    only(monkeypatch, **{name: "value"})
    assert environment(FOR_TOOLS) == ({name: "value"} if tools else {})
    assert environment(FOR_CELLS) == ({name: "value"} if cells else {})


def test_what_the_caller_adds_wins_and_needs_no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, HOME="/home/me", PATH="/bin")
    assert environment(FOR_TOOLS, {"HOME": "/elsewhere", "NEW": "1"}) == {"HOME": "/elsewhere", "PATH": "/bin", "NEW": "1"}


@pytest.mark.parametrize(("code", "ok"), [(0, True), (1, False), (-9, False), (None, False)])
def test_ok_is_exit_code_zero_only(code: int | None, ok: bool) -> None:
    assert Completed(code=code, stdout="", stderr="").ok is ok


class Child:
    """Stands for asyncio's process: ends by itself with `code`, or when it gets one of `dies_of`."""

    pid = 4242

    def __init__(self, code: int | None = None, *, out: bytes = b"", err: bytes = b"", dies_of: tuple[int, ...] = (15, 9)) -> None:
        self.returncode: int | None = None
        self.dies_of = dies_of
        self.output = out, err
        self.signals: list[int] = []
        self.ended = asyncio.Event()
        if code is not None:
            self.end(code)

    def end(self, code: int) -> None:
        self.returncode = code
        self.ended.set()

    async def wait(self) -> int | None:
        await self.ended.wait()
        return self.returncode

    async def communicate(self, data: bytes | None) -> tuple[bytes, bytes]:
        self.given = data
        await self.ended.wait()
        return self.output

    def killpg(self, group: int, number: int) -> None:
        assert group == self.pid
        self.signals.append(number)
        if self.returncode is not None:
            raise ProcessLookupError
        if number in self.dies_of:
            self.end(-number)


def started(monkeypatch: pytest.MonkeyPatch, child: Child) -> dict[str, Any]:
    """Make the seam start `child`; gives what it was started with."""
    seen: dict[str, Any] = {}

    async def start(*argv: str, **options: Any) -> Child:
        seen.update(options, argv=argv)
        return child

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    monkeypatch.setattr(os, "killpg", child.killpg)
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.01)
    return seen


def test_run_gives_code_and_output(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        child = Child(3, out=b"out\xff", err="na\u00efve".encode())
        seen = started(monkeypatch, child)
        only(monkeypatch, HOME="/h", PYTHONPATH="/p")
        done = await run_async([Path("/bin/tool"), "a b"], timeout=5, env={"X": "1"}, cwd=Path("/tmp"), stdin="in")
        assert done == Completed(code=3, stdout="out\ufffd", stderr="na\u00efve")
        assert seen["argv"] == ("/bin/tool", "a b")
        assert seen["env"] == {"HOME": "/h", "X": "1"}
        assert seen["cwd"] == Path("/tmp")
        assert seen["start_new_session"] is True
        assert child.given == b"in"

    asyncio.run(go())


def test_a_process_at_its_limit_is_ended_and_has_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        child = Child(out=b"so far")
        started(monkeypatch, child)
        assert await run_async(["tool"], timeout=0.01) == Completed(code=None, stdout="so far", stderr="")
        assert child.signals[0] == signal.SIGTERM

    asyncio.run(go())


class Held(Child):
    """A process that left behind another one, which holds its pipes: talking with it never ends, waiting neither (3.11.7)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.closed = False
        self._transport = self

    async def wait(self) -> int | None:
        await asyncio.Event().wait()
        return self.returncode

    async def communicate(self, data: bytes | None) -> tuple[bytes, bytes]:
        self.given = data
        await asyncio.Event().wait()
        return self.output

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("dies_of", [(signal.SIGTERM, signal.SIGKILL), (signal.SIGKILL,)])
def test_pipes_that_stay_open_do_not_hold_up_a_process_at_its_limit(
    monkeypatch: pytest.MonkeyPatch, dies_of: tuple[int, ...]
) -> None:
    async def go() -> None:
        child = Held(out=b"never read", dies_of=dies_of)
        started(monkeypatch, child)
        done = await asyncio.wait_for(run_async(["tool"], timeout=0.01), 10)
        assert done == Completed(code=None, stdout="", stderr="")
        assert (child.returncode, child.closed) == (-dies_of[0], True)

    asyncio.run(go())


def test_a_cancelled_call_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        child = Child()
        started(monkeypatch, child)
        call = asyncio.ensure_future(run_async(["tool"], timeout=60))
        await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert child.returncode is not None

    asyncio.run(go())


def test_the_group_gets_sigterm_then_sigkill(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        child = Child(dies_of=(signal.SIGKILL,))
        started(monkeypatch, child)
        await end_group(child)  # type: ignore[arg-type]
        assert child.signals == [signal.SIGTERM, signal.SIGKILL]
        assert child.returncode == -signal.SIGKILL

    asyncio.run(go())


def test_what_a_dead_process_left_in_its_group_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        child = Child(0)
        started(monkeypatch, child)
        await end_group(child)  # type: ignore[arg-type]
        assert child.signals == [signal.SIGTERM, signal.SIGKILL]

    asyncio.run(go())


def test_a_signal_is_told_by_its_name_or_else_its_number() -> None:
    assert signal_name(11) == "SIGSEGV"
    assert signal_name(signal.SIGKILL) == "SIGKILL"
    assert signal_name(63) == "signal 63"


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Popen.__init__", lambda: subprocess.run(["true"], check=False)),
        ("os.fork", lambda: os.fork()),
        ("os.posix_spawn", lambda: os.posix_spawn("/bin/true", ["true"], {})),
        ("os.system", lambda: os.system("true")),
        ("asyncio.create_subprocess_exec", lambda: asyncio.create_subprocess_exec("true")),
        ("asyncio.subprocess.create_subprocess_shell", lambda: asyncio.subprocess.create_subprocess_shell("true")),
    ],
)
def test_unit_tests_start_no_process(name: str, start: Any) -> None:
    told = f"unit tests start no process, but {name} was called; such a test is an integration test"
    with pytest.raises(AssertionError) as caught:
        start()
    assert str(caught.value) == told


@pytest.mark.parametrize("noticed", [True, False], ids=["running", "exited"])
def test_an_exit_that_nobody_notices_is_not_waited_for_ever(monkeypatch: pytest.MonkeyPatch, noticed: bool) -> None:
    """Where a process neither ends by SIGKILL nor is seen to end, the driver goes on, and hears its own signals."""

    async def go() -> None:
        child = Child(dies_of=())
        started(monkeypatch, child)
        monkeypatch.setattr(process, "_has_exited", lambda _: not noticed)
        monkeypatch.setattr(process, "NOTICE_SECONDS", 0.02)
        monkeypatch.setattr(process, "KILLED_SECONDS", 0.02)
        await asyncio.wait_for(end_group(child), 5)  # type: ignore[arg-type]
        assert child.returncode is None

    asyncio.run(go())
