"""A mini project on a file system of its own that really runs full, or short. A program, to be started in a mount namespace:

    unshare --map-root-user --mount python -m tests.minis.small_disk FOLDER TOOLCHAINS

It mounts a tmpfs of SIZE on FOLDER, which ends with the program, and prints one JSON object of facts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.base.workspace import Workspace
from tests.minis.project import Mini

SIZE = 48 << 20
CASES = {
    "test_a.py": "def test_before(): pass\n",
    "test_b.py": """
        import pathlib

        def test_fills(tmp_path):
            if (pathlib.Path(__file__).parent / "fill").exists():
                with open(tmp_path / "big", "wb", buffering=0) as file:
                    while True:
                        file.write(bytes(4096))
    """,
    "test_c.py": "def test_after(): pass\n",
}


def main(folder: Path, toolchains: Path) -> None:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", folder], check=True)
    print(json.dumps({"full": full(folder / "full", toolchains), "short": short(folder / "short", toolchains)}))


def full(root: Path, toolchains: Path) -> dict[str, Any]:
    """A case fills the disk to the last page; then the same command again, with room."""
    mini = Mini.make(root, toolchains, CASES)
    mark = root / "cases" / "fill"
    mark.touch()
    first = told(mini)
    mark.unlink()
    return {"first": first, "again": told(mini)}


def short(root: Path, toolchains: Path) -> dict[str, Any]:
    """Less is free than matrix.yaml asks for, and there is a venv that nobody uses."""
    mini = Mini.make(root, toolchains, {"test_a.py": "def test_one(): pass\n"}, free_disk="32 MiB")
    idle = Workspace(root=root).venvs / "idle"
    idle.mkdir(parents=True)
    idle.with_suffix(".use").touch()
    (idle / "tensorflow.so").write_bytes(bytes(24 << 20))
    return {**told(mini), "idle": idle.exists()}


def told(mini: Mini) -> dict[str, Any]:
    ended = mini.command("run", "--plain", "--no-report")
    run = mini.newest()
    return {
        "code": ended.code,
        "cells": [[cell.status.value, cell.trouble and cell.trouble.value, cell.message] for cell in run.cells],
        "cases": {record.case.rpartition("::")[2]: record.outcome.value for record in run.cases},
        "whole": run.footer is not None,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
