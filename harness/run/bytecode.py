"""Bytecode of what fenced cells imported: compiled for the next cells by a process that runs nothing of what it compiles."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.base.process import FOR_CELLS, run_async
from harness.base.workspace import Workspace
from harness.incell.hubmatrix_bytecode import LIMIT, PLAIN, REWRITTEN
from harness.run.installed import Installed
from harness.run.keys import INCELL

BYTES = 2**20
SECONDS = 60.0


async def compile_imported(list_file: Path, installed: Installed, workspace: Workspace) -> None:
    """Compile the sources that a cell lists in a file, of those that are the project's own; none where there is no such file."""
    environment = installed.environment
    roots = (environment.path, installed.tools, workspace.companions, workspace.toolchains, workspace.cases, INCELL)
    sources = read_sources(list_file, roots)
    if not any(sources.values()):
        return
    # Without `site`, which runs lines of .pth files: packages may bring some.
    argv: list[str | Path] = [environment.python, "-I", "-S", INCELL / "hubmatrix_bytecode.py", installed.tools]
    await run_async(argv, timeout=SECONDS, stdin=json.dumps(sources), cwd=list_file.parent, allowed=FOR_CELLS)


def read_sources(list_file: Path, roots: Sequence[Path]) -> Mapping[str, Sequence[str]]:
    """Read what a cell wrote, which may be anything: only Python files below the roots are kept."""
    try:
        # A file that only pretends to be one, such as a pipe, must not keep the run waiting.
        with os.fdopen(os.open(list_file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
            listed: Any = json.loads(file.read(BYTES) or b"{}")
    except (OSError, ValueError, RecursionError):
        listed = {}
    lists = listed if isinstance(listed, dict) else {}
    resolved = [root.resolve() for root in roots]
    return {kind: [path for path in _texts(lists.get(kind)) if _is_source(path, resolved)] for kind in (PLAIN, REWRITTEN)}


def _texts(listed: object) -> list[str]:
    return [text for text in listed[:LIMIT] if isinstance(text, str)] if isinstance(listed, list) else []


def _is_source(path: str, roots: Sequence[Path]) -> bool:
    return path.endswith(".py") and "\0" not in path and any(map(Path(path).resolve().is_relative_to, roots))
