"""`sabotage`: show that cases can fail. The baseline, then each sabotage over the cases that it touches, by the harness's own run.

No case is edited: a sabotage breaks the model's files before they are brought to a cell, or is a conftest.py in the folder above a
copy of the cases, which pytest loads first. Each has a project of its own below `.hubmatrix/sabotage`, told apart by the digest
of what it does, so that what is known is not measured again; environments and locks are those of this project.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.commands import PAYLOAD, ROOT, output, tell
from bench.right import RIGHT
from bench.sabotages import (
    RAN,
    REPLICA,
    SABOTAGES,
    CaseRow,
    Circumstance,
    Findings,
    Observation,
    Observations,
    Reaction,
    Sabotage,
    Standing,
    judge,
    observe,
    react,
)
from harness.base.errors import MachineError, SelectionError
from harness.base.workspace import Workspace
from harness.cli.progress import RunProgress, display
from harness.commands import plan as planning
from harness.domain import Axis, Case, Cell, Plan, model_of
from harness.environments import venv
from harness.environments.uv import Failure
from harness.judge.attribution import machine_trouble
from harness.models import cache, replicas
from harness.models.handles import cache_name
from harness.models.replicas import Replica
from harness.models.source import Replicas
from harness.run.engine import RunOptions, RunQuestion, perform
from harness.run.keys import Identity
from harness.run.machine import Machine, this_machine
from harness.run.prepare import stored_identity

SELECT = (
    "(model in (bert-en/2, bert-en/3, bert-uncased/1) or (model=preprocess/3 and text=with)) "
    "and format in (savedmodel, h5) and device in (cpu, tpu-v5e, mirrored-2)"
)
"""One model of each interface; files of TensorFlow's and of h5py's writing."""
MARKS = {Reaction.NOTICED: "x", Reaction.GREEN: ".", Reaction.UNKNOWN: "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SabotageProject(Workspace):
    """A copy of the cases under one sabotage. Runs are its own; what is installed is the project's."""

    @property
    def state(self) -> Path:
        return Workspace(root=ROOT).state

    @property
    def all_results(self) -> Path:
        """Not below `state`: a sabotage isn't part of a result's key, and must not find what is known without it."""
        return self.root / "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenReplicas(Replicas):
    """The committed replicas, where `folder` has a broken copy of one, that."""

    folder: Path

    def bring(self, model: str, work: Path) -> None:
        for replica in replicas.with_encoder(model):
            if (broken := _broken(self.folder, replica)).is_dir():
                shutil.copytree(broken, work / "hub" / cache_name(replica.manifest.handle))
            else:
                cache.fill(work / "hub", [replica])


@dataclass(frozen=True, slots=True, kw_only=True)
class SabotageResult:
    """The findings, the sabotages in the order they were run, and how many runs of cases it took."""

    findings: Findings
    sabotages: tuple[Sabotage, ...]
    runs: int


def chosen_sabotages(names: Sequence[str]) -> tuple[Sabotage, ...]:
    """Return the sabotages of these names; all of them if there is none."""
    by_name = {sabotage.name: sabotage for sabotage in SABOTAGES}
    for name in names:
        if name not in by_name:
            raise SelectionError(f"no sabotage {name!r}", hint=f"there are: {', '.join(by_name)}")
    return tuple(by_name[name] for name in names) or SABOTAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class SabotageBench:
    """The cells and their cases, on a machine, as a user would run them."""

    plan: Plan
    cases: tuple[Case, ...]
    machine: Machine
    options: RunOptions


def measure(
    tensorflow: str, select: str, sabotages: Sequence[Sabotage], patterns: Sequence[str], jobs: int, *, every: bool
) -> SabotageResult:
    """Run the baseline and the sabotages, each over the cases that it touches and whose id contains one of the patterns.

    A broad sabotage is run over those that take away a user's task, and those that have noticed none; over all, with `every`.
    """
    bench = _bench(f"tensorflow={tensorflow} and install=as-released and keras=default and ({select})", patterns, jobs)
    before = _observe(bench, None)
    ran = {circumstance[0] for circumstance, observation in before.items() if observation.outcome in RAN}
    after: dict[Sabotage, Observations] = {}
    noticed: set[str] = set()
    for sabotage in sabotages:
        left = ran - noticed if sabotage.broad and not every else ran
        mine = {case.id for case in bench.cases if case.way and case.way.task in sabotage.tasks}
        touched = tuple(case for case in bench.cases if sabotage.touches(case) and case.id in ran & (left | mine))
        if touched:
            after[sabotage] = _observe(replace(bench, cases=touched), sabotage)
            noticed |= {name for name, reaction in react(before, after[sabotage]).items() if reaction is Reaction.NOTICED}
    runs = len(before) + sum(map(len, after.values()))
    return SabotageResult(findings=judge(bench.cases, before, after, RIGHT), sabotages=tuple(after), runs=runs)


def _bench(select: str, patterns: Sequence[str], jobs: int) -> SabotageBench:
    planned = planning.make_run_plan(Workspace(root=ROOT), planning.build_selection("full", select, (), ()))
    chosen = (case for case in planned.cases if not patterns or any(pattern in case.id for pattern in patterns))
    cases = tuple(case for case in chosen if any(_is_run(case, cell, planned.plan) for cell in planned.plan.cells))
    if not cases:
        raise SelectionError("no case is selected", hint="--case takes a part of its id")
    # Without the fence, which hides a conftest.py above the cases, and the port of what stands between cases and a service.
    machine = this_machine(Workspace(root=ROOT), planned.limits, jobs, fence=False)
    return SabotageBench(plan=planned.plan, cases=cases, machine=machine, options=RunOptions(tier="full", selection=select))


def _is_run(case: Case, cell: Cell, plan: Plan) -> bool:
    return case.bears_on(model_of(cell, plan.models), cell.axes.device)


def _observe(bench: SabotageBench, sabotage: Sabotage | None) -> Observations:
    """Run the cases in each environment of the plan. A case without a model is run in the first one alone."""
    project = _project(sabotage)
    supply = BrokenReplicas(folder=project.root / "replicas")
    if sabotage and sabotage.payload == REPLICA:
        _break(supply.folder, sabotage, bench)
    observations: dict[Circumstance, Observation] = {}
    for number, name in enumerate(bench.plan.environments):
        cases = tuple(case for case in bench.cases if number == 0 or Axis.MODEL in case.uses)
        plan = _only(bench.plan, name, cases)
        if plan.cells:
            tell(f"{sabotage.name if sabotage else 'baseline'}: {len(cases)} cases in {name}")
            question = RunQuestion(plan=plan, cases=cases, supply=supply)
            watcher = RunProgress(display("cells", plain=True))
            run = perform(question, replace(bench.machine, workspace=project), bench.options, watcher, machine_trouble)
            observations |= observe(run.cases, cases)
    return observations


def _only(plan: Plan, environment: str, cases: Collection[Case]) -> Plan:
    """Return the cells of an environment that have something to run."""
    inside = (cell for cell in plan.cells if cell.environment == environment)
    cells = tuple(cell for cell in inside if any(_is_run(case, cell, plan) for case in cases))
    return replace(plan, cells=cells, environments={environment: plan.environments[environment]})


def _project(sabotage: Sabotage | None) -> SabotageProject:
    """Return the project of a sabotage, with the cases as they are now."""
    name = "baseline"
    if sabotage:
        digest = hashlib.sha256((PAYLOAD / "sabotage" / sabotage.payload).read_bytes()).hexdigest()
        name = f"{sabotage.name}-{digest[:10]}"
    project = SabotageProject(root=Workspace(root=ROOT).state / "sabotage" / name)
    if _sources(project.cases) != _sources(ROOT / "cases"):  # else left alone: another bench may be reading them
        shutil.rmtree(project.cases, ignore_errors=True)
        shutil.copytree(ROOT / "cases", project.cases, ignore=shutil.ignore_patterns("__pycache__"))
    if sabotage and sabotage.payload != REPLICA:
        source = (PAYLOAD / "sabotage" / sabotage.payload).read_text(encoding="utf-8")
        (project.root / "conftest.py").write_text(source.replace("@HOW@", sabotage.name), encoding="utf-8")
    return project


def _sources(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _break(folder: Path, sabotage: Sabotage, bench: SabotageBench) -> None:
    """Fill the folder with broken copies of the plan's models, by the TensorFlow of its first environment. Those there are kept."""
    copied = {replica.manifest.id: replica for model in bench.plan.models for replica in replicas.with_encoder(model)}
    missing = [replica for replica in copied.values() if not _broken(folder, replica).is_dir()]
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as unfinished:
        models = [Path(unfinished, _broken(folder, replica).name) for replica in missing]
        for replica, model in zip(missing, models, strict=True):
            replicas.unpack(replica, model)
        argv: list[str | Path] = [_python(bench.plan, bench.machine), PAYLOAD / "sabotage" / REPLICA, sabotage.name, *models]
        output(argv, cwd=folder, env={"CUDA_VISIBLE_DEVICES": "-1"})
        for replica, model in zip(missing, models, strict=True):
            with suppress(OSError):  # another bench was first
                model.rename(_broken(folder, replica))


def _broken(folder: Path, replica: Replica) -> Path:
    return folder / replica.manifest.archive_sha256[:20]


def _python(plan: Plan, machine: Machine) -> Path:
    """Return the interpreter of the plan's first environment, which the baseline has locked and made."""
    request = next(iter(plan.environments.values()))
    identity = stored_identity(machine.workspace.locks, request, machine.interpreters)
    if not isinstance(identity, Identity):
        raise MachineError("the environment can't be made", location=request.id, hint="`hubmatrix run` says why")
    folders = (machine.workspace.venvs, machine.workspace.bytecode)
    environment = asyncio.run(venv.ensure_venv(machine.uv, *folders, identity.lock, identity.interpreter, timeout=1800))
    if isinstance(environment, Failure):
        raise MachineError(environment.message, location=request.id)
    return environment.python


def is_good(result: SabotageResult) -> bool:
    """Return whether every case that was run can fail, or says why it is right, and every task of a user was shaken."""
    return not (result.findings.unexplained or result.findings.outdated or result.findings.unshaken)


def as_json(result: SabotageResult) -> dict[str, Any]:
    """Return the findings, a row for each case."""
    findings = result.findings
    return {
        "format": 1,
        "benchmark": "sabotage",
        "runs": result.runs,
        "sabotages": {sabotage.name: {"title": sabotage.title, "loud": sabotage.loud} for sabotage in result.sabotages},
        "cases": [
            {
                "case": row.case,
                "task": row.task.value if row.task else None,
                "standing": row.standing.value,
                "reactions": {name: reaction.value for name, reaction in row.reactions.items()},
                "right": RIGHT.get(row.case),
            }
            for row in findings.rows
        ],
        "unexplained": list(findings.unexplained),
        "outdated": list(findings.outdated),
        "unshaken": [{"case": case, "sabotage": name} for case, name in findings.unshaken],
    }


def as_text(result: SabotageResult) -> str:
    """Return the table of cases and sabotages, then what it says."""
    findings = result.findings
    lines = [f"{letter}  {sabotage.name}: {sabotage.title}" for letter, sabotage in zip(_letters(), result.sabotages, strict=False)]
    lines += ["", "x noticed   . green   ? did not run   blank: not run under it", ""]
    lines += ["".join(letter for letter, _ in zip(_letters(), result.sabotages, strict=False))]
    lines += [_line(row, result.sabotages) for row in findings.rows if row.standing is not Standing.NOT_RUN]
    lines += ["", *_totals(findings.rows, result)]
    unshaken = tuple(f"{case} under {name}" for case, name in findings.unshaken)
    for title, names in (
        ("stay green, or notice only what raises by itself, and don't say why", findings.unexplained),
        ("say why they are right to stay green, and don't stay green", findings.outdated),
        ("ways to do a user's task that don't notice when it is taken away", unshaken),
    ):
        lines += ["", f"{title}: {len(names)}", *(f"  {name}" for name in names)]
    return "\n".join(lines)


def _letters() -> Iterable[str]:
    return "abcdefghijklmnopqrstuvwxyz"


def _line(row: CaseRow, sabotages: Sequence[Sabotage]) -> str:
    marks = "".join(
        MARKS[row.reactions[name]] if name in row.reactions else " " for name in (sabotage.name for sabotage in sabotages)
    )
    task = f"  task {row.task.value}" if row.task else ""
    return f"{marks}  {row.standing.value:<10}{row.case}{task}"


def _totals(rows: Sequence[CaseRow], result: SabotageResult) -> list[str]:
    lines = [f"{result.runs} runs of {len(rows)} cases"]
    lines += [f"{sum(row.standing is standing for row in rows):>5} {standing.value}" for standing in Standing]
    counts: Mapping[str, int] = {
        sabotage.name: sum(row.reactions.get(sabotage.name) is Reaction.NOTICED for row in rows) for sabotage in result.sabotages
    }
    touched = {sabotage.name: sum(sabotage.name in row.reactions for row in rows) for sabotage in result.sabotages}
    return [*lines, *(f"{counts[name]:>5} of {touched[name]} noticed {name}" for name in counts)]
