"""One execution from plan to footer: lock, look up what is known, run the rest, keep everything.

The only module that both reads the history and runs cells.
"""

from __future__ import annotations

import asyncio
import platform
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import psutil

from harness import __version__
from harness.base.errors import Interrupted
from harness.base.workspace import Workspace
from harness.domain import Case, Limits, Plan, Service, Status
from harness.environments import accelerators, disk
from harness.environments import uv as uv_tool
from harness.environments.uv import Failure
from harness.environments.venv import Venv
from harness.models.source import Replicas, Supply
from harness.results import store
from harness.results.format import CellRecord, EnvironmentRecord, Header, Host
from harness.results.history import History
from harness.run.aside import Records, by_cell, set_aside, without_service
from harness.run.assign import CellEnd, CellJob, unkeyed
from harness.run.groups import Group, group, is_known, is_refused, look_back
from harness.run.keys import Identity
from harness.run.machine import cores, slots, until_interrupted
from harness.run.prepare import identities, machine_interpreters
from harness.run.progress import Watcher
from harness.run.records import cell_record, environment_record, now
from harness.run.schedule import Runner
from harness.run.settings import Attribute, Settings
from harness.run.sink import Sink
from harness.services import running as services

RUN = "run"
"""The mark that a run is at work here, from locking on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a user may choose for one execution. `jobs` None: as many as cores and memory allow.

    `command` is how the report says that a cell is measured again; empty for the matrix, whose cells nox names; `again` is what
    to add then, to have the same models. `models`: see the header of results.
    """

    tier: str
    selection: str
    command: str = ""
    models: str = "replicas"
    again: tuple[str, ...] = ()
    jobs: int | None = None
    preload: bool = True
    refresh: bool = False
    rerun: bool = False


def perform(
    plan: Plan,
    cases: Sequence[Case],
    limits: Limits,
    workspace: Workspace,
    options: Options,
    watcher: Watcher,
    attribute: Attribute,
    supply: Supply | None = None,
    machine: accelerators.Facts | None = None,
) -> Path:
    """Run a plan; gives the results file. Interrupted (exit code 130) on Ctrl-C, with all that was done kept in it.

    `attribute` tells the machine's failures from the software's. `supply` None: the plan's models are replicas. `machine` None:
    the accelerators are looked for.
    """
    header = _header(plan, options)
    supply = supply or Replicas()
    lacking = supply.lacking(plan.models)
    digests = supply.digests(name for name in plan.models if name not in lacking)
    missing = accelerators.lacking({cell.axes.device for cell in plan.cells}, machine or accelerators.probe())
    possible, aside = set_aside(plan, cases, by_cell(plan, lacking, missing))
    path = workspace.runs / header.run / store.FILE
    finished = False
    with disk.in_use(workspace.venvs / RUN), watcher, store.Writer(path, header) as writer:
        execution = Execution(
            plan=possible,
            aside=aside,
            cases=cases,
            limits=limits,
            workspace=workspace,
            options=options,
            digests=digests,
            supply=supply,
            attribute=attribute,
            sink=Sink(writer=writer, watcher=watcher),
        )
        try:
            finished = asyncio.run(until_interrupted(execution.run()))
        finally:
            shutil.rmtree(workspace.work / header.run, ignore_errors=True)
        writer.close(finished=now(), interrupted=not finished)
    if not finished:
        raise Interrupted("interrupted; everything measured so far is kept", hint="the same command goes on from here")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """The inputs of one execution, and its steps.

    `aside` are the records of cells that are not in `plan`: they lack a model or a device.
    """

    plan: Plan
    aside: Records
    cases: Sequence[Case]
    limits: Limits
    workspace: Workspace
    options: Options
    digests: Mapping[str, str]
    supply: Supply
    attribute: Attribute
    sink: Sink

    async def run(self) -> None:
        uv = uv_tool.find()
        found = await machine_interpreters()
        requests = self.plan.environments.values()
        identified = await identities(
            uv, self.workspace.locks, requests, found, refresh=self.options.refresh, tell=self.sink.watcher.stage
        )
        files = store.run_files(self.workspace.runs)
        known, groups = look_back(self.plan, self.cases, self.limits, self.digests, identified, files, rerun=self.options.rerun)
        made = await services.environments(_services(groups, known), uv, self.workspace, found)
        groups, aside = self._set_aside(groups, identified, known, made)
        self._tell_plan(groups, known)
        for record in (*self.aside, *aside):
            self.sink.put(record)
        self._write_unlocked(identified)
        self._write_known(groups, known)
        todo = [one for one in groups if not self._write_reused(one, known)]
        work = self.workspace.work / self.sink.writer.path.parent.name
        with services.running(_services(todo, known), made, self.workspace, work, self.limits) as beside:
            environ = partial(self._environ, beside.environ)
            settings = self._settings(uv, beside.names)
            await Runner(settings=settings, history=known, prepare=self._prepare, environ=environ, sink=self.sink).run(todo)

    def _set_aside(
        self,
        groups: tuple[Group, ...],
        identified: Mapping[str, Identity | Failure],
        known: History,
        made: Mapping[Service, Venv | Failure],
    ) -> tuple[tuple[Group, ...], Records]:
        """The groups without cells of which every case wants a service that can't be had; other cells go on."""
        failed = {service: one for service, one in made.items() if isinstance(one, Failure)}
        lacking = without_service(groups, known.cases.keys(), {case.id: case.services for case in self.cases}, failed)
        if not lacking:
            return groups, ()
        plan, records = set_aside(self.plan, self.cases, lacking)
        return group(plan, self.cases, self.limits, self.digests, identified, known), records

    def _tell_plan(self, groups: Sequence[Group], known: History) -> None:
        reused = sum(is_refused(one, known) or is_known(job, one, known) for one in groups for job in one.jobs)
        cells = len(self.plan.cells) + sum(isinstance(record, CellRecord) for record in self.aside)
        environments = len(self.plan.environments) + sum(isinstance(record, EnvironmentRecord) for record in self.aside)
        self.sink.watcher.planned(cells, environments, reused)

    def _write_unlocked(self, identified: Mapping[str, Identity | Failure]) -> None:
        """Environments without a lock are results too: their cells have that status, their cases did not run."""
        failed = {name: one for name, one in identified.items() if isinstance(one, Failure)}
        cells = [cell for cell in self.plan.cells if cell.environment in failed]
        for name, failure in failed.items():
            self.sink.put(environment_record(self.plan.environments[name], None, failure, {}, 0.0))
        for job in unkeyed(cells, self.cases, self.plan.models):
            failure = failed[job.cell.environment]
            end = CellEnd(status=failure.status, trouble=failure.trouble, message=failure.message)
            self.sink.put(cell_record(job, end, {}, reused=False))

    def _write_known(self, groups: Sequence[Group], known: History) -> None:
        """Every reused case, once, under the run that measured it."""
        keys = dict.fromkeys(ref.key for one in groups for job in one.jobs for ref in job.refs)
        for key in keys:
            for record in known.cases.get(key or "", ()):
                self.sink.writer.write(record.model_copy(update={"reused": True}))

    def _write_reused(self, one: Group, known: History) -> bool:
        """True where nothing of the group is left to run."""
        before = known.environments.get(one.identity.key)
        if before is None or not (is_refused(one, known) or all(job.idle(one.ends) for job in one.jobs)):
            return False
        for request in one.requests:
            made = environment_record(request, one.identity, None, {}, before.seconds)
            told = {name: getattr(before, name) for name in ("status", "trouble", "message", "evidence", "recorded")}
            self.sink.put(made.model_copy(update={**told, "reused": True}))
        end = CellEnd(status=before.status, trouble=before.trouble, message=before.message)
        for job in one.jobs:
            self.sink.put(cell_record(job, job.end(one.ends) if before.status is Status.COMPLETED else end, {}, reused=True))
        return True

    def _settings(self, uv: Path, names: Mapping[str, str]) -> Settings:
        allowed = slots(self.options.jobs)
        run = self.sink.writer.path.parent.name
        preload = self.options.preload
        return Settings(
            uv=uv,
            workspace=self.workspace,
            limits=self.limits,
            slots=allowed,
            preload=preload,
            run=run,
            attribute=self.attribute,
            names=names,
        )

    def _prepare(self, job: CellJob, work: Path) -> None:
        self.supply.bring(job.model.id, work)

    def _environ(self, beside: Mapping[str, str], job: CellJob) -> Mapping[str, str]:
        axes = job.cell.axes
        manifest = str(self.supply.manifest(axes.model))
        values = {"HUBMATRIX_MODEL": manifest, "HUBMATRIX_FORMAT": axes.format.value, "HUBMATRIX_DEVICE": axes.device.value}
        return {**beside, **values}


def _services(groups: Iterable[Group], known: History) -> frozenset[Service]:
    """What the cases ask for that are left to run."""
    left = (job for one in groups if not is_refused(one, known) for job in one.jobs)
    return frozenset(service for job in left for task in job.tasks for service in task.case.services)


def _header(plan: Plan, options: Options) -> Header:
    moment = datetime.now(timezone.utc)
    return Header(
        run=f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        started=now(),
        hubmatrix=__version__,
        tier=options.tier,
        selection=options.selection,
        models=options.models,
        options=options.again,
        planned_cells=len(plan.cells),
        command=options.command,
        host=Host(
            system=platform.system(),
            machine=platform.machine(),
            python=platform.python_version(),
            cores=cores(),
            memory_bytes=psutil.virtual_memory().total,
        ),
    )
