"""What runs in cells and exporters is read by the oldest interpreter that runs it: a real Python 3.7."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness import process
from harness.run.prepare import machine_interpreters

ROOT = Path(__file__).parents[2]
FOLDERS = ("harness/incell", "harness/hub/exporters", "cases")
PROGRAM = "import sys\nfor name in sys.argv[1:]: compile(open(name, 'rb').read(), name, 'exec')"


def test_python_37_reads_it() -> None:
    found = asyncio.run(machine_interpreters())
    if "3.7" not in found:
        pytest.skip("no Python 3.7 on this machine")
    sources = [str(path.relative_to(ROOT)) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(sources) > 10
    done = process.run([found["3.7"].path, "-I", "-W", "error", "-c", PROGRAM, *(str(ROOT / name) for name in sources)], timeout=60)
    assert done.ok, done.stderr
