"""What goes when little disk is left, and what never does."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from harness.base.process import Completed
from harness.environments import disk
from harness.environments.disk import busy, evict, free_bytes, in_use, work_folder


class Machine:
    """A disk on which each folder in use takes one byte, and uv's cache `cache` bytes that pruning frees."""

    def __init__(self, folder: Path, *, size: int, cache: int = 0) -> None:
        self.folder, self.size, self.cache, self.prunes = folder, size, cache, 0

    def free(self, _folder: Path) -> int:
        return self.size - self.cache - sum(path.is_dir() for path in self.folder.iterdir())

    async def prune(self, _uv: Path, argv: list[Any], **_: Any) -> Completed:
        assert argv[:2] == ["cache", "prune"]
        self.prunes, self.cache = self.prunes + 1, 0
        return Completed(code=0, stdout="", stderr="")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Three venvs; `b` was used longest ago, then `c`, then `a`."""
    one = Machine(tmp_path, size=10)
    for age, name in enumerate(["b", "c", "a"]):
        (tmp_path / name).mkdir()
        with in_use(tmp_path / name):
            pass
        os.utime(tmp_path / f"{name}.use", (1000 + age, 1000 + age))
    monkeypatch.setattr(disk, "free_bytes", one.free)
    monkeypatch.setattr(disk, "call", one.prune)
    return one


def removed(machine: Machine, wanted: int) -> list[str]:
    return [
        path.name for path in asyncio.run(evict(Path("uv"), (machine.folder,), machine.folder / "bytecode", wanted_bytes=wanted))
    ]


def left(machine: Machine) -> list[str]:
    return sorted(path.name for path in machine.folder.iterdir() if path.is_dir())


def test_nothing_goes_while_enough_is_free(machine: Machine) -> None:
    assert removed(machine, 7) == []
    assert (left(machine), machine.prunes) == (["a", "b", "c"], 0)


def test_the_least_recently_used_goes_first_and_no_more_than_needed(machine: Machine) -> None:
    assert removed(machine, 8) == ["b"]
    assert left(machine) == ["a", "c"]
    assert removed(machine, 10) == ["c", "a"]


def test_venvs_and_companions_go_by_when_they_were_used(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    venvs, companions = machine.folder / "venvs", machine.folder / "companions"
    for age, path in enumerate([venvs / "old", companions / "old", venvs / "new", companions / "new"]):
        path.mkdir(parents=True)
        path.with_suffix(".use").touch()
        os.utime(path.with_suffix(".use"), (1000 + age, 1000 + age))
    monkeypatch.setattr(disk, "free_bytes", lambda _: 4 - len([*venvs.glob("*/"), *companions.glob("*/")]))
    gone = asyncio.run(evict(Path("uv"), (venvs, companions), machine.folder / "bytecode", wanted_bytes=3))
    assert gone == (venvs / "old", companions / "old", venvs / "new")


def test_use_makes_a_venv_recent(machine: Machine) -> None:
    with in_use(machine.folder / "b"):
        pass
    assert removed(machine, 8) == ["c"]


def test_a_venv_in_use_stays(machine: Machine) -> None:
    with in_use(machine.folder / "b"), in_use(machine.folder / "b"):
        assert removed(machine, 100) == ["c", "a"]
        assert left(machine) == ["b"]
    assert removed(machine, 100) == ["b"]


def test_a_folder_is_busy_while_one_of_its_venvs_is_in_use(machine: Machine) -> None:
    assert not busy(machine.folder)
    with in_use(machine.folder / "c"), in_use(machine.folder / "c"):
        assert busy(machine.folder)
        assert busy(machine.folder), "asking changes nothing"
    assert not busy(machine.folder)
    with in_use(machine.folder / "new"):
        assert busy(machine.folder)


def test_asking_whether_a_folder_is_busy_is_no_use_of_its_venvs(machine: Machine) -> None:
    assert not busy(machine.folder)
    assert removed(machine, 8) == ["b"]


def test_a_folder_that_is_not_there_is_not_busy(tmp_path: Path) -> None:
    assert not busy(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_with_no_venv_to_remove_uvs_cache_is_pruned_once(machine: Machine) -> None:
    assert removed(machine, 100) == ["b", "c", "a"]
    machine.cache, machine.prunes = 5, 0
    assert removed(machine, 8) == []
    assert (machine.cache, machine.prunes) == (0, 1)


def test_free_bytes_of_a_folder_that_will_be(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") > 0


def test_work_folders_of_killed_processes_go_and_those_in_use_stay(tmp_path: Path) -> None:
    for name in ("killed", "running", "unmarked"):
        (tmp_path / name).mkdir()
    (tmp_path / "killed.use").touch()
    with in_use(tmp_path / "running"), work_folder(tmp_path / "new"):
        (tmp_path / "new").mkdir()
        names = {path.name for path in tmp_path.iterdir()}
        assert names == {"running", "running.use", "unmarked", "new", "new.use"}
    assert {path.name for path in tmp_path.iterdir()} == {"running", "running.use", "unmarked"}
