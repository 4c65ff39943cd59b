"""What goes, what stays, and how it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import MachineError
from harness.base.process import Completed
from harness.base.workspace import Workspace
from harness.commands.clean import Freed, clean
from harness.environments import uv
from harness.environments.disk import in_use


@pytest.fixture
def used(project: Workspace) -> Workspace:
    """A project after a run."""
    state = (project.locks, project.venvs / "1f" / "bin", project.companions / "2e", project.toolchains, project.work)
    for folder in (*state, project.results.parent, project.sizes, project.site):
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
    return project


def test_results_stay_unless_asked_for(used: Workspace) -> None:
    freed = clean(used, results=False, uv_cache=False)
    names = ("companions", "locks", "toolchains", "venvs", "work")
    assert freed.removed == tuple(f".hubmatrix/{name}" for name in names)
    assert sorted(child.name for child in used.state.iterdir()) == ["results", "sizes"]
    assert (used.results.parent / "file").is_file()
    assert (used.site / "file").is_file()
    assert used.matrix.is_file()


def test_results_go_when_asked_for(used: Workspace) -> None:
    freed = clean(used, results=True, uv_cache=False)
    assert freed.removed == (".hubmatrix", "reports")
    assert not used.results.exists()
    assert not used.site.exists()
    assert used.cases.is_dir()


def test_cleaning_twice_removes_nothing(used: Workspace) -> None:
    clean(used, results=True, uv_cache=False)
    freed = clean(used, results=True, uv_cache=False)
    assert freed.removed == ()
    assert freed.as_text().startswith("removed nothing; ")


def test_nothing_goes_while_a_run_uses_the_environments(used: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uv, "find_uv", lambda: pytest.fail("uv's cache is in use too"))
    with in_use(used.venvs / "1f"):
        kept = sorted(used.root.rglob("*"))
        with pytest.raises(MachineError) as caught:
            clean(used, results=True, uv_cache=True)
        assert sorted(used.root.rglob("*")) == kept
    assert str(caught.value) == f"{used.venvs}: a run is using these environments (hint: wait for it or end it, then clean)"
    assert caught.value.exit_code == 6
    assert ".hubmatrix/venvs" in clean(used, results=False, uv_cache=False).removed


def test_uvs_cache_is_pruned_only_when_asked_for(used: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def call(_uv: Path, argv: list[str], **_: Any) -> Completed:
        asked.append(argv[:2])
        return Completed(code=0, stdout="", stderr="")

    monkeypatch.setattr(uv, "call", call)
    monkeypatch.setattr(uv, "find_uv", lambda: Path("uv"))
    clean(used, results=False, uv_cache=False)
    assert asked == []
    assert clean(used, results=False, uv_cache=True).removed == ("what uv can download again",)
    assert asked == [["cache", "prune"]]


def test_how_it_is_told() -> None:
    freed = Freed(removed=(".hubmatrix", "reports/runs"), freed_bytes=3 * 2**29, free_bytes=20 * 2**30)
    assert freed.as_text() == "removed .hubmatrix, reports/runs; 1.50 GiB freed, 20.0 GiB free now"
    assert freed.as_json() == {
        "format": 1,
        "removed": [".hubmatrix", "reports/runs"],
        "freed_bytes": 3 * 2**29,
        "free_bytes": 20 * 2**30,
    }
