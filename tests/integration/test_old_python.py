"""What runs in cells and exporters is read by the oldest interpreter that runs it: a real Python 3.7."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.base import process
from harness.run.machine import machine_interpreters
from tests.integration.conftest import install_pytest
from tests.minis.project import Mini, outcomes

ROOT = Path(__file__).parents[2]
FOLDERS = ("harness/incell", "harness/models/exporters", "cases")
PROGRAM = "import sys\nfor name in sys.argv[1:]: compile(open(name, 'rb').read(), name, 'exec')"


def test_cells_run_on_it(mini: Callable[..., Mini], toolchains: Path) -> None:
    """The zygote, its guardians and the recorder under 3.7: a fork, a crash, a hang, and what the other cases say."""
    if not install_pytest(toolchains, "3.7"):
        pytest.skip("no Python 3.7 on this machine")
    cases = """
        import os, sys, time
        def test_version(): assert sys.version_info[:2] == (3, 7)
        def test_crash(): os.abort()
        def test_hang(): time.sleep(600)
        def test_fails(): assert 1 == 2
    """
    run = mini({"test_x.py": cases}, python="3.7", case_seconds=3).run()
    expected = {"test_version": "passed", "test_crash": "crashed", "test_hang": "timed_out", "test_fails": "failed"}
    assert outcomes(run) == expected
    assert run.environments[0].python is not None
    assert run.environments[0].python.startswith("3.7.")


def test_python_37_reads_it() -> None:
    found = asyncio.run(machine_interpreters())
    if "3.7" not in found:
        pytest.skip("no Python 3.7 on this machine")
    sources = [str(path.relative_to(ROOT)) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(sources) > 10
    done = process.run_process(
        [found["3.7"].path, "-I", "-W", "error", "-c", PROGRAM, *(str(ROOT / name) for name in sources)], timeout=60
    )
    assert done.ok, done.stderr
