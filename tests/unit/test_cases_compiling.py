"""What a case hears from the TPU compiler, by cases/compiling/conftest.py."""

from __future__ import annotations

import importlib.util
import inspect
import json
import socket
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

CONFTEST = Path(__file__).parents[2] / "cases" / "compiling" / "conftest.py"


@pytest.fixture
def conftest(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """With a TensorFlow that does nothing but be newer than 2.4."""
    tensorflow, framework = ModuleType("tensorflow"), ModuleType("tensorflow.python.framework")
    tensorflow.function = lambda jit_compile=None: jit_compile  # type: ignore[attr-defined]
    tensorflow.__version__ = "2.15.1"  # type: ignore[attr-defined]
    framework.convert_to_constants = None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    monkeypatch.setitem(sys.modules, "tensorflow.python", ModuleType("tensorflow.python"))
    monkeypatch.setitem(sys.modules, "tensorflow.python.framework", framework)
    spec = importlib.util.spec_from_file_location("cases_compiling_conftest", CONFTEST)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_compiled_program_is_no_error(conftest: ModuleType) -> None:
    conftest.judge({"outcome": "compiled", "message": ""})


@pytest.mark.parametrize(
    ("outcome", "error", "message"),
    [
        ("refused", "Refused", "out of memory"),
        ("crashed", "Died", "crashed: out of memory"),
        ("timed_out", "Died", "timed_out: out of memory"),
        ("memory", "Died", "memory: out of memory"),
        ("invalid", "Died", "invalid: out of memory"),
        ("unavailable", "RuntimeError", "tpu compiler unavailable: out of memory"),
    ],
)
def test_anything_else_is_an_error_with_the_compilers_words(
    conftest: ModuleType, capsys: pytest.CaptureFixture[str], outcome: str, error: str, message: str
) -> None:
    with pytest.raises(RuntimeError) as raised:
        conftest.judge({"outcome": outcome, "message": "out of memory", "evidence": "all of it"})
    assert (type(raised.value).__name__, str(raised.value)) == (error, message)
    assert capsys.readouterr().out == "all of it\n"


def test_a_question_is_a_line_and_so_is_the_answer(conftest: ModuleType, tmp_path: Path) -> None:
    asked: list[Any] = []
    address = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rw", encoding="utf-8") as stream:
                asked.append(json.loads(stream.readline()))
                stream.write('{"outcome": "compiled"}\n')

        thread = threading.Thread(target=answer)
        thread.start()
        said = conftest.ask(address, op="compile", hlo="/x.pb")
        thread.join()
    assert (asked, said) == ([{"op": "compile", "hlo": "/x.pb"}], {"outcome": "compiled"})


class Request:
    """As pytest gives it to a fixture, of a case for that device and model."""

    def __init__(self, nodeid: str = "test_x.py::test_a", model: Path | None = None) -> None:
        self.node = SimpleNamespace(nodeid=nodeid)
        self.config = SimpleNamespace(getoption=lambda _: model and str(model))
        self.function = test_what_makes_a_program_is_the_case_the_model_and_keras


def test_what_makes_a_program_is_the_case_the_model_and_keras(
    conftest: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model.json"
    model.write_text("one")
    made_by = [conftest.what_makes(Request(model=model)), conftest.what_makes(Request("test_x.py::test_b", model))]
    made_by.append(conftest.what_makes(Request()))
    model.write_text("other")
    made_by.append(conftest.what_makes(Request(model=model)))
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "1")
    made_by.append(conftest.what_makes(Request(model=model)))
    assert len(set(made_by)) == len(made_by)
    assert conftest.what_makes(Request(model=model)) == made_by[-1]
    assert len(made_by[-1]) == 64


NUMBERS: dict[str, Any] = {"outcome": "compiled", "numbers": {"code_bytes": 9}, "seconds": 0.5, "program": "aa"}
HLO: dict[str, Any] = {"products": {}, "collectives": {}, "collective_bytes": {}, "custom_calls": [], "dynamic": False}


@pytest.mark.parametrize("known", [True, False])
def test_what_another_cell_has_made_is_not_made_again(conftest: ModuleType, monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    asked: list[Any] = []
    made: list[str] = []
    recorded: dict[str, Any] = {}

    def ask(address: str, **question: Any) -> dict[str, Any]:
        asked.append((address, question["chip"], question["made_by"]))
        return {**NUMBERS, "hlo": HLO} if known else {"outcome": "invalid", "message": "no program came with this made_by"}

    def compiled(function: str, *inputs: str, made_by: str) -> tuple[Any, ...]:
        return function, inputs, made_by

    def make() -> str:
        made.append("step")
        return "step"

    monkeypatch.setattr(conftest, "ask", ask)
    once = inspect.unwrap(conftest.compiled_once)(Request(), "/run/socket", "tpu-v6e", recorded.__setitem__, compiled)
    program = once(make, "ids")
    assert asked == [("/run/socket", "v6e", conftest.what_makes(Request()))]
    assert made == ([] if known else ["step"])
    if known:
        assert (program.digest, program.code_bytes, program.path) == ("aa", 9, None)
        assert recorded == {**dict.fromkeys(conftest.NUMBERS), "code_bytes": 9, "compile_seconds": 0.5}
    else:
        assert program == ("step", ("ids",), conftest.what_makes(Request()))


class Folders:
    """As tmp_path_factory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mktemp(self, name: str) -> Path:
        (self.folder / name).mkdir()
        return self.folder / name


@pytest.mark.parametrize("outcome", ["compiled", "refused", "unavailable"])
def test_a_compiler_that_takes_everything_is_an_error_before_any_case(
    conftest: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, outcome: str
) -> None:
    programs: list[str] = []

    def ask(address: str, **question: Any) -> dict[str, Any]:
        programs.append(Path(question["hlo"]).read_text(encoding="utf-8"))
        return {"outcome": outcome}

    monkeypatch.setattr(conftest, "ask", ask)
    checked = inspect.unwrap(conftest.tpu_compiler)
    if outcome == "compiled":
        with pytest.raises(AssertionError, match="its yes says nothing"):
            checked("/run/socket", "tpu-v5e", Folders(tmp_path))
    else:
        assert checked("/run/socket", "tpu-v5e", Folders(tmp_path)) == "/run/socket"
    assert programs == [conftest.NO_CHIP_HOLDS]
