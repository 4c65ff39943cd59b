"""The way to a model on real TensorFlow: hub 0.16 and 0.12, which differ in what they say and agree in what they do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from harness.results.run import Run
from tests.integration.judging import verdicts
from tests.minis.project import newest_run

pytestmark = pytest.mark.tensorflow
ROOT = Path(__file__).parents[2]
SELECT = (
    "tensorflow in (2.4.4, 2.15.1) and install=as-released and keras=default and text=without "
    "and model=bert-en/3 and format=h5 and device=cpu"
)
DECLARED = {
    "test_archive_without_folders",
    "test_damaged_and_noticed",
    "test_files_are_gone",
    "test_load_format_in_small_letters",
    "test_silence",
    "test_variables_are_gone",
    "test_wrong_version",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fetching cases alone, measured once."""
    root = tmp_path_factory.mktemp("fetching")
    shutil.copy(ROOT / "matrix.yaml", root)
    (root / "cases").mkdir()
    shutil.copy(ROOT / "cases" / "conftest.py", root / "cases")
    shutil.copytree(ROOT / "cases" / "fetching", root / "cases" / "fetching", ignore=shutil.ignore_patterns("__pycache__"))
    argv = [sys.executable, "-m", "harness", "run", "--root", str(root), "--tier", "full", "--select", SELECT, "--plain"]
    done = subprocess.run(argv, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(scope="module")
def run(project: Path) -> Run:
    return newest_run(project)


def verdicts_by_case(project: Path, run: Run, version: str) -> dict[str, set[str]]:
    by_case = defaultdict(set)
    for record, verdict in verdicts(project, run):
        if f"tf-{version.replace('.', '_')}-" in record.environment:
            by_case[record.case.rpartition("::")[2]].add(verdict)
    return by_case


@pytest.mark.parametrize(("version", "more"), [("2.4.4", {"test_permanent_redirect"}), ("2.15.1", set())])
def test_what_is_declared_and_nothing_else_fails(project: Path, run: Run, version: str, more: set[str]) -> None:
    """Status 308 is followed by urllib from Python 3.11 on."""
    by_case = verdicts_by_case(project, run, version)
    assert {case for case, verdict in by_case.items() if verdict == {"as_declared"}} == DECLARED | more
    assert {case for case, verdict in by_case.items() if verdict not in ({"as_declared"}, {"passed"})} == set()
    assert len(by_case) > 30


def test_no_record_says_where_the_server_was(run: Run) -> None:
    told = "".join(record.message + record.evidence for record in run.cases)
    assert "$HUB" in told
    assert "127.0.0.1:" not in told
