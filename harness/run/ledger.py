"""The bookkeeping of one group: each cell is recorded once, after every case that it refers to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from harness.domain import Companion, Status
from harness.environments.companions import CompanionFolder
from harness.environments.uv import Failure
from harness.run.assign import CellEnd, CellJob
from harness.run.attempts import Finished
from harness.run.groups import EnvironmentGroup
from harness.run.installed import Installed
from harness.run.keys import INCELL
from harness.run.records import case_record, cell_record, environment_record
from harness.run.settings import RunSettings
from harness.run.sink import Sink


@dataclass(slots=True)
class Ledger:
    """The bookkeeping of one group: which keys are settled, and so which cells are done."""

    group: EnvironmentGroup
    settings: RunSettings
    sink: Sink
    roots: dict[str, str] = field(default_factory=dict)
    beside: Mapping[Companion, str] = field(default_factory=dict)
    ends: dict[str, CellEnd] = field(default_factory=dict)
    waiting: dict[str, set[str]] = field(default_factory=dict)
    troubled: dict[str, CellEnd] = field(default_factory=dict)
    opened: bool = False

    def __post_init__(self) -> None:
        self.roots = {str(Path.home()): "~", str(INCELL.parent.parent): "$HUBMATRIX", **self.settings.names}
        workspace = self.settings.machine.workspace
        self._name(workspace.root, ".")
        self._name(workspace.state, "./.hubmatrix")  # may be a link to a larger disk
        self._name(self.settings.folder, "$WORK")
        self._name(self.group.identity.interpreter.path.parent.parent, "$PYTHON")
        # A cell waits for the keys that some cell of the group has still to run, itself included; all others it knows the end of.
        self.ends = dict(self.group.ends)
        ours = {keyed.key for job in self.group.jobs for keyed in job.cases} - self.ends.keys()
        self.waiting = {job.cell.id: {ref.key for ref in job.refs if ref.key in ours} for job in self.group.jobs}

    def know(self, installed: Installed) -> None:
        self._name(installed.environment.path, "$VENV")
        self._name(installed.tools, "$PYTEST")
        self.beside = installed.versions
        for companion, folder in installed.beside.items():
            if isinstance(folder, CompanionFolder):
                self._name(folder.path, f"${companion.name}")

    def _name(self, folder: Path, name: str) -> None:
        """Register what records say for a folder: for its path as such and relative to a cell's, links followed or not.

        pytest prints paths relative to its current folder, and `.hubmatrix` may be a link.
        """
        current = self.settings.folder / "cell" / "cwd"
        for path, start in product({folder, folder.resolve()}, {current, current.resolve()}):
            self.roots |= {str(path): name, os.path.relpath(path, start): name}

    def refuse(self, trouble: Failure, seconds: float) -> None:
        """Record that no cell of the group can run, and why. `seconds` is the time that this took."""
        for request in self.group.requests:
            self.sink.write(environment_record(request, self.group.identity, trouble, self.roots, seconds))
        end = CellEnd(status=trouble.status, trouble=trouble.trouble, message=trouble.message, evidence="")
        for job in self.group.jobs:
            self.sink.write(cell_record(job, end, self.roots, reused=False))

    def ready(self, seconds: float) -> None:
        self.opened = True
        for request in self.group.requests:
            self.sink.write(environment_record(request, self.group.identity, None, self.roots, seconds))

    def case(self, job: CellJob, finished: Finished) -> None:
        # What the machine did to a case is not recorded as its outcome, so the next run measures it again; the cell is unavailable.
        if lacking := self.settings.attribute(finished.outcome, finished.message, finished.evidence):
            self.troubled[job.cell.id] = CellEnd(status=Status.UNAVAILABLE, trouble=lacking.trouble, message=lacking.message)
            return
        self.sink.write(case_record(finished, job, self.settings.run, self.roots, self.beside))

    def end(self, job: CellJob, end: CellEnd) -> None:
        """Take in the end of a cell's process: settle its keys, and record each cell that waited for these alone."""
        if trouble := self.troubled.get(job.cell.id):
            end = replace(trouble, evidence=end.evidence)
        keys = {keyed.key for keyed in job.cases}
        self.ends |= dict.fromkeys(keys, end)
        for other in self.group.jobs:
            waits = self.waiting.get(other.cell.id)
            if waits and waits & keys:
                waits -= keys
                if not waits:
                    self.sink.write(cell_record(other, other.end(self.ends), self.roots, reused=False))

    def settle_idle(self) -> None:
        """Record the cells that wait for no key: earlier runs measured all their cases."""
        for job in self.group.jobs:
            if not self.waiting[job.cell.id]:
                self.sink.write(cell_record(job, job.end(self.ends), self.roots, reused=True))
