"""What pip is asked, and what it means where it has no answer."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.base.process import Completed
from harness.domain import Status, Trouble
from harness.environments import pip
from harness.environments.interpreters import Interpreter, Seed
from harness.environments.uv import Failure

ANSWER = {"TensorFlow": "2.15.1", "ml_dtypes": "0.2.0", "pip": "23.2.1", "setuptools": "65.5.0"}


@pytest.fixture
def interpreter(make: Any) -> Interpreter:
    return make.interpreter(seeds=(Seed(name="pip", version="23.2.1", wheel=Path("/pip.whl")),))


class Venvs:
    """Takes the part of `run_async`: makes venvs, and answers as pip."""

    def __init__(self, answer: dict[str, str] | None, ended: Completed) -> None:
        self.answer, self.ended = answer, ended
        self.asked: list[list[str]] = []

    async def __call__(self, argv: list[Any], **_: Any) -> Completed:
        self.asked.append([str(argument) for argument in argv])
        if "venv" in argv:
            return Completed(code=0, stdout="", stderr="")
        if self.answer is not None:
            Path(argv[3]).write_text(json.dumps(self.answer))
        return self.ended


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, interpreter: Interpreter) -> Any:
    def question(answer: dict[str, str] | None, ended: Completed) -> tuple[Any, Venvs]:
        venvs = Venvs(answer, ended)
        monkeypatch.setattr(pip, "run_async", venvs)
        return asyncio.run(pip.choices(tmp_path, interpreter, ("tensorflow==2.15.1", "tensorflow-hub"), timeout=60)), venvs

    return question


def ended(stderr: str, code: int | None = 1) -> Completed:
    return Completed(code=code, stdout="", stderr=stderr)


def test_the_answer_counts_however_pip_ends(ask: Any, tmp_path: Path, interpreter: Interpreter) -> None:
    """Some versions of pip print a traceback for the exit by which the script leaves them."""
    chosen, venvs = ask(ANSWER, ended("SystemExit: 0", 2))
    assert chosen == {"tensorflow": "2.15.1", "ml-dtypes": "0.2.0", "setuptools": "65.5.0"}
    made, asked = venvs.asked
    assert made == [str(interpreter.path), "-m", "venv", str(tmp_path / f"pip-{interpreter.label}")]
    assert asked[0].endswith("/bin/python")
    assert asked[-3:] == ["--quiet", "tensorflow==2.15.1", "tensorflow-hub"]


def test_the_venv_is_made_once_and_nothing_else_is_left(ask: Any, tmp_path: Path, interpreter: Interpreter) -> None:
    folder = tmp_path / f"pip-{interpreter.label}"
    folder.mkdir()
    (folder / pip.COMPLETE).touch()
    _, venvs = ask(ANSWER, ended("", 0))
    assert len(venvs.asked) == 1
    assert [path.name for path in tmp_path.glob("pip-*") if path.is_dir()] == [folder.name]


@pytest.mark.parametrize(
    ("done", "status", "trouble", "message"),
    [
        (
            ended("ERROR: ResolutionImpossible: for help visit x"),
            Status.LOCK_FAILED,
            None,
            "ResolutionImpossible: for help visit x",
        ),
        (ended("ERROR: a\nERROR: Failed to build x"), Status.INSTALL_FAILED, None, "Failed to build x"),
        (
            ended("ERROR: [Errno 28] No space left on device"),
            Status.UNAVAILABLE,
            Trouble.DISK,
            "[Errno 28] No space left on device",
        ),
        (ended("WARNING: Connection refused\nERROR: none"), Status.UNAVAILABLE, Trouble.NETWORK, "none"),
        (ended("", 3), Status.UNAVAILABLE, None, "exited with 3"),
    ],
)
def test_no_answer(ask: Any, done: Completed, status: Status, trouble: Trouble | None, message: str) -> None:
    failure, _ = ask(None, done)
    assert isinstance(failure, Failure)
    assert (failure.status, failure.trouble, failure.message) == (status, trouble, f"pip: {message}")


def test_limits_and_signals(ask: Any) -> None:
    failure, _ = ask(None, ended("", None))
    assert (failure.status, failure.message) == (Status.TIMED_OUT, "pip took longer than 60 s")
    failure, _ = ask(None, ended("", -9))
    assert (failure.status, failure.trouble, failure.message) == (Status.UNAVAILABLE, Trouble.KILLED, "pip was ended by SIGKILL")


def test_pip_asks_the_index_that_uv_asks() -> None:
    own = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    assert pip.settings({"PIP_FIND_LINKS": "/machine", "PIP_CONSTRAINT": "/machine"}) == own
    assert pip.settings({"PIP_INDEX_URL": "https://p/"})["PIP_INDEX_URL"] == "https://p/"
    environ = {
        "UV_DEFAULT_INDEX": "https://a/",
        "UV_INDEX": "own=https://b/",
        "UV_EXTRA_INDEX_URL": "https://c/",
        "UV_FIND_LINKS": "/d,/e",
        "SSL_CERT_FILE": "/f",
        "PIP_INDEX_URL": "https://p/",
    }
    assert pip.settings(environ) == own | {
        "PIP_INDEX_URL": "https://a/",
        "PIP_EXTRA_INDEX_URL": "https://b/ https://c/",
        "PIP_FIND_LINKS": "/d /e",
        "PIP_CERT": "/f",
    }


@pytest.mark.parametrize(("version", "tells"), [("18.1", False), ("20.2.4", False), ("20.3", True), ("24.2", True)])
def test_old_pips_have_no_resolver(make: Any, version: str, tells: bool) -> None:
    assert pip.can_tell(make.interpreter(seeds=(Seed(name="pip", version=version, wheel=Path("/w")),))) is tells
    assert not pip.can_tell(make.interpreter())
