"""A disk that is really full, or short: a file system of a few megabytes, in a mount namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
IN_OWN_MOUNTS = ("unshare", "--map-root-user", "--mount")


def may_mount() -> bool:
    try:
        return subprocess.run([*IN_OWN_MOUNTS, "true"], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, toolchains: Path) -> Any:
    if not may_mount():
        pytest.skip("not permitted: mounting a file system of one's own (unshare --map-root-user --mount)")
    folder = tmp_path_factory.mktemp("disk") / "small"
    argv = [*IN_OWN_MOUNTS, sys.executable, "-m", "tests.minis.small_disk", folder, toolchains]
    done = subprocess.run(argv, cwd=PROJECT, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_full_disk_is_no_outcome_of_the_case_that_met_it(told: Any) -> None:
    assert told["full"]["first"] == {
        "code": 0,
        "cells": [["unavailable", "disk", "no space left on device while the cell ran"]],
        "cases": {"test_before": "passed", "test_after": "passed"},
        "whole": True,
    }


def test_with_room_again_the_same_command_goes_on(told: Any) -> None:
    passed = dict.fromkeys(("test_before", "test_fills", "test_after"), "passed")
    assert told["full"]["again"] == {"code": 0, "cells": [["completed", None, ""]], "cases": passed, "whole": True}


def test_a_short_disk_is_made_room_on(told: Any) -> None:
    """The venv that nobody uses is gone, and the run is as on any disk."""
    assert told["short"] == {
        "code": 0,
        "cells": [["completed", None, ""]],
        "cases": {"test_one": "passed"},
        "whole": True,
        "idle": False,
    }
