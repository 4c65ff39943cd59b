"""pytest for the cells: one folder for each interpreter, complete or not there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.base.process import Completed
from harness.domain import Status, Trouble
from harness.environments import toolchain
from harness.environments.toolchain import ensure_toolchain, pins
from harness.environments.uv import Failure

REFUSED = Completed(code=2, stdout="", stderr="error: Failed to fetch: http://h/\n  cause: Connection refused (os error 111)\n")


@pytest.mark.parametrize(
    ("minor", "first"),
    [
        ("3.6", None),
        ("3.7", "pytest==7.4.4"),
        ("3.8", "pytest==8.3.5"),
        ("3.9", "pytest==8.4.2"),
        ("3.10", "pytest==8.4.2"),
        ("3.13", "pytest==8.4.2"),
    ],
)
def test_the_last_pytest_of_each_python(minor: str, first: str | None) -> None:
    found = pins(minor)
    assert (found[0] if found else None) == first


class Installer:
    """Stands for `uv pip install --target`: fills the folder, then ends as it is told."""

    def __init__(self, *answers: Completed) -> None:
        self.answers = list(answers)
        self.asked: list[list[str]] = []

    async def __call__(self, _uv: Path, argv: list[Any], **_: Any) -> Completed:
        self.asked.append([str(one) for one in argv])
        target = Path(self.asked[-1][self.asked[-1].index("--target") + 1])
        assert not target.exists(), "installed over something"
        target.mkdir(parents=True)
        (target / "pytest.py").touch()
        return self.answers.pop(0) if self.answers else Completed(code=0, stdout="", stderr="")


@pytest.fixture
def get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def one(installer: Installer, interpreter: Any) -> Path | Failure:
        monkeypatch.setattr(toolchain, "call_offline_first", installer)
        return asyncio.run(ensure_toolchain(Path("uv"), tmp_path / "toolchains", interpreter))

    return one


def test_made_once_for_each_interpreter(get: Any, make: Any) -> None:
    installer = Installer()
    first = get(installer, make.interpreter("3.11.7"))
    assert get(installer, make.interpreter("3.11.7")) == first
    others = {get(installer, make.interpreter("3.11.8")), get(installer, make.interpreter("3.8.1"))}
    assert len({first, *others}) == 3
    assert len(installer.asked) == 3
    assert first.name.startswith("py3.11-")
    assert "pytest==8.4.2" in installer.asked[0]
    assert "pytest==8.3.5" in installer.asked[2]


def test_what_was_cut_off_is_made_anew(get: Any, make: Any) -> None:
    installer = Installer(REFUSED)
    found = get(installer, make.interpreter())
    assert (found.status, found.trouble) == (Status.UNAVAILABLE, Trouble.NETWORK)
    assert (get(installer, make.interpreter()) / "pytest.py").is_file()


def test_a_python_without_pytest(get: Any, make: Any) -> None:
    installer = Installer()
    found = get(installer, make.interpreter("3.6.15"))
    assert (found.status, found.message) == (Status.UNAVAILABLE, "no pytest for cells on Python 3.6")
    assert installer.asked == []
