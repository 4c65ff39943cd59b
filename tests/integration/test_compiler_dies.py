"""The compiler may crash, hang, eat memory, talk rubbish or be killed: it costs one question, and the next one is answered.

The workers are miniatures: a few lines each in place of jax and libtpu, which do what the question tells them to.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from harness.services.tpu_compiler.answer_store import AnswerStore
from harness.services.tpu_compiler.service import Compiler, serving
from harness.services.tpu_compiler.supervisor import Supervisor, WorkerLimits

Answer = TypeVar("Answer")
WORKER = """
    import json, os, signal, socket, sys, time
    channel = socket.socket(fileno=int(sys.argv[1])).makefile("rwb")
    def say(what):
        channel.write(what + b"\\n")
        channel.flush()
    say(b'{"ready": true}')
    for line in channel:
        asked = json.loads(line)
        print("asked", asked, flush=True)
        exec(asked.get("do", ""))
        say(json.dumps({"outcome": "compiled", "pid": os.getpid(), "who": asked.get("who")}).encode())
"""
LIMITS = WorkerLimits(seconds=20, start_seconds=20, memory_bytes=2**30, idle_bytes=2**29)


def with_worker(
    folder: Path, use: Callable[[Supervisor], Awaitable[Answer]], *, worker: str = WORKER, limits: WorkerLimits = LIMITS
) -> Answer:
    script = folder / "worker.py"
    script.write_text(textwrap.dedent(worker))

    async def main() -> Answer:
        supervisor = Supervisor(command=(sys.executable, script), workdir=folder / "work", limits=limits)
        try:
            return await use(supervisor)
        finally:
            await supervisor.close()

    return asyncio.run(main())


def ask_each(folder: Path, *questions: dict[str, Any], **options: Any) -> tuple[list[dict[str, Any]], int]:
    """The answers, and how many workers it took."""

    async def use(supervisor: Supervisor) -> tuple[list[dict[str, Any]], int]:
        return [dict(await supervisor.ask(question)) for question in questions], supervisor.starts

    return with_worker(folder, use, **options)


def test_one_worker_answers_all(tmp_path: Path) -> None:
    answers, starts = ask_each(tmp_path, *({"who": number} for number in range(5)))
    assert [answer["who"] for answer in answers] == list(range(5))
    assert (len({answer["pid"] for answer in answers}), starts) == (1, 1)


def test_a_crash_costs_one_question(tmp_path: Path) -> None:
    crash = {"do": "print('F1120 19:38:35.679264   27763 shape_util.cc:1039] Check failed: x', flush=True); os.abort()"}
    (before, crashed, after), _ = ask_each(tmp_path, {"who": 1}, crash, {"who": 2})
    assert (before["who"], after["who"]) == (1, 2)
    assert crashed["outcome"] == "crashed"
    assert crashed["message"] == "the compiler ended by SIGABRT: shape_util.cc:1039] Check failed: x"
    assert "Check failed: x" in crashed["evidence"]


def test_a_crash_counts_where_a_fresh_worker_crashes_too(tmp_path: Path) -> None:
    """What a worker has been through before may be the reason as well."""
    spoilt = {"do": "globals().update(spoilt=True)"}
    sensitive = {"do": "'spoilt' in globals() and os.abort()", "who": "innocent"}
    (_, answer), starts = ask_each(tmp_path, spoilt, sensitive)
    assert (answer["outcome"], answer["who"], starts) == ("compiled", "innocent", 2)


def test_a_worker_that_leaves(tmp_path: Path) -> None:
    (left, after), _ = ask_each(tmp_path, {"do": "sys.exit(3)"}, {"who": 2})
    assert (left["outcome"], left["message"]) == ("crashed", "the compiler ended with exit code 3")
    assert after["who"] == 2


def test_a_hang_costs_one_question(tmp_path: Path) -> None:
    hang = {"do": "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('at it', flush=True); time.sleep(600)"}
    limits = WorkerLimits(seconds=1, start_seconds=20)
    (_, hung, after), starts = ask_each(tmp_path, {}, hang, {"who": 2}, limits=limits)
    assert (hung["outcome"], hung["message"]) == ("timed_out", "no answer from the compiler after 1 s")
    assert "at it" in hung["evidence"]
    assert (after["who"], starts) == (2, 2)


def test_memory_costs_one_question(tmp_path: Path) -> None:
    eats = {"do": "eaten = []\nwhile True:\n    eaten.append(bytearray(2**25)); time.sleep(0.01)"}
    (_, greedy, after), starts = ask_each(tmp_path, {}, eats, {"who": 2})
    assert greedy["outcome"] == "memory"
    assert greedy["message"].startswith("the compiler used 1.")
    assert greedy["message"].endswith(" GiB of memory, the limit is 1.0 GiB")
    assert (after["who"], starts) == (2, 2)


def test_a_worker_that_stays_fat_is_replaced_after_its_answer(tmp_path: Path) -> None:
    fat = {"do": "kept = bytearray(b'x') * (2**29 + 2**26)", "who": 1}
    (answer, after), starts = ask_each(tmp_path, fat, {"who": 2})
    assert (answer["who"], after["who"], starts) == (1, 2, 2)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_killed_from_outside_it_is_asked_once_more(tmp_path: Path, number: signal.Signals) -> None:
    once = tmp_path / "once"
    killed = {
        "do": f"import pathlib\nif not pathlib.Path({str(once)!r}).exists():\n"
        f"    pathlib.Path({str(once)!r}).touch(); os.kill(os.getpid(), {int(number)}); time.sleep(60)",
        "who": 1,
    }
    (answer,), starts = ask_each(tmp_path, killed)
    assert (answer["outcome"], answer["who"], starts) == ("compiled", 1, 2)


def test_killed_from_outside_twice_it_is_trouble_of_the_machine(tmp_path: Path) -> None:
    (_, killed, after), starts = ask_each(tmp_path, {}, {"do": "os.kill(os.getpid(), 9)"}, {"who": 2})
    assert (killed["outcome"], killed["message"]) == ("unavailable", "the compiler was killed from outside (SIGKILL)")
    assert (after["who"], starts) == (2, 3)


def test_killed_while_nobody_asked_nothing_is_lost(tmp_path: Path) -> None:
    async def use(supervisor: Supervisor) -> list[Any]:
        first = await supervisor.ask({"who": 1})
        os.kill(first["pid"], signal.SIGKILL)
        return [first["who"], (await supervisor.ask({"who": 2}))["who"]]

    assert with_worker(tmp_path, use) == [1, 2]


@pytest.mark.parametrize(
    "rubbish",
    ["print('x' * 2**20, flush=True)", "sys.stdout.buffer.write(bytes(range(256)) * 999)", "os.write(2, b'{}\\n')"],
)
def test_what_it_prints_is_no_answer(tmp_path: Path, rubbish: str) -> None:
    (answer, after), starts = ask_each(tmp_path, {"do": rubbish, "who": 1}, {"who": 2})
    assert (answer["who"], after["who"], starts) == (1, 2, 1)


@pytest.mark.parametrize("rubbish", [b"Segmentation fault", b"[1, 2]", b"\xff\xfe", b""])
def test_an_answer_that_is_none_costs_one_question(tmp_path: Path, rubbish: bytes) -> None:
    (answer, after), _ = ask_each(tmp_path, {"do": f"say({rubbish!r})"}, {"who": 2})
    assert (answer["outcome"], answer["message"]) == ("crashed", "the compiler's answer can't be read")
    assert after["who"] == 2


@pytest.mark.parametrize(
    ("worker", "message"),
    [
        ("raise ImportError('libtpu.so: cannot open')", "the compiler ended while it started"),
        ("import time; time.sleep(600)", "the compiler was not ready after 1 s"),
    ],
)
def test_a_compiler_that_does_not_start_is_trouble_of_the_machine(tmp_path: Path, worker: str, message: str) -> None:
    limits = WorkerLimits(start_seconds=1 if "sleep" in worker else 20)
    (answer,), _ = ask_each(tmp_path, {}, worker=worker, limits=limits)
    assert (answer["outcome"], answer["message"]) == ("unavailable", message)
    assert ("cannot open" in answer["evidence"]) == ("ImportError" in worker)


def test_and_it_is_not_tried_for_ever(tmp_path: Path) -> None:
    answers, starts = ask_each(tmp_path, {}, {}, {}, {}, worker="raise ImportError('libtpu.so: cannot open')")
    assert {(answer["outcome"], answer["message"]) for answer in answers} == {
        ("unavailable", "the compiler ended while it started")
    }
    assert starts == 2


def test_no_such_interpreter(tmp_path: Path) -> None:
    supervisor = Supervisor(command=(tmp_path / "python",), workdir=tmp_path / "work")
    answer = asyncio.run(supervisor.ask({}))
    assert (answer["outcome"], answer["message"]) == ("unavailable", "the compiler can't be started: No such file or directory")


def test_questions_asked_at_once_wait_for_each_other(tmp_path: Path) -> None:
    async def use(supervisor: Supervisor) -> list[Any]:
        asked = ({"who": number, "do": "os.abort()" if number == 2 else ""} for number in range(6))
        return [(answer["outcome"], answer.get("who")) for answer in await asyncio.gather(*map(supervisor.ask, asked))]

    told = with_worker(tmp_path, use)
    assert told[2] == ("crashed", None)
    assert [one for number, one in enumerate(told) if number != 2] == [("compiled", who) for who in (0, 1, 3, 4, 5)]


def test_nothing_is_left_running(tmp_path: Path) -> None:
    child = "import subprocess; globals().update(left=subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid)"

    async def use(supervisor: Supervisor) -> list[int]:
        answer = await supervisor.ask({"do": child + "; asked['who'] = left"})
        return [answer["pid"], answer["who"]]

    left = with_worker(tmp_path, use)
    until = time.monotonic() + 5
    while any(psutil.pid_exists(pid) for pid in left) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in left)


def test_the_service_ends_at_once_though_a_question_is_open(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a compile: nobody waits for it, and its process is gone."""
    script, pid = tmp_path / "worker.py", tmp_path / "pid"
    hang = f"open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    script.write_text(textwrap.dedent(WORKER).replace('exec(asked.get("do", ""))', hang))
    supervisor = Supervisor(command=(sys.executable, script), workdir=tmp_path / "work", limits=WorkerLimits(seconds=300))
    compiler = Compiler(supervisor=supervisor, store=AnswerStore(folder=tmp_path / "kept", compiler="one"))
    program = tmp_path / "x.pb"
    program.touch()
    with serving(compiler, tmp_path / "work") as address, socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        connection.sendall(json.dumps({"op": "compile", "hlo": str(program), "chip": "v5e"}).encode() + b"\n")
        until = time.monotonic() + 20
        while not (pid.exists() and pid.read_text()) and time.monotonic() < until:
            time.sleep(0.05)
        started = time.monotonic()
    assert time.monotonic() - started < 60
    assert not psutil.pid_exists(int(pid.read_text()))
    assert supervisor.starts == 1


def test_questions_and_answers_may_be_long(tmp_path: Path) -> None:
    (answer,), _ = ask_each(tmp_path, {"who": "x" * 2**21})
    assert len(answer["who"]) == 2**21
    assert json.dumps(answer)
