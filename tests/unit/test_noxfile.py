"""The environment that nox makes for itself is the one that pyproject.toml declares."""

from __future__ import annotations

import re
from pathlib import Path

import nox

ROOT = Path(__file__).parents[2]


def test_script_dependencies_are_the_projects() -> None:
    block = nox.project.load_toml(ROOT / "noxfile.py")
    project = nox.project.load_toml(ROOT / "pyproject.toml")
    assert block["dependencies"] == project["project"]["dependencies"]


def test_sessions_of_the_readme_exist() -> None:
    sessions = set(re.findall(r"^def (\w+)\(session: nox\.Session", (ROOT / "noxfile.py").read_text(), re.MULTILINE))
    assert {"matrix", "cells", "report", "models", "reproduce", "tests", "lint", "bench"} <= sessions
    named = set(re.findall(r"nox -s \"?(\w+)", (ROOT / "README.md").read_text()))
    assert named <= sessions
