"""Every question is answered: by what is kept, by the worker, or with what is wrong with it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import stat
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

    def __init__(self, *said: Mapping[str, Any], seen: Mapping[str, Any] = SEEN, workdir: Path | None = None) -> None:
        self.said, self.seen, self.asked, self.workdir = list(said), seen, [], workdir  # type: ignore[var-annotated]

    async def ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(question)
        await asyncio.sleep(0)
        return self.seen if question["op"] == "look" else self.said.pop(0)

    async def warm_up(self) -> None: ...

    async def close(self) -> None: ...


def compiler(worker: Worker, folder: Path) -> Compiler:
    worker.workdir = worker.workdir or folder / "work"
    return Compiler(supervisor=worker, store=AnswerStore(folder=folder, compiler="one"))  # type: ignore[arg-type]


def program_of(one: Compiler, name: str = "x.pb") -> Path:
    """Return a file with a program, beside the service's folder."""
    program = one.supervisor.workdir.parent / name
    program.write_bytes(b"program")
    return program


def ask(one: Compiler, **question: Any) -> CompilerAnswer:
    asked = {"op": "compile", "hlo": str(program_of(one)), "chip": "v5e", **question}
    return asyncio.run(one.answer(json.dumps(asked).encode()))


def test_an_answer_has_what_the_worker_says_and_what_the_chip_can_do(tmp_path: Path) -> None:
    worker = Worker(DONE)
    answer = ask(compiler(worker, tmp_path), chips=4, split=[1, 0])
    copy = worker.asked[0]["hlo"]
    assert Path(copy).parent == tmp_path / "work"
    assert not Path(copy).exists()
    assert worker.asked == [
        {"op": "look", "hlo": copy},
        {"op": "compile", "hlo": copy, "topology": ("v5e:2x2", "default"), "devices": 4, "split": (0, 1)},
    ]
    assert (answer.outcome, answer.program, answer.seconds, answer.reused) == (CompileOutcome.COMPILED, "22a76acc", 0.5, False)
    assert (answer.numbers.code_bytes, answer.numbers.chip_bytes, answer.numbers.roofline_us) == (136_192, 16 * 2**30, 1.0)
    assert (answer.hlo.products, answer.hlo.collectives) == ({"f32": 10}, {"all-reduce": 2})
    assert answer.hlo.collective_bytes == {"all-reduce": 4096}


def test_the_same_program_is_compiled_once_for_the_same_devices(tmp_path: Path) -> None:
    one = compiler(worker := Worker(DONE, DONE), tmp_path)
    first, again, other = ask(one), ask(one, hlo=str(program_of(one, "same.pb"))), ask(one, chip="v6e")
    assert (first.reused, again.reused, other.reused) == (False, True, False)
    assert again == first.model_copy(update={"reused": True})
    assert worker.said == []


MADE = "a" * 64


def test_a_program_that_came_with_what_made_it_need_not_come_again(tmp_path: Path) -> None:
    hlo = tmp_path / "of-a-cell.pb"
    hlo.write_bytes(b"program")
    one = compiler(worker := Worker(DONE, DONE, workdir=tmp_path / "work"), tmp_path)
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


def test_a_program_that_cant_be_copied_is_trouble_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    one = compiler(worker := Worker(DONE), tmp_path)
    monkeypatch.setattr("harness.services.tpu_compiler.service.shutil.copyfileobj", full)
    answer = ask(one, made_by=MADE)
    assert (answer.outcome, worker.asked) == (CompileOutcome.UNAVAILABLE, [])
    assert answer.message.endswith("x.pb can't be copied: No space left on device")
    assert list((tmp_path / "work").glob("*.hlo")) == []


def test_a_folder_that_cant_be_made_is_trouble_of_the_machine(tmp_path: Path) -> None:
    one = compiler(Worker(DONE), tmp_path)
    program = program_of(one)
    (tmp_path / "work").touch()
    line = json.dumps({"op": "compile", "hlo": str(program), "chip": "v5e"}).encode()
    answer = asyncio.run(one.answer(line))
    assert (answer.outcome, answer.message) == (CompileOutcome.UNAVAILABLE, "the compiler's folder: File exists")


@pytest.mark.parametrize("kind", ["fifo", "folder", "missing", "device"])
def test_what_is_no_regular_file_is_not_read(tmp_path: Path, kind: str) -> None:
    """A FIFO that nobody writes into would keep everybody else from being answered."""
    one = compiler(worker := Worker(DONE), tmp_path)
    path = tmp_path / "odd"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "device":
            path = Path("/dev/zero")
    answer = ask(one, hlo=str(path))
    assert (answer.outcome, worker.asked) == (CompileOutcome.INVALID, [])
    assert answer.message == f"{path}: {'No such file or directory' if kind == 'missing' else 'not a regular file'}"


def test_more_than_any_program_has_is_not_read(tmp_path: Path) -> None:
    one = compiler(Worker(DONE), tmp_path)
    with (large := tmp_path / "large").open("wb") as file:
        file.truncate(2**31 + 1)
    assert ask(one, hlo=str(large)).message == f"{large}: larger than 2147483648 bytes"


def test_and_after_a_restart_of_the_service(tmp_path: Path) -> None:
    ask(compiler(Worker(DONE), tmp_path))
    assert ask(compiler(Worker(), tmp_path)).reused


def test_asked_by_two_at_once_it_is_compiled_once(tmp_path: Path) -> None:
    one = compiler(Worker(DONE), tmp_path)
    line = json.dumps({"op": "compile", "hlo": str(program_of(one)), "chip": "v5e"}).encode()

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
    class Refusing(Worker):
        async def ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
            return {"outcome": "invalid", "message": f"{question['hlo']} is no HLO"}

    answer = ask(one := compiler(Refusing(), tmp_path))
    message = f"{program_of(one)} is no HLO"
    assert (answer.outcome, answer.message, answer.program) == (CompileOutcome.INVALID, message, "")


def test_a_run_gives_outputs_in_the_services_folder(tmp_path: Path) -> None:
    """The worker writes beside the arguments that it is given, which are copies."""
    one = compiler(worker := Worker({"outcome": "compiled", "seconds": 0.1, "outputs": "/a.npz.outputs.npz"}), tmp_path)
    program, arguments = str(program_of(one)), str(program_of(one, "a.npz"))
    answer = asyncio.run(one.answer(json.dumps({"op": "run", "hlo": program, "arguments": arguments}).encode()))
    assert answer.outputs == "/a.npz.outputs.npz"
    (question,) = worker.asked
    folder = Path(question["arguments"]).parent
    assert folder.parent == tmp_path / "work" / "outputs"
    assert [path.stat().st_mode & 0o777 for path in (folder, *list(folder.parents)[:2])] == [0o700] * 3
    assert list(folder.iterdir()) == []


def talk(address: str, sent: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(address)
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as stream:
            return stream.read()


def test_over_the_wire(tmp_path: Path) -> None:
    one = compiler(Worker(DONE), tmp_path)
    with serving(one, tmp_path / "work") as address:
        assert Path(address).parent == tmp_path / "work"
        assert talk(address, b"") == b""
        for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"[]\n", b"\xff\xfe\n"):
            assert json.loads(talk(address, rubbish))["outcome"] == "invalid"
        question = {"op": "compile", "hlo": str(program_of(one)), "chip": "v5e"}
        assert json.loads(talk(address, json.dumps(question).encode() + b"\n"))["outcome"] == "compiled"
    with pytest.raises(FileNotFoundError):
        talk(address, b"")


@pytest.mark.parametrize("length", [10, 200])
def test_the_socket_is_in_a_folder_that_nobody_else_can_enter(tmp_path: Path, length: int) -> None:
    """Also where the service's own folder has a path that is too long for a socket."""
    folder = tmp_path / ("x" * length)
    folder.mkdir(mode=0o755)
    with serving(MissingCompiler(message="none"), folder) as address:
        assert stat.S_ISSOCK(Path(address).stat().st_mode)
        assert (Path(address).parent == folder) == (length == 10)
        assert [path.stat().st_mode & 0o777 for path in (Path(address).parent, folder)] == [0o700, 0o700]
        assert json.loads(talk(address, b"{}\n"))["message"] == "none"
    assert not Path(address).exists()
    assert Path(address).parent.exists() == (length == 10)
