"""What a run opens to its processes, and what it says of its fence."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.workspace import Workspace
from harness.models import replicas
from harness.run import fence
from harness.run.fence import OFF, fence_here, fence_of, is_up, why_none
from harness.run.keys import INCELL, NOT_IN_KEYS


@pytest.mark.parametrize(
    ("level", "asked_for", "expected"), [(7, True, "landlock-7"), (2, True, "landlock-2"), (0, True, ""), (7, False, OFF)]
)
def test_the_header_names_the_level(level: int, asked_for: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence, "level", lambda: level)
    assert fence_here(asked_for=asked_for) == expected


def test_a_run_tells_of_a_fence_that_is_not_up() -> None:
    assert why_none("landlock-7") == ""
    assert why_none(OFF) == "no fence (as asked for): what is run can read and change whatever you can"
    assert why_none("").startswith("no fence (this kernel has no Landlock of level 2 (Linux 5.19) or later): ")
    assert [is_up(name) for name in ("landlock-3", OFF, "")] == [True, False, False]


@pytest.mark.parametrize("name", [OFF, ""])
def test_without_a_fence_nothing_is_closed(name: str, tmp_path: Path) -> None:
    assert fence_of(name, Workspace(root=tmp_path), ()) is None


def test_cells_may_use_what_their_variables_name(tmp_path: Path) -> None:
    workspace = Workspace(root=tmp_path)
    environs = [
        {"HUBMATRIX_HUB_SERVER": "http://127.0.0.1:8700", "HUBMATRIX_MODEL": "/models/mine.json", "HUBMATRIX_FORMAT": "h5"},
        {"HUBMATRIX_TPU_COMPILER": "127.0.0.1:99", "OTHER": "127.0.0.1:1", "HUBMATRIX_SAYS": "127.0.0.1:2 and more", "X": "/etc"},
    ]
    opened = fence_of("landlock-7", workspace, environs)
    assert opened is not None
    assert opened.ports == [99, 8700]
    assert {"/models/mine.json", str(INCELL), str(replicas.FOLDER), str(tmp_path / "cases")} <= set(opened.readable)
    closed = {tmp_path, tmp_path / "matrix.yaml", workspace.state, workspace.work, workspace.venvs, workspace.locks, Path("/etc")}
    assert not {str(path) for path in closed} & set(opened.readable)


def test_a_script_with_a_server_of_its_own_may_connect_anywhere(tmp_path: Path) -> None:
    opened = fence_of("landlock-7", Workspace(root=tmp_path), (), connects=True)
    assert opened is not None
    assert opened.ports is None


def test_what_is_left_out_of_keys_is_there() -> None:
    assert all((INCELL / name).is_file() for name in NOT_IN_KEYS)
