"""What a case hears from the TPU compiler, by cases/compiling/conftest.py."""

from __future__ import annotations

import importlib.util
import json
import socket
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CONFTEST = Path(__file__).parents[2] / "cases" / "compiling" / "conftest.py"


@pytest.fixture
def conftest(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """With a TensorFlow that does nothing but be newer than 2.4."""
    tensorflow, framework = ModuleType("tensorflow"), ModuleType("tensorflow.python.framework")
    tensorflow.function = lambda jit_compile=None: jit_compile  # type: ignore[attr-defined]
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


def test_a_question_is_a_line_and_so_is_the_answer(conftest: ModuleType) -> None:
    asked: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rw", encoding="utf-8") as stream:
                asked.append(json.loads(stream.readline()))
                stream.write('{"outcome": "compiled"}\n')

        thread = threading.Thread(target=answer)
        thread.start()
        said = conftest.ask(f"127.0.0.1:{server.getsockname()[1]}", op="compile", hlo="/x.pb")
        thread.join()
    assert (asked, said) == ([{"op": "compile", "hlo": "/x.pb"}], {"outcome": "compiled"})
