"""A project in which everything is measured already, made in seconds: invented locks, and a run of which every case passed.

The matrix, the cases and the replicas are this project's own, so that what a command does with them costs what it costs users.
Needs no TensorFlow, no network and no index. Environments whose device or interpreter this machine lacks are as everywhere:
unavailable.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import islice
from pathlib import Path

from bench.commands import ROOT, tell
from harness import __version__
from harness.base.workspace import Workspace
from harness.commands import plan
from harness.domain import EnvironmentRequest, Outcome
from harness.environments import interpreters, lock
from harness.environments.interpreters import Interpreter
from harness.matrix.selection import Selection
from harness.results.format import CaseRecord, Header, Host
from harness.results.rows import Fact
from harness.results.store import open_store
from harness.run.assign import COMPLETED, CellJob
from harness.run.groups import EnvironmentGroup
from harness.run.machine import machine_interpreters
from harness.run.prepare import recipe_of
from harness.run.records import cell_record, environment_record
from harness.run.tasks import KeyedCase

PACKAGES, HASHES = 45, 16
"""Packages of a lock and hashes of each, as in real ones."""
AT_ONCE = 2000
RECORDED = "2026-11-30T12:00:00+00:00"
RUN = "20261130-120000-000000"


def make(root: Path, selection: Selection) -> Workspace:
    """Make the project, with every cell of the selection measured."""
    workspace = Workspace(root=root)
    root.mkdir(parents=True)
    shutil.copy2(ROOT / "matrix.yaml", root)
    shutil.copytree(ROOT / "cases", root / "cases", ignore=shutil.ignore_patterns("__pycache__", "reported"))
    preview = plan.preview_run(workspace, selection)
    by_minor = asyncio.run(machine_interpreters())
    for name in preview.unlocked:
        _lock(workspace, preview.run_plan.plan.environments[name], by_minor)
    preview = plan.preview_run(workspace, selection)
    facts = _facts(preview.groups)
    with open_store(workspace.results) as store:
        recording = store.record(_header(len(preview.run_plan.plan.cells)))
        count = 0
        while batch := list(islice(facts, AT_ONCE)):
            recording.write_all(batch)
            count += len(batch)
        recording.close(finished=RECORDED, interrupted=False)
    tell(f"preparing: {len(preview.run_plan.plan.cells)} cells, {count} facts")
    return workspace


def _lock(workspace: Workspace, request: EnvironmentRequest, by_minor: Mapping[str, Interpreter]) -> None:
    recipe = recipe_of(request)
    for interpreter in interpreters.newest_first(recipe.pythons, recipe.python, by_minor)[:1]:
        text = "".join(_pin(f"package-{number}", f"{request.id} {number}") for number in range(PACKAGES))
        lock.store_lock(workspace.locks, recipe.requirements, interpreter, text)


def _pin(name: str, seed: str) -> str:
    digests = (sha256(f"{seed} {number}".encode()).hexdigest() for number in range(HASHES))
    return f"{name}==1.0 \\\n" + " \\\n".join(f"    --hash=sha256:{digest}" for digest in digests) + "\n"


def _facts(groups: Iterable[EnvironmentGroup]) -> Iterator[Fact]:
    for group in groups:
        yield from (environment_record(request, group.identity, None, {}, 5.0) for request in group.requests)
        for job in group.jobs:
            yield from (_case(job, keyed) for keyed in job.cases)
            yield cell_record(job, COMPLETED, {}, reused=False)


def _case(job: CellJob, keyed: KeyedCase) -> CaseRecord:
    return CaseRecord(
        key=keyed.key,
        case=keyed.case.id,
        environment=job.cell.environment,
        cell=job.cell.id,
        uses=dict(keyed.uses),
        outcome=Outcome.PASSED,
        seconds=0.4,
        cpu_seconds=0.5,
        recorded=RECORDED,
        run=RUN,
    )


def _header(cells: int) -> Header:
    host = Host(system="Linux", machine="x86_64", python="3.11.7", cores=2, memory_bytes=2**34)
    return Header(run=RUN, started=RECORDED, hubmatrix=__version__, tier="full", selection="", planned_cells=cells, host=host)
