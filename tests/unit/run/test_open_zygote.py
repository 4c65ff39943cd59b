"""The driver's end of the socket: what a zygote says, and what its silence means."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from harness.domain import Status, Trouble
from harness.environments.uv import Failure
from harness.incell.hubmatrix_messages import CellRequest, EndReason, ProcessEnd, Setup
from harness.run import zygote
from harness.run.zygote import Zygote, open_zygote

READY = {"event": "ready"}
LOST = ProcessEnd(reason=EndReason.LOST)


def request(name: str) -> CellRequest:
    values: dict[str, Any] = {**dict.fromkeys(CellRequest._fields, ""), "id": name, "program": "cell.py"}
    return CellRequest(**values)


class Peer:
    """Stands for the process: holds the other end of the socket, does what the test tells it, then ends with `code`."""

    pid = 2**22 + 1  # above every process id

    def __init__(self, descriptor: int, act: Callable[[Peer], Awaitable[int]]) -> None:
        self.returncode: int | None = None
        self.control = socket.socket(fileno=os.dup(descriptor))
        self.control.setblocking(False)
        self.rest = b""
        self._ended = asyncio.ensure_future(self._play(act))

    async def _play(self, act: Callable[[Peer], Awaitable[int]]) -> None:
        try:
            code = await act(self)
        finally:
            self.control.close()
        self.returncode = code

    async def hear(self) -> Any:
        loop = asyncio.get_running_loop()
        while b"\n" not in self.rest:
            data = await loop.sock_recv(self.control, 65536)
            if not data:
                return None
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return json.loads(line)

    async def say(self, **message: Any) -> None:
        await asyncio.get_running_loop().sock_sendall(self.control, json.dumps(message).encode() + b"\n")

    async def wait(self) -> int | None:
        await asyncio.shield(self._ended)
        return self.returncode

    def killpg(self, group: int, number: int) -> None:
        assert group == self.pid
        if self.returncode is None:
            self._ended.cancel()
            self.returncode = -number
        else:
            raise ProcessLookupError


@pytest.fixture
def meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`await meet(act)`: open a zygote whose other end is `act`. `import.txt` says what it printed."""

    async def one(act: Callable[[Peer], Awaitable[int]], *, timeout: float = 5.0, preload: bool = True) -> Zygote | Failure:
        async def start(*argv: str, pass_fds: list[int], stdout: Any, **options: Any) -> Peer:
            assert argv[0] == "/venv/bin/python"
            assert argv[-1] == str(pass_fds[0])
            assert options["env"]["TF_USE_LEGACY_KERAS"] == "1"
            assert "PYTHONPATH" not in options["env"]
            stdout.write(b"printed")
            peer = Peer(pass_fds[0], act)
            monkeypatch.setattr(os, "killpg", peer.killpg)
            return peer

        monkeypatch.setenv("PYTHONPATH", "/somewhere")
        monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
        return await open_zygote(
            Path("/venv/bin/python"),
            Setup(modules=("tensorflow",), toolchain="/pytest", preload=preload),
            {"TF_USE_LEGACY_KERAS": "1"},
            tmp_path / "import.txt",
            timeout=timeout,
        )

    return one


def run(go: Callable[[], Awaitable[None]]) -> None:
    """Fails rather than hangs, and on any error that nobody waited for."""
    lost: list[Any] = []

    async def inside() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: lost.append(context))
        await asyncio.wait_for(go(), 10)

    asyncio.run(inside())
    import gc

    gc.collect()
    assert lost == []


def test_ready(meet: Any) -> None:
    async def go() -> None:
        heard = []

        async def act(peer: Peer) -> int:
            heard.append(await peer.hear())
            await peer.say(**READY)
            assert await peer.hear() is None
            return 0

        found = await meet(act)
        assert isinstance(found, Zygote)
        await found.close()
        assert heard == [{"modules": ["tensorflow"], "toolchain": "/pytest", "preload": True, "work": "", "fence": None}]

    run(go)


def test_each_cell_gets_its_own_verdict(meet: Any) -> None:
    async def go() -> None:
        async def act(peer: Peer) -> int:
            await peer.hear()
            await peer.say(**READY)
            first, second = await peer.hear(), await peer.hear()
            crash = {"reason": "exited", "code": None, "signal": 11, "peak_bytes": 7}
            await peer.say(id=second["id"], end=crash)
            await peer.say(id="nobody", end=None)
            await peer.say(id=first["id"], end=None)
            await peer.hear()
            return 0

        found = await meet(act)
        verdicts = await asyncio.gather(found.run(request("one")), found.run(request("two")))
        assert verdicts == [LOST, ProcessEnd(reason=EndReason.EXITED, signal=11, peak_bytes=7)]
        await found.close()

    run(go)


def test_cells_of_a_zygote_that_died_are_lost(meet: Any) -> None:
    async def go() -> None:
        async def act(peer: Peer) -> int:
            await peer.hear()
            await peer.say(**READY)
            await peer.hear()
            return -9

        found = await meet(act)
        assert await found.run(request("one")) == LOST
        assert await found.run(request("two")) == LOST
        await found.close()

    run(go)


def test_a_verdict_for_a_cancelled_cell_disturbs_no_other(meet: Any) -> None:
    async def go() -> None:
        asked, cancelled = asyncio.Event(), asyncio.Event()

        async def act(peer: Peer) -> int:
            await peer.hear()
            await peer.say(**READY)
            await peer.hear()
            await peer.hear()
            asked.set()
            await cancelled.wait()
            for name in ("one", "two"):
                await peer.say(id=name, end={"reason": "exited", "code": 0})
            await peer.hear()
            return 0

        found = await meet(act)
        one, two = (asyncio.ensure_future(found.run(request(name))) for name in ("one", "two"))
        await asked.wait()
        one.cancel()
        await asyncio.sleep(0)
        cancelled.set()
        assert await two == ProcessEnd(reason=EndReason.EXITED, code=0)
        await found.close()

    run(go)


def refused(meet: Any, act: Callable[[Peer], Awaitable[int]], **options: Any) -> Failure:
    seen: list[Failure] = []

    async def go() -> None:
        found = await meet(act, **options)
        assert isinstance(found, Failure)
        seen.append(found)

    run(go)
    return seen[0]


def test_an_import_that_raises_is_told_in_pythons_words(meet: Any) -> None:
    async def act(peer: Peer) -> int:
        await peer.hear()
        words = "\nTypeError: Descriptors cannot be created directly.\nIf this call came from a _pb2.py file, ..."
        await peer.say(event="import_failed", message=words, evidence="Traceback ...")
        return 0

    assert refused(meet, act) == Failure(
        status=Status.IMPORT_FAILED,
        trouble=None,
        message="TypeError: Descriptors cannot be created directly.",
        evidence="Traceback ...",
    )


def test_an_import_that_says_very_much_is_no_error_of_ours(meet: Any) -> None:
    """asyncio's streams take lines of 64 KiB unless told otherwise."""

    async def act(peer: Peer) -> int:
        await peer.hear()
        await peer.say(event="import_failed", message="E: x", evidence="y" * 300_000)
        return 0

    assert len(refused(meet, act).evidence) == 300_000


@pytest.mark.parametrize(
    ("code", "status", "trouble", "message"),
    [
        (
            -signal.SIGKILL,
            Status.UNAVAILABLE,
            Trouble.KILLED,
            "the import was killed from outside (SIGKILL): out of memory, or by hand",
        ),
        (-signal.SIGSEGV, Status.IMPORT_FAILED, None, "import ended by SIGSEGV"),
        (
            -signal.SIGILL,
            Status.UNAVAILABLE,
            Trouble.DEVICE,
            "the import was ended by SIGILL: this processor lacks an instruction that the packages were built for",
        ),
        (-signal.SIGTERM, Status.UNAVAILABLE, Trouble.KILLED, "the import was killed from outside (SIGTERM)"),
        (120, Status.UNAVAILABLE, Trouble.DISK, "the import could not write its output: the disk is full"),
        (3, Status.IMPORT_FAILED, None, "import ended the interpreter with exit code 3"),
        (0, Status.IMPORT_FAILED, None, "import ended the interpreter with exit code 0"),
    ],
)
def test_an_import_that_ends_the_interpreter(meet: Any, code: int, status: Status, trouble: Trouble | None, message: str) -> None:
    async def act(peer: Peer) -> int:
        await peer.hear()
        return code

    assert refused(meet, act) == Failure(status=status, trouble=trouble, message=message, evidence="printed")


def test_an_import_at_its_limit(meet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(peer: Peer) -> int:
        await peer.hear()
        await peer.hear()  # until the driver hangs up
        return 0

    found = refused(meet, act, timeout=0.05)
    assert found == Failure(status=Status.TIMED_OUT, trouble=None, message="import took longer than 0 s", evidence="printed")


def test_a_long_log_keeps_its_end(tmp_path: Path) -> None:
    log = tmp_path / "import.txt"
    log.write_bytes(b"begin" + b"x" * 10_000 + b"\xffend")
    assert zygote._tail(log).endswith("x\ufffdend")
    assert len(zygote._tail(log)) <= 8000
    assert zygote._tail(tmp_path / "absent") == ""
