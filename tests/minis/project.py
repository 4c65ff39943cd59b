"""A mini project: a folder with matrix.yaml, cases/ and an index of fake packages, run by the real command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.base.workspace import Workspace
from harness.results.run import Run
from harness.results.store import load_run, open_store
from tests.minis import packages

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
MATRIX = """
version: 1
axes:
  tensorflow:
    - {{version: "2.99.0", package: tensorflow, released: 2024-01-01, pythons: ["{python}"]}}
  install: [{install}]
  keras: [default]
  model:
    bert-en/3:
      handle: https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3
      format: saved_model_2
      interface: dict
  format: [{formats}]
  device: [{devices}]
tiers:
  quick: {{title: all, select: ""}}
  full: {{title: all, select: ""}}
limits:
  case_seconds: {case_seconds}
  import_seconds: 5
  install_seconds: 60
  memory: {memory}
  free_disk: {free_disk}
"""
CONFTEST = """
import os
import pytest

@pytest.fixture
def model():
    return os.environ["HUBMATRIX_MODEL"]

@pytest.fixture(autouse=True)
def of_a_model(model):
    # So that every case belongs to the cells of the one model; those without one have a test of their own.
    return model

@pytest.fixture
def save_format():
    return os.environ["HUBMATRIX_FORMAT"]
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


@dataclass
class Mini:
    """A project below `root`; `toolchains` is shared, so that pytest is installed once for all tests."""

    root: Path
    toolchains: Path
    env: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(
        cls,
        root: Path,
        toolchains: Path,
        cases: Mapping[str, str],
        *,
        tensorflow: str = "",
        requires: Sequence[str] = (),
        python: str = MINOR,
        install: str = "today-uv",
        formats: str = "h5",
        devices: str = "cpu",
        case_seconds: int = 20,
        memory: str = "1 GiB",
        free_disk: str = "1 MiB",
    ) -> Mini:
        """Write everything; `tensorflow` is the source of the fake package's `__init__`.

        `install` is the policy that resolves fastest: by pip it takes a `python -m venv` more.
        """
        index = root / "index"
        index.mkdir(parents=True)
        packages.wheel(index, "tensorflow", "2.99.0", {"tensorflow/__init__.py": textwrap.dedent(tensorflow)}, requires)
        packages.wheel(index, "tensorflow-hub", "0.99.0", {"tensorflow_hub/__init__.py": ""})
        limits = {"case_seconds": case_seconds, "memory": memory, "free_disk": free_disk}
        text = MATRIX.format(python=python, install=install, formats=formats, devices=devices, **limits)
        (root / "matrix.yaml").write_text(text)
        mini = cls(root=root, toolchains=toolchains)
        mini.write_cases({"conftest.py": CONFTEST, **cases})
        (root / ".hubmatrix").mkdir()
        (root / ".hubmatrix" / "toolchains").symlink_to(toolchains)
        (root / "empty").mkdir()
        mini.env = {
            "UV_FIND_LINKS": str(index),
            "UV_DEFAULT_INDEX": (root / "empty").as_uri(),
            "UV_CACHE_DIR": str(root / "uv-cache"),
            "UV_HTTP_RETRIES": "0",
        }
        return mini

    def copy(self, name: str) -> Mini:
        """A clean copy beside this project, as another machine would have it: the same index, nothing measured or installed."""
        root = self.root.parent / name
        root.mkdir()
        shutil.copy(self.root / "matrix.yaml", root)
        shutil.copytree(self.root / "cases", root / "cases", ignore=shutil.ignore_patterns("__pycache__"))
        (root / ".hubmatrix").mkdir()
        (root / ".hubmatrix" / "toolchains").symlink_to(self.toolchains)
        return Mini(root=root, toolchains=self.toolchains, env=dict(self.env))

    def write_cases(self, cases: Mapping[str, str]) -> None:
        for name, text in cases.items():
            path = self.root / "cases" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The real command, in its own session so that a test may kill it and nothing else."""
        return subprocess.Popen(
            [sys.executable, "-m", "harness", *arguments, "--root", str(self.root)],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def command(self, *arguments: str, timeout: float = 120) -> Ended:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        return Ended(code=process.returncode, stdout=out, stderr=err)

    def run(self, *arguments: str) -> Run:
        """`hubmatrix run`, expected to end well; gives what it measured."""
        ended = self.command("run", "--plain", "--no-report", *arguments)
        assert ended.code == 0, ended.stderr
        return self.newest()

    def newest(self) -> Run:
        return newest_run(self.root)

    def results(self) -> dict[str, Any]:
        """The newest run without what differs from run to run: each cell's status, and the outcomes that bear on it."""
        run = self.newest()
        told: dict[str, list[tuple[str, str, str]]] = {}
        for record in run.cases:
            told.setdefault(record.key, []).append((record.case, record.variant, record.outcome.value))
        return {
            cell.id: (cell.status.value, sorted(one for ref in cell.cases for one in told.get(ref.key or "", [])))
            for cell in run.cells
        }


def newest_run(root: Path) -> Run:
    """The newest run in the store of a project."""
    return load_run(Workspace(root=root).results)


def runs_of(root: Path) -> tuple[Run, ...]:
    """Every run in the store of a project, newest first; none where there is no store yet."""
    path = Workspace(root=root).results
    if not path.exists():
        return ()
    with open_store(path) as store:
        return tuple(store.read(run.name) for run in store.runs())


def forget_runs(root: Path) -> None:
    """Take the store of a project away."""
    shutil.rmtree(Workspace(root=root).results.parent)


def outcomes(run: Run) -> dict[str, str]:
    """Outcome of each case (and variant) by its name without the folder."""
    return {
        f"{record.case.rpartition('::')[2]}{f'[{record.variant}]' if record.variant else ''}": record.outcome.value
        for record in run.cases
    }
