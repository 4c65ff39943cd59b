"""Perform one run from plan to footer: lock, look up what earlier runs measured, run the rest, keep everything.

The only module that both reads the history and runs cells.
"""

from __future__ import annotations

import asyncio
import platform
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

import psutil

from harness import __version__
from harness.base.errors import Interrupted
from harness.base.processor import processor_level
from harness.domain import Case, Plan, Service
from harness.environments import accelerators, disk
from harness.environments.uv import Failure
from harness.environments.venv import Venv
from harness.models.source import Replicas, Supply
from harness.results.format import CellRecord, EnvironmentRecord, Header, Host, PlanPart
from harness.results.history import History
from harness.results.run import Run
from harness.results.store import Store, open_store
from harness.run.aside import Records, by_cell, set_aside, without_service
from harness.run.assign import CellJob
from harness.run.groups import EnvironmentGroup, group_cells, is_known, is_refused, look_back, remaining, set_cells_aside
from harness.run.keys import Identity
from harness.run.machine import Machine, cores, until_interrupted
from harness.run.prepare import identities
from harness.run.records import now
from harness.run.reuse import write_known_cases, write_known_groups, write_unlocked
from harness.run.schedule import Runner
from harness.run.second import Matters, only, second_opinions
from harness.run.settings import Attribute, RunSettings
from harness.run.shards import digests_of
from harness.run.sink import Sink
from harness.run.watcher import RunWatcher
from harness.services import running as services

RUN = "run"
"""In use from locking on, before any venv is: `hubmatrix clean` refuses then, or a run that still locks would lose its locks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """A user's choices for one run.

    `command` is the line that the report gives for measuring a cell again; empty for the matrix, whose cells are nox sessions, and
    `again` are then the arguments to add for the same models. `models`: see the header of results. `matters` decides which failures
    are tried again on an older Python; None: none of them. `part` is what the header says of the plan; None for a check.
    """

    tier: str
    selection: str
    command: str = ""
    models: str = "replicas"
    again: tuple[str, ...] = ()
    preload: bool = True
    refresh: bool = False
    rerun: bool = False
    matters: Matters | None = None
    part: PlanPart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuestion:
    """The cells and cases to measure, and the supply of their models."""

    plan: Plan
    cases: Sequence[Case]
    supply: Supply = field(default_factory=Replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """The part of a question that this machine can answer; the digests of its models; the records of the cells that it can't.

    `only`: of second opinions, the cases of each cell; None for all.
    """

    plan: Plan
    cases: Sequence[Case]
    supply: Supply
    digests: Mapping[str, str]
    aside: Records
    only: Mapping[str, frozenset[str]] | None = None


def perform(question: RunQuestion, machine: Machine, options: RunOptions, watcher: RunWatcher, attribute: Attribute) -> Run:
    """Run a plan; return what was recorded of it. `attribute` tells the machine's failures from the software's.

    Raises:
        Interrupted: on Ctrl-C (exit code 130), with all that was done kept in the store.
    """
    header = _header(question, machine, options)
    settings = RunSettings(machine=machine, run=header.run, attribute=attribute, preload=options.preload)
    inputs = _inputs(question, machine)
    finished = False
    with (
        disk.in_use(machine.workspace.venvs / RUN),
        disk.work_folder(settings.folder),
        watcher,
        open_store(machine.workspace.results) as store,
    ):
        recording = store.record(header)
        sink = Sink(recording=recording, watcher=watcher)
        finished = asyncio.run(until_interrupted(_measure(inputs, settings, options, store, sink)))
        recording.close(finished=now(), interrupted=not finished)
        if not finished:
            raise Interrupted("interrupted; everything measured so far is kept", hint="the same command goes on from here")
        return store.read(header.run)


def _inputs(question: RunQuestion, machine: Machine) -> _Inputs:
    """Return what this machine can measure of a question, with the cells set aside that lack a model or a device."""
    plan, supply = question.plan, question.supply
    no_model = supply.lacking(plan.models)
    no_device = accelerators.lacking({cell.axes.device for cell in plan.cells}, machine.accelerators)
    possible, aside = set_aside(plan, question.cases, by_cell(plan, no_model, no_device))
    digests = supply.digests(name for name in plan.models if name not in no_model)
    return _Inputs(plan=possible, cases=question.cases, supply=supply, digests=digests, aside=aside)


async def _measure(inputs: _Inputs, settings: RunSettings, options: RunOptions, store: Store, sink: Sink) -> None:
    """Lock, look up, write what earlier runs measured, run the rest."""
    machine, plan, cases = settings.machine, inputs.plan, inputs.cases
    locked = await identities(machine, plan.environments.values(), refresh=options.refresh, tell=sink.watcher.stage)
    groups = group_cells(plan, cases, machine.limits, inputs.digests, locked)
    groups = groups if inputs.only is None else only(groups, inputs.only)
    # Before the services: the compiler's environment is made only where a case that asks for it is left to run.
    history = look_back(groups, store, rerun=options.rerun)
    groups = remaining(groups, history)
    service_venvs = await services.environments(_services(groups, history), machine.uv, machine.workspace, machine.interpreters)
    groups, without = _without_services(inputs, groups, history, service_venvs)
    aside = (*inputs.aside, *without)
    _tell_plan(sink.watcher, plan, groups, history, aside)
    for record in aside:
        sink.write(record)
    # Where a second opinion can't be locked its environment says why and the first opinion stands, so its cells get no records.
    write_unlocked(sink, plan if inputs.only is None else replace(plan, cells=()), cases, locked)
    write_known_cases(sink, groups, history)
    await _run(inputs, write_known_groups(sink, groups, history), history, service_venvs, settings, sink)
    if options.matters and inputs.only is None:
        await _second_opinions(inputs, settings, options, store, sink, locked, options.matters)


async def _second_opinions(
    inputs: _Inputs,
    settings: RunSettings,
    options: RunOptions,
    store: Store,
    sink: Sink,
    locked: Mapping[str, Identity | Failure],
    matters: Matters,
) -> None:
    """Measure again what failed, on an older Python, into the same run."""
    second = second_opinions(inputs.plan, locked, store.read(sink.recording.run), matters)
    if second.plan.environments:
        await _measure(replace(inputs, plan=second.plan, aside=(), only=second.cases), settings, options, store, sink)


async def _run(
    inputs: _Inputs,
    groups: Sequence[EnvironmentGroup],
    history: History,
    service_venvs: Mapping[Service, Venv | Failure],
    settings: RunSettings,
    sink: Sink,
) -> None:
    """Run what is left of the groups, with the services that their cases ask for beside them."""
    machine, supply = settings.machine, inputs.supply
    needed_services = _services(groups, history)
    with services.running(needed_services, service_venvs, machine.workspace, settings.folder, machine.limits) as beside:

        def environ(job: CellJob) -> Mapping[str, str]:
            axes = job.cell.axes
            model = {"HUBMATRIX_MODEL": str(supply.manifest(job.model.id))} if job.model else {}
            return {**beside.environ, **model, "HUBMATRIX_FORMAT": axes.format.value, "HUBMATRIX_DEVICE": axes.device.value}

        def prepare(job: CellJob, work: Path) -> None:
            if job.model:
                supply.bring(job.model.id, work)

        runner = Runner(
            settings=replace(settings, names=beside.names),
            history=history,
            digests=inputs.digests,
            prepare=prepare,
            environ=environ,
            sink=sink,
        )
        await runner.run(groups)


def _without_services(
    inputs: _Inputs, groups: tuple[EnvironmentGroup, ...], history: History, service_venvs: Mapping[Service, Venv | Failure]
) -> tuple[tuple[EnvironmentGroup, ...], Records]:
    """Set aside the cells whose every case asks for a service that failed to start; the others go on."""
    failed = {service: venv for service, venv in service_venvs.items() if isinstance(venv, Failure)}
    lacking = without_service(groups, history.cases.keys(), {case.id: case.services for case in inputs.cases}, failed)
    if not lacking:
        return groups, ()
    _, records = set_aside(inputs.plan, inputs.cases, lacking)
    return set_cells_aside(groups, lacking.keys()), records


def _tell_plan(watcher: RunWatcher, plan: Plan, groups: Sequence[EnvironmentGroup], history: History, aside: Records) -> None:
    """Tell the watcher how many cells and environments there are. Cells without their service count once."""
    reused = sum(is_refused(group, history) or is_known(job, group, history) for group in groups for job in group.jobs)
    cells = {cell.id for cell in plan.cells} | {record.id for record in aside if isinstance(record, CellRecord)}
    environments = {*plan.environments, *(record.id for record in aside if isinstance(record, EnvironmentRecord))}
    watcher.planned(len(cells), len(environments), reused)


def _services(groups: Iterable[EnvironmentGroup], history: History) -> frozenset[Service]:
    """Return the services that the remaining cases ask for."""
    left = (job for group in groups if not is_refused(group, history) for job in group.jobs)
    return frozenset(service for job in left for keyed in job.cases for service in keyed.case.services)


def _header(question: RunQuestion, machine: Machine, options: RunOptions) -> Header:
    workspace = machine.workspace
    moment = datetime.now(timezone.utc)
    return Header(
        run=f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        started=now(),
        hubmatrix=__version__,
        tier=options.tier,
        selection=options.selection,
        models=options.models,
        options=options.again,
        planned_cells=len(question.plan.cells),
        command=options.command,
        fence=machine.fence,
        part=options.part,
        digests=digests_of(workspace, question.cases),
        host=Host(
            system=platform.system(),
            machine=platform.machine(),
            python=platform.python_version(),
            cores=cores(),
            memory_bytes=psutil.virtual_memory().total,
            processor=processor_level(),
        ),
    )
