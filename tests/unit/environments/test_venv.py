"""A venv is complete or it is made anew."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.base.process import Completed
from harness.domain import Status, Trouble
from harness.environments import venv
from harness.environments.uv import Failure
from harness.environments.venv import Venv, ensure_venv, venv_folder

OK = Completed(code=0, stdout="", stderr="")
DISK = Completed(code=2, stdout="", stderr="error: Failed to install: x\n  cause: No space left on device (os error 28)\n")
BUILD = Completed(code=1, stdout="", stderr="error: Failed to build `x==1`\n  cause: The build backend returned an error\n")


class Uv:
    """Stands for `uv venv` and `uv pip sync`."""

    def __init__(self, *, made: Completed = OK, synced: Completed = OK) -> None:
        self.made, self.synced = made, synced
        self.venvs: list[list[str]] = []
        self.syncs: list[list[str]] = []

    async def venv(self, _uv: Path, argv: list[Any], **_: Any) -> Completed:
        if argv[0] == "pip":
            return await self.sync(_uv, argv)
        self.venvs.append([str(one) for one in argv])
        assert not Path(argv[1]).exists(), "made over something"
        Path(argv[1], "bin").mkdir(parents=True)
        Path(argv[1], "lib", "python3.11", "site-packages").mkdir(parents=True)
        return self.made

    async def sync(self, _uv: Path, argv: list[Any], **_: Any) -> Completed:
        self.syncs.append([str(one) for one in argv])
        return self.synced


@pytest.fixture
def get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any) -> Any:
    def one(uv: Uv, lock: Any = None) -> Venv | Failure:
        monkeypatch.setattr(venv, "call", uv.venv)
        monkeypatch.setattr(venv, "call_offline_first", uv.sync)
        folders = (tmp_path / "venvs", tmp_path / "bytecode")
        return asyncio.run(ensure_venv(Path("uv"), *folders, lock or make.lock(), make.interpreter(), timeout=60))

    return one


def test_a_place_for_each_content_and_interpreter(make: Any) -> None:
    folder, lock, interpreter = Path("/venvs"), make.lock(), make.interpreter()
    assert venv_folder(folder, make.lock(path=Path("/other.txt")), interpreter) == venv_folder(folder, lock, interpreter)
    others = {
        venv_folder(folder, lock, interpreter),
        venv_folder(folder, make.lock(sha256="f" * 64), interpreter),
        venv_folder(folder, lock, make.interpreter("3.11.8")),
        venv_folder(folder, lock, make.interpreter(path=Path("/usr/bin/python3.11"))),
    }
    assert len(others) == 4


def test_made_once_exactly_what_the_lock_says(get: Any, make: Any, tmp_path: Path) -> None:
    uv = Uv()
    found = get(uv)
    assert get(uv) == found
    assert found.path == venv_folder(tmp_path / "venvs", make.lock(), make.interpreter())
    assert found.python == found.path / "bin" / "python"
    assert (len(uv.venvs), len(uv.syncs)) == (1, 1)
    (sync,) = uv.syncs
    assert sync[:3] == ["pip", "sync", "/nowhere/lock.txt"]
    assert "--require-hashes" in sync
    assert sync[sync.index("--exclude-newer") + 1] == "2024-07-19"


def test_what_is_built_today_is_built_with_todays_tools(get: Any, make: Any) -> None:
    uv = Uv()
    get(uv, make.lock(exclude_newer=None))
    assert "--exclude-newer" not in uv.syncs[0]


@pytest.mark.parametrize(
    ("uv", "status", "trouble"),
    [
        (Uv(synced=DISK), Status.UNAVAILABLE, Trouble.DISK),
        (Uv(synced=BUILD), Status.INSTALL_FAILED, None),
        (Uv(made=DISK), Status.UNAVAILABLE, Trouble.DISK),
    ],
)
def test_a_failure_leaves_nothing_and_is_tried_again(get: Any, tmp_path: Path, uv: Uv, status: Status, trouble: Any) -> None:
    found = get(uv)
    assert (found.status, found.trouble) == (status, trouble)
    assert not any(path.is_dir() for path in (tmp_path / "venvs").iterdir())
    # What would be the software's fault is tried once more, from files that are fetched anew.
    assert ["--refresh" in argv for argv in uv.syncs] == {Status.INSTALL_FAILED: [False, True]}.get(
        status, [False][: len(uv.syncs)]
    )
    assert isinstance(get(Uv()), Venv)


def test_a_venv_that_was_cut_off_is_made_anew(get: Any) -> None:
    found = get(Uv())
    (found.path / venv.FINGERPRINT).unlink()
    uv = Uv()
    assert get(uv) == found
    assert len(uv.syncs) == 1
