"""The bookkeeping of one group: each cell is recorded once, after every case that it refers to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from harness.domain import Companion, Status
from harness.environments.companions import Folder
from harness.environments.uv import Failure
from harness.run.assign import CellEnd, CellJob
from harness.run.attempts import Finished
from harness.run.groups import Group
from harness.run.installed import Installed
from harness.run.keys import INCELL
from harness.run.records import case_record, cell_record, environment_record
from harness.run.settings import RunSettings
from harness.run.sink import Sink


@dataclass(slots=True)
class Ledger:
    """The bookkeeping of one group: which keys are settled, and so which cells are done."""

    group: Group
    settings: RunSettings
    sink: Sink
    roots: dict[str, str] = field(default_factory=dict)
    beside: Mapping[Companion, str] = field(default_factory=dict)
    ends: dict[str, CellEnd] = field(default_factory=dict)
    waiting: dict[str, set[str]] = field(default_factory=dict)
    troubled: dict[str, CellEnd] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roots = {str(Path.home()): "~", str(INCELL.parent.parent): "$HUBMATRIX", **self.settings.names}
        workspace = self.settings.machine.workspace
        self._name(workspace.root, ".")
        self._name(workspace.state, "./.hubmatrix")  # may be a link to a larger disk
        self._name(self.settings.folder, "$WORK")
        self._name(self.group.identity.interpreter.path.parent.parent, "$PYTHON")
        self.ends = dict(self.group.ends)
        ours = {keyed.key for job in self.group.jobs for keyed in job.cases} - self.ends.keys()
        self.waiting = {job.cell.id: {ref.key for ref in job.refs if ref.key in ours} for job in self.group.jobs}

    def know(self, installed: Installed) -> None:
        self._name(installed.environment.path, "$VENV")
        self._name(installed.tools, "$PYTEST")
        self.beside = installed.versions
        for companion, folder in installed.beside.items():
            if isinstance(folder, Folder):
                self._name(folder.path, f"${companion.name}")

    def _name(self, folder: Path, name: str) -> None:
        """A folder's name in records, for its path as such and as seen from a cell's current folder, links followed or not."""
        current = self.settings.folder / "cell" / "cwd"
        for path, start in product({folder, folder.resolve()}, {current, current.resolve()}):
            self.roots |= {str(path): name, os.path.relpath(path, start): name}

    def refuse(self, trouble: Failure, seconds: float) -> None:
        """No cell of the group can run."""
        for request in self.group.requests:
            self.sink.put(environment_record(request, self.group.identity, trouble, self.roots, seconds))
        end = CellEnd(status=trouble.status, trouble=trouble.trouble, message=trouble.message, evidence="")
        for job in self.group.jobs:
            self.sink.put(cell_record(job, end, self.roots, reused=False))

    def ready(self, seconds: float) -> None:
        for request in self.group.requests:
            self.sink.put(environment_record(request, self.group.identity, None, self.roots, seconds))

    def case(self, job: CellJob, done: Finished) -> None:
        if lacking := self.settings.attribute(done.outcome, done.message, done.evidence):
            self.troubled[job.cell.id] = CellEnd(status=Status.UNAVAILABLE, trouble=lacking.trouble, message=lacking.message)
            return
        self.sink.put(case_record(done, job, self.settings.run, self.roots, self.beside))

    def end(self, job: CellJob, end: CellEnd) -> None:
        """The cell's process is over: all its keys are settled, and perhaps those that other cells wait for."""
        if trouble := self.troubled.get(job.cell.id):
            end = replace(trouble, evidence=end.evidence)
        keys = {keyed.key for keyed in job.cases}
        self.ends |= dict.fromkeys(keys, end)
        for other in self.group.jobs:
            waits = self.waiting.get(other.cell.id)
            if waits and waits & keys:
                waits -= keys
                if not waits:
                    self.sink.put(cell_record(other, other.end(self.ends), self.roots, reused=False))

    def settle_idle(self) -> None:
        """Cells that wait for nothing: all their cases are known from earlier runs."""
        for job in self.group.jobs:
            if not self.waiting[job.cell.id]:
                self.sink.put(cell_record(job, job.end(self.ends), self.roots, reused=True))
