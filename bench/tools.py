"""The tools that are compared. Each runs the same cells from the same pins, once in fresh environments and once in those it has.

hubmatrix   environment: one venv a TensorFlow, shared by its cells    cell: a fork of a process that has imported it
tox         environment: one venv a cell (tox-uv makes it)             cell: an interpreter of its own, cores at once
nox         environment: one venv a TensorFlow (virtualenv and pip)    cell: an interpreter of its own, one at a time
"""

from __future__ import annotations

import json
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar

from bench import subject
from bench.commands import PAYLOAD, CommandFailed, output, tell, timed
from bench.subject import Environment, Subject
from harness.base.workspace import Workspace
from harness.run.machine import cores


class ToolName(str, Enum):
    HUBMATRIX = "hubmatrix"
    TOX = "tox"
    NOX = "nox"


class Phase(str, Enum):
    """`fresh`: package caches are warm, there is no venv and nothing else of the tool's own.

    `rebuilt`: the same, but what the tool keeps apart from its venvs is there (hubmatrix keeps bytecode; the others nothing).
    `again`: the venvs are there, everything is measured again.
    """

    FRESH = "fresh"
    REBUILT = "rebuilt"
    AGAIN = "again"


# Below a project, pytest would take that project's settings: warnings as errors, for one.
OWN_SETTINGS = "[pytest]\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(ABC):
    """One tool's project of `cells` cells in each environment, below `folder`. `reuse`: its options to keep the venvs."""

    environ: ClassVar[Mapping[str, str]] = {}
    reuse: ClassVar[tuple[str, ...]] = ()
    phases: ClassVar[tuple[Phase, ...]] = (Phase.FRESH, Phase.AGAIN)

    subject: Subject
    cells: int
    folder: Path

    def run(self, phase: Phase) -> float:
        """Run the cells and return the seconds from the command to its end.

        Raises:
            CommandFailed: not every cell passed in a process of its own.
        """
        shutil.rmtree(self.folder / "receipts", ignore_errors=True)
        if phase is not Phase.AGAIN:
            self.forget()
        argv = [*self.command(), *(self.reuse if phase is Phase.AGAIN else ())]
        seconds = timed(argv, cwd=self.cwd, env=self.environ)
        self._count_receipts()
        return seconds

    def _count_receipts(self) -> None:
        receipts = [path.name.split(" ") for path in (self.folder / "receipts").glob("*")]
        expected = len(self.subject.environments) * self.cells
        cells = {(tensorflow, model) for tensorflow, model, _ in receipts}
        processes = {(tensorflow, process) for tensorflow, _, process in receipts}
        if not len(cells) == len(processes) == len(receipts) == expected:
            count = f"{len(cells)} cells passed in {len(processes)} processes, expected {expected}"
            raise CommandFailed(f"{type(self).__name__}: {count} (look with --keep)")

    @abstractmethod
    def prepare(self) -> None:
        """Write the project."""

    @abstractmethod
    def forget(self) -> None:
        """Remove every venv."""

    @abstractmethod
    def command(self) -> list[str | Path]:
        """Return the command that runs every cell, also those that have a result."""

    @property
    def cwd(self) -> Path:
        return self.folder


class Hubmatrix(Tool):
    phases: ClassVar[tuple[Phase, ...]] = tuple(Phase)

    def prepare(self) -> None:
        subject.project(self.subject, self.folder, self.cells)

    def forget(self) -> None:
        workspace = Workspace(root=self.folder)
        for folder in (workspace.venvs, workspace.toolchains):
            shutil.rmtree(folder, ignore_errors=True)

    def command(self) -> list[str | Path]:
        return hubmatrix(self.folder, "--rerun", "--no-report")

    @property
    def cwd(self) -> Path:
        return self.subject.base


def hubmatrix(project: Path, *options: str) -> list[str | Path]:
    """Return the command `hubmatrix run`; the current folder decides whose harness/ it is."""
    return [sys.executable, "-m", "harness", "run", "--root", project, "--plain", *options]


class Tox(Tool):
    environ: ClassVar[Mapping[str, str]] = {"UV_OFFLINE": "1"}

    def prepare(self) -> None:
        subject.copy_cases(self.folder)
        (self.folder / "tox.ini").write_text(self._settings(), encoding="utf-8")
        (self.folder / "pytest.ini").write_text(OWN_SETTINGS, encoding="utf-8")

    def forget(self) -> None:
        shutil.rmtree(self.folder / ".tox", ignore_errors=True)

    def command(self) -> list[str | Path]:
        return [sys.executable, "-m", "tox", "run-parallel", "--parallel", str(cores()), "--parallel-no-spinner"]

    def _settings(self) -> str:
        environments, manifests = self.subject.environments, self.subject.manifests[: self.cells]
        names = {environment.tensorflow: f"tf{environment.tensorflow.replace('.', '_')}" for environment in environments}
        cells = [f"c{number:03}" for number in range(1, self.cells + 1)]
        lines = ["[tox]", "env_list ="]
        lines += [f"    {name}-{cell}" for name in names.values() for cell in cells]
        lines += ["[testenv]", "package = skip", "pass_env = UV_*", "commands = python -m pytest -q cases", "base_python ="]
        lines += [f"    {names[environment.tensorflow]}: {environment.interpreter}" for environment in environments]
        lines += [
            "deps =",
            *(f"    {names[environment.tensorflow]}: -r {environment.requirements}" for environment in environments),
        ]
        lines += ["set_env =", *(f"    {name} = {value}" for name, value in self.subject.environ.items())]
        lines += [f"    {cell}: HUBMATRIX_MODEL = {path}" for cell, path in zip(cells, manifests, strict=True)]
        return "\n".join(lines) + "\n"


class Nox(Tool):
    reuse: ClassVar[tuple[str, ...]] = ("--reuse-existing-virtualenvs", "--no-install")

    def prepare(self) -> None:
        subject.copy_cases(self.folder)
        shutil.copy2(PAYLOAD / "noxfile.py", self.folder)
        facts = {
            "environments": [_facts(environment) for environment in self.subject.environments],
            "manifests": list(map(str, self.subject.manifests[: self.cells])),
            "environ": dict(self.subject.environ),
        }
        (self.folder / "cells.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        (self.folder / "pytest.ini").write_text(OWN_SETTINGS, encoding="utf-8")

    def forget(self) -> None:
        shutil.rmtree(self.folder / ".nox", ignore_errors=True)

    def command(self) -> list[str | Path]:
        return [sys.executable, "-m", "nox"]


def _facts(environment: Environment) -> dict[str, str]:
    return {
        "tensorflow": environment.tensorflow,
        "python": str(environment.interpreter),
        "requirements": str(environment.requirements),
    }


CLASSES: dict[ToolName, type[Tool]] = {ToolName.HUBMATRIX: Hubmatrix, ToolName.TOX: Tox, ToolName.NOX: Nox}


def make(name: ToolName, common: Subject, cells: int) -> Tool:
    """Make the tool and write its project."""
    tool = CLASSES[name](subject=common, cells=cells, folder=common.base / f"{name.value}-{cells}")
    tool.prepare()
    return tool


def fill_pip_cache(common: Subject) -> None:
    """Install everything once with pip, so that its cache is as warm as uv's."""
    for environment in common.environments:
        tell(f"preparing: pip's cache for {environment.tensorflow}")
        spare = common.base / "spare"
        output([sys.executable, "-m", "virtualenv", "--quiet", "--python", environment.interpreter, spare], cwd=common.base)
        output([spare / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", environment.requirements], cwd=common.base)
        shutil.rmtree(spare)
