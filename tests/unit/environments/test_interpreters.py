"""Where interpreters are looked for, and which is taken."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.base.process import Completed
from harness.environments import interpreters
from harness.environments.interpreters import Interpreter, Seed, candidates, discover, newest_first

OWN = Path(getattr(sys, "_base_executable", sys.executable))


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\nexit 1\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def pyenv(tmp_path: Path) -> Path:
    """A pyenv tree with two versions, one that was not finished, and shims for all."""
    root = tmp_path / "pyenv"
    for version in ("3.7.17", "3.12.1"):
        executable(root / "versions" / version / "bin" / "python3")
        executable(root / "versions" / version / "bin" / "python3-config")
    (root / "versions" / "3.9.9").mkdir()
    for name in ("python3", "python3.7", "python3.9", "python3.12"):
        executable(root / "shims" / name)
    return root


def test_pyenv_is_found_by_its_tree_never_by_its_shims(pyenv: Path, tmp_path: Path) -> None:
    found = candidates({"PYENV_ROOT": str(pyenv), "PATH": f"{pyenv}/shims:{pyenv}/shims/"}, tmp_path)
    assert found == (OWN, pyenv / "versions/3.12.1/bin/python3", pyenv / "versions/3.7.17/bin/python3")


def test_pyenv_and_uv_below_home_need_no_variable(pyenv: Path, tmp_path: Path) -> None:
    pyenv.rename(tmp_path / ".pyenv")
    ours = executable(tmp_path / ".local/share/uv/python/cpython-3.13.1-linux-x86_64-gnu/bin/python3")
    executable(tmp_path / ".local/share/uv/python/pypy-3.10-linux-x86_64-gnu/bin/python3")
    found = candidates({"PATH": str(tmp_path / ".pyenv/shims")}, tmp_path)
    assert found[1:] == (
        tmp_path / ".pyenv/versions/3.12.1/bin/python3",
        tmp_path / ".pyenv/versions/3.7.17/bin/python3",
        ours,
    )


@pytest.mark.parametrize("variable", ["UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"])
def test_uvs_interpreters_are_where_uv_was_told_to_put_them(tmp_path: Path, variable: str) -> None:
    below = tmp_path / "moved" / ("" if variable == "UV_PYTHON_INSTALL_DIR" else "uv/python")
    path = executable(below / "cpython-3.13.1-linux-x86_64-gnu" / "bin" / "python3")
    assert candidates({variable: str(tmp_path / "moved"), "PATH": ""}, tmp_path / "home")[1:] == (path,)


def test_only_interpreters_on_path(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    for name in ("python3", "python3.9", "python3.11", "python3.11-config", "python3-config", "python3.13t", "python2.7", "python"):
        executable(folder / name)
    found = candidates({"PATH": f"{folder}:{tmp_path / 'absent'}:{folder}"}, tmp_path / "home")
    assert set(found[1:]) == {folder / "python3", folder / "python3.9", folder / "python3.11"}
    assert len(found) == 4


def found(*versions: str) -> dict[str, Interpreter]:
    every = [Interpreter(path=Path("/p") / version, version=version, platform="linux-x86_64") for version in versions]
    return {one.minor: one for one in every}


@pytest.mark.parametrize(
    ("minors", "pinned", "versions", "expected"),
    [
        (("3.8", "3.9", "3.10"), None, ("3.8.1", "3.9.1", "3.10.1", "3.13.0"), ("3.10.1", "3.9.1", "3.8.1")),
        (("3.10", "3.9", "3.8"), None, ("3.8.1", "3.10.1"), ("3.10.1", "3.8.1")),
        (("3.8", "3.9", "3.10"), None, ("3.9.1", "3.11.1"), ("3.9.1",)),
        (("3.8", "3.9", "3.10"), "3.8", ("3.8.1", "3.10.1"), ("3.8.1",)),
        (("3.8", "3.9", "3.10"), "3.9", ("3.8.1", "3.10.1"), ()),
        (("3.6", "3.7"), None, ("3.8.1", "3.10.1"), ()),
        (("3.6", "3.7"), None, (), ()),
    ],
)
def test_newest_first(minors: tuple[str, ...], pinned: str | None, versions: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert tuple(interpreter.version for interpreter in newest_first(minors, pinned, found(*versions))) == expected


def test_the_label_names_what_a_wheel_depends_on() -> None:
    one = Interpreter(path=Path("/p"), version="3.11.7", platform="linux-x86_64")
    assert (one.minor, one.label) == ("3.11", "cpython-3.11.7-linux-x86_64")


def answering(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]) -> list[Path]:
    """Interpreters by path; an answer is what they print, a code, or what starting them raises."""
    asked: list[Path] = []

    async def run(argv: list[Any], **_: Any) -> Completed:
        asked.append(argv[0])
        answer = answers[str(argv[0])]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return Completed(code=answer, stdout="", stderr="pyenv: python3.9: command not found")
        return Completed(code=0, stdout=answer if isinstance(answer, str) else json.dumps(answer), stderr="")

    monkeypatch.setattr(interpreters, "run_async", run)
    return asked


def says(version: str, **facts: Any) -> dict[str, Any]:
    known = {"name": "cpython", "version": version, "final": True, "free_threaded": False, "platform": "linux-x86_64"}
    return {**known, "base": "/b", "seeds": {}, **facts}


def test_an_interpreter_tells_what_its_venvs_are_seeded_with(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = {
        "setuptools": ["65.5.0", "/lib/setuptools-65.5.0-py3-none-any.whl"],
        "pip": ["23.2.1", "/lib/pip-23.2.1-py3-none-any.whl"],
    }
    answering(monkeypatch, {"/a": says("3.11.7", seeds=seeds), "/b": says("3.12.1")})
    newest = asyncio.run(discover([Path("/a"), Path("/b")]))
    assert newest["3.11"].seeds == (
        Seed(name="pip", version="23.2.1", wheel=Path("/lib/pip-23.2.1-py3-none-any.whl")),
        Seed(name="setuptools", version="65.5.0", wheel=Path("/lib/setuptools-65.5.0-py3-none-any.whl")),
    )
    assert newest["3.12"].seeds == ()


def test_discover_believes_only_what_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "/a": says("3.10.2"),
        "/b": says("3.10.14"),
        "/c": says("3.10.9"),
        "/d": says("3.14.0", final=False),
        "/e": says("3.13.1", free_threaded=True),
        "/f": says("3.9.18", name="pypy"),
        "/g": 127,
        "/h": "not json",
        "/i": OSError("exec format error"),
        "/j": says("3.12.1"),
    }
    answering(monkeypatch, answers)
    best = asyncio.run(discover(map(Path, answers)))
    told = {minor: (one.version, str(one.path)) for minor, one in best.items()}
    assert told == {
        "3.10": ("3.10.14", "/b"),
        "3.12": ("3.12.1", "/j"),
    }


def test_links_to_one_interpreter_are_asked_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = executable(tmp_path / "python3.11")
    (tmp_path / "python3").symlink_to(real)
    asked = answering(monkeypatch, {str(real): says("3.11.7")})
    asyncio.run(discover([tmp_path / "python3", real]))
    assert asked == [real]
