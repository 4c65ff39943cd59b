"""A plan in shards, each in a folder of its own, and put together: the same results as in one run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.rehearsal import Rehearsal, rehearse
from tests.integration.test_interruptions import CASES, FORMATS
from tests.minis import packages
from tests.minis.project import Mini

Make = Callable[..., Mini]
SHARDS = 3


@pytest.fixture
def copies(mini: Make) -> tuple[Mini, ...]:
    """The project, and a clean copy of it for each shard."""
    project = mini(CASES, formats=FORMATS, install="today-uv, as-released")
    return project, *(project.copy(f"shard-{index}") for index in range(1, SHARDS + 1))


def export(project: Mini, *arguments: str) -> Path:
    """Run a shard; return the file of its results."""
    project.run(*arguments)
    path = project.root / "results.jsonl"
    ended = project.command("results", "--export", str(path))
    assert ended.code == 0, ended.stderr
    return path


def test_shards_put_together_are_the_whole(copies: tuple[Mini, ...]) -> None:
    project, *parts = copies
    project.run()
    undivided = project.results()
    files = [export(part, "--shard", f"{index}/{SHARDS}") for index, part in enumerate(parts, 1)]
    assert [len(part.newest().cells) for part in parts] == [2, 2, 2]
    merged = project.copy("merged")
    ended = merged.command("merge", *map(str, files))
    assert ended.code == 0, ended.stderr
    assert merged.results() == undivided
    again = merged.command("merge", *map(str, reversed(files)), str(files[0]))
    assert "was here already" in again.stdout
    missing = project.copy("missing").command("merge", str(files[0]), str(files[2]))
    assert missing.code == 4
    assert "2 of 6 cells are missing" in missing.stderr


def test_locks_of_one_machine_serve_the_others(copies: tuple[Mini, ...]) -> None:
    """What was locked is installed, though the index has newer packages by then; and no index is asked for anything else."""
    project, *parts = copies
    project.run()
    undivided = project.results()
    locked = project.command("lock", "--plain", "--into", str(project.root / "locks.tar.gz"))
    assert locked.code == 0, locked.stderr
    assert "2 of 2 environments locked on " in locked.stdout
    packages.wheel(project.root / "index", "tensorflow-hub", "0.99.1", {"tensorflow_hub/__init__.py": ""})
    locks = ("--locks", str(project.root / "locks.tar.gz"))
    files = [export(part, *locks, "--shard", f"{index}/{SHARDS}") for index, part in enumerate(parts, 1)]
    versions = {package.version for part in parts for record in part.newest().environments for package in record.packages}
    assert "0.99.1" not in versions
    merged = project.copy("merged")
    ended = merged.command("merge", *map(str, files))
    assert ended.code == 0, ended.stderr
    assert merged.results() == undivided
    other = export(project.copy("other"), "--shard", "1/3")
    refused = merged.command("merge", str(other), *map(str, files[1:]))
    assert refused.code == 4
    assert ": of plan " in refused.stderr
    changed = project.copy("changed")
    changed.write_cases({"test_b.py": CASES["test_b.py"] + "# another comment\n"})
    refused = changed.command("run", *locks)
    assert (refused.code, refused.stderr) == (
        2,
        "error: --locks: these locks were made with another version of the cases "
        "(hint: check out the commit that they were made from, or lock again)\n",
    )


def test_the_rehearsal(mini: Make, tmp_path: Path) -> None:
    """`nox -s rehearse` on a project of a moment: killed, torn, twice, missing, of another plan, edited; equal in the end."""
    cases = {**CASES, "test_c.py": "import time\ndef test_slow(save_format): time.sleep(1)\n"}
    project = mini(cases, formats=FORMATS, install="today-uv, as-released")
    rehearsal = Rehearsal(
        project=project.root, base=tmp_path / "rehearsal", shards=3, select=("--tier", "full"), environ=project.env
    )
    steps = []
    assert rehearse(rehearsal, steps.append), steps
    assert len(steps) == 18
