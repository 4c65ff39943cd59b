"""Every question is answered: by what is kept, by the worker, or with what is wrong with it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.services.tpu_compiler.answer_store import AnswerStore
from harness.services.tpu_compiler.answers import CompileOutcome, CompilerAnswer
from harness.services.tpu_compiler.service import Compiler, MissingCompiler, serving

SEEN = {"program": "22a76acc", "hlo": {"products": {"f32": 10}, "instructions": 310}}
DONE = {
    "outcome": "compiled",
    "seconds": 0.5,
    "numbers": {"code_bytes": 136_192, "flops": 197e6, "bytes_accessed": 819e3},
    "collectives": {"all-reduce": 2},
    "collective_bytes": {"all-reduce": 4096},
}


class Worker:
    """Says what it is told to, and keeps what it was asked."""

    def __init__(self, *said: Mapping[str, Any], seen: Mapping[str, Any] = SEEN, workdir: Path = Path("/nowhere")) -> None:
        self.said, self.seen, self.asked, self.workdir = list(said), seen, [], workdir  # type: ignore[var-annotated]

    async def ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(question)
        await asyncio.sleep(0)
        return self.seen if question["op"] == "look" else self.said.pop(0)

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...


def compiler(worker: Worker, folder: Path) -> Compiler:
    return Compiler(supervisor=worker, store=AnswerStore(folder=folder, compiler="one"))  # type: ignore[arg-type]


def ask(one: Compiler, **question: Any) -> CompilerAnswer:
    asked = {"op": "compile", "hlo": "/x.pb", "chip": "v5e", **question}
    return asyncio.run(one.answer(json.dumps(asked).encode()))


def test_an_answer_has_what_the_worker_says_and_what_the_chip_can_do(tmp_path: Path) -> None:
    worker = Worker(DONE)
    answer = ask(compiler(worker, tmp_path), chips=4, split=[1, 0])
    assert worker.asked == [
        {"op": "look", "hlo": "/x.pb"},
        {"op": "compile", "hlo": "/x.pb", "topology": ("v5e:2x2", "default"), "devices": 4, "split": (0, 1)},
    ]
    assert (answer.outcome, answer.program, answer.seconds, answer.reused) == (CompileOutcome.COMPILED, "22a76acc", 0.5, False)
    assert (answer.numbers.code_bytes, answer.numbers.chip_bytes, answer.numbers.roofline_us) == (136_192, 16 * 2**30, 1.0)
    assert (answer.hlo.products, answer.hlo.collectives) == ({"f32": 10}, {"all-reduce": 2})
    assert answer.hlo.collective_bytes == {"all-reduce": 4096}


def test_the_same_program_is_compiled_once_for_the_same_devices(tmp_path: Path) -> None:
    one = compiler(worker := Worker(DONE, DONE), tmp_path)
    first, again, other = ask(one), ask(one, hlo="/same.pb"), ask(one, chip="v6e")
    assert (first.reused, again.reused, other.reused) == (False, True, False)
    assert again == first.model_copy(update={"reused": True})
    assert worker.said == []


MADE = "a" * 64


def test_a_program_that_came_with_what_made_it_need_not_come_again(tmp_path: Path) -> None:
    hlo = tmp_path / "of-a-cell.pb"
    hlo.write_bytes(b"program")
    one = compiler(worker := Worker(DONE, DONE, workdir=tmp_path / "work"), tmp_path)
    (tmp_path / "work").mkdir()
    ask(one, hlo=str(hlo), made_by=MADE)
    hlo.unlink()
    answer = asyncio.run(one.answer(json.dumps({"op": "compile", "made_by": MADE, "chip": "v6e"}).encode()))
    assert (answer.outcome, answer.program) == (CompileOutcome.COMPILED, "22a76acc")
    kept = Path(worker.asked[-1]["hlo"])
    assert (kept.parent, kept.read_bytes()) == (tmp_path / "work", b"program")
    assert worker.asked[-1]["topology"] == ("v6e:1x1", "default")


def test_what_made_no_program_here_is_told(tmp_path: Path) -> None:
    worker = Worker()
    answer = asyncio.run(compiler(worker, tmp_path).answer(json.dumps({"op": "compile", "made_by": MADE, "chip": "v6e"}).encode()))
    assert (answer.outcome, answer.message) == (CompileOutcome.INVALID, "no program came with this made_by")
    assert worker.asked == []


def test_a_program_that_cant_be_copied_is_compiled_and_asked_for_again(tmp_path: Path) -> None:
    one = compiler(Worker(DONE, workdir=tmp_path / "none"), tmp_path)
    assert ask(one, made_by=MADE).outcome is CompileOutcome.COMPILED
    answer = asyncio.run(one.answer(json.dumps({"op": "compile", "made_by": MADE, "chip": "v6e"}).encode()))
    assert answer.outcome is CompileOutcome.INVALID


def test_and_after_a_restart_of_the_service(tmp_path: Path) -> None:
    ask(compiler(Worker(DONE), tmp_path))
    assert ask(compiler(Worker(), tmp_path)).reused


def test_asked_by_two_at_once_it_is_compiled_once(tmp_path: Path) -> None:
    one = compiler(Worker(DONE), tmp_path)
    line = b'{"op": "compile", "hlo": "/x.pb", "chip": "v5e"}'

    async def both() -> list[CompilerAnswer]:
        return list(await asyncio.gather(one.answer(line), one.answer(line)))

    assert sorted(answer.reused for answer in asyncio.run(both())) == [False, True]


@pytest.mark.parametrize("outcome", ["crashed", "timed_out", "memory"])
def test_what_it_died_of_is_not_tried_again_before_the_next_start(tmp_path: Path, outcome: str) -> None:
    died = {"outcome": outcome, "message": "the compiler ended by SIGABRT", "evidence": "words"}
    one = compiler(Worker(died), tmp_path)
    assert [(ask(one).outcome.value, ask(one).reused), ask(one).message] == [(outcome, True), "the compiler ended by SIGABRT"]
    assert ask(compiler(Worker(DONE), tmp_path)).outcome is CompileOutcome.COMPILED


def test_trouble_of_the_machine_is_tried_again(tmp_path: Path) -> None:
    killed = {"outcome": "unavailable", "message": "killed from outside", "evidence": ""}
    one = compiler(Worker(killed, DONE), tmp_path)
    assert [ask(one).outcome, ask(one).outcome] == [CompileOutcome.UNAVAILABLE, CompileOutcome.COMPILED]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"chip": "v9"}, "no chip v9; there are v2, v3, v4, v5e, v5p, v6e, 7x"),
        ({"chips": 17}, "no topology of 17 v5e devices; the largest has 16"),
        ({"chips": 0}, "not a request: compile.chips: Input should be greater than or equal to 1"),
        ({"split": [-1]}, "not a request: compile.split.0: Input should be greater than or equal to 0"),
        ({"color": "red"}, "not a request: compile.color: Extra inputs are not permitted"),
        ({"made_by": "../x"}, "not a request: compile.made_by: String should match pattern '^[0-9a-f]{64}$'"),
        ({"hlo": None}, "not a request: compile: Value error, neither hlo nor made_by"),
    ],
)
def test_a_wrong_question_is_answered_without_asking_the_worker(tmp_path: Path, question: dict[str, Any], message: str) -> None:
    worker = Worker()
    answer = ask(compiler(worker, tmp_path), **question)
    assert (answer.outcome, answer.message, worker.asked) == (CompileOutcome.INVALID, message, [])


def test_a_file_without_hlo_is_no_verdict_on_a_program(tmp_path: Path) -> None:
    worker = Worker(seen={"outcome": "invalid", "message": "/x.pb is no HLO"})
    answer = ask(compiler(worker, tmp_path))
    assert (answer.outcome, answer.message, answer.program) == (CompileOutcome.INVALID, "/x.pb is no HLO", "")


def test_a_run_gives_the_place_of_the_outputs(tmp_path: Path) -> None:
    worker = Worker({"outcome": "compiled", "seconds": 0.1, "outputs": "/a.npz.outputs.npz"})
    answer = asyncio.run(compiler(worker, tmp_path).answer(b'{"op": "run", "hlo": "/x.pb", "arguments": "/a.npz"}'))
    assert (answer.outputs, worker.asked) == ("/a.npz.outputs.npz", [{"op": "run", "hlo": "/x.pb", "arguments": "/a.npz"}])


def talk(address: str, sent: bytes) -> bytes:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as stream:
            return stream.read()


def test_over_the_wire(tmp_path: Path) -> None:
    with serving(compiler(Worker(DONE), tmp_path)) as address:
        assert address.startswith("127.0.0.1:")
        assert talk(address, b"") == b""
        for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"[]\n", b"\xff\xfe\n"):
            assert json.loads(talk(address, rubbish))["outcome"] == "invalid"
        assert json.loads(talk(address, b'{"op": "compile", "hlo": "/x.pb", "chip": "v5e"}\n'))["outcome"] == "compiled"
    with pytest.raises(ConnectionRefusedError):
        talk(address, b"")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with serving(MissingCompiler(message="none")) as address:
        taken = int(address.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), serving(MissingCompiler(message="none"), port=taken):
            pass
