"""The part of a plan that a command takes: `--shard i/n`, or `auto` from the variables of what started it on many machines."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness import __version__, catalog
from harness.base.errors import MachineError, SpecError
from harness.base.workspace import Workspace
from harness.commands.plan import RunPlan, make_run_plan
from harness.matrix.selection import Selection
from harness.results.format import PlanPart
from harness.run.sealed import SealedLocks, unpack_locks
from harness.run.shards import WHOLE, Expected, Shard, digests_of, estimate, part_of, plan_digest

OPTION, LOCKS = "--shard", "--locks"
WORDS = {"spec": "matrix.yaml", "cases": "the cases", "incell": "the code that runs in cells"}
MOST_SHARDS = 10_000
NUMBERS = re.compile(r"(\d{1,9})/(\d{1,9})", re.ASCII)
AUTO = re.compile(r"auto(?:/(\d{1,9}))?", re.ASCII)
HINT = "such as --shard 2/8: the second of eight parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexVariables:
    """The variables by which a system tells its many copies of a job apart.

    `first` is the first index: a number, or a variable. `step` is the variable of the distance of two indices; empty: it is 1.
    """

    system: str
    index: str
    count: str
    first: int | str
    step: str = ""


SYSTEMS = (
    # Kubernetes sets the index alone; the count is for the job's manifest to pass on, or for `auto/n`.
    IndexVariables(system="a Kubernetes indexed job", index="JOB_COMPLETION_INDEX", count="JOB_COMPLETIONS", first=0),
    IndexVariables(
        system="a Slurm array",
        index="SLURM_ARRAY_TASK_ID",
        count="SLURM_ARRAY_TASK_COUNT",
        first="SLURM_ARRAY_TASK_MIN",
        step="SLURM_ARRAY_TASK_STEP",
    ),
    IndexVariables(system="Buildkite", index="BUILDKITE_PARALLEL_JOB", count="BUILDKITE_PARALLEL_JOB_COUNT", first=0),
    IndexVariables(system="GitLab", index="CI_NODE_INDEX", count="CI_NODE_TOTAL", first=1),
)


def parse_shard(text: str, environ: Mapping[str, str]) -> Shard:
    """Return the shard that a user typed, or that `auto` stands for; all of the plan for an empty text.

    Raises:
        SpecError: it is none, or no variable says which it is.
    """
    if not text:
        return WHOLE
    if numbers := NUMBERS.fullmatch(text):
        return _checked(int(numbers[1]), int(numbers[2]), OPTION)
    if auto := AUTO.fullmatch(text):
        return _from_variables(environ, int(auto[1]) if auto[1] else None)
    raise SpecError(f"not a shard: {text!r}", location=OPTION, hint=f"{HINT}, or auto")


def _from_variables(environ: Mapping[str, str], count: int | None) -> Shard:
    present = [system for system in SYSTEMS if environ.get(system.index)]
    if not present:
        names = ", ".join(system.index for system in SYSTEMS)
        raise SpecError(f"auto: none of {names} is set", location=OPTION, hint=HINT)
    if len(present) > 1:
        names = " and ".join(system.index for system in present)
        raise SpecError(f"auto: {names} are set, and they may not mean the same", location=OPTION, hint=HINT)
    (system,) = present
    shards = count if count is not None else _number(environ, system.count, system)
    first = system.first if isinstance(system.first, int) else _number(environ, system.first, system)
    step = _number(environ, system.step, system) if environ.get(system.step) else 1
    index = (_number(environ, system.index, system) - first) // max(1, step) + 1
    return _checked(index, shards, f"{OPTION} auto ({system.system})")


def _number(environ: Mapping[str, str], name: str, system: IndexVariables) -> int:
    text = environ.get(name, "")
    if text and not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise SpecError(f"auto: {name} is {text!r}, and no number", location=OPTION, hint=HINT)
    if not text:
        hint = "give the count: --shard auto/8" if name == system.count else f"{name} goes with {system.index} in {system.system}"
        raise SpecError(f"auto: {system.index} is set, and {name} is not", location=OPTION, hint=hint)
    return int(text)


def _checked(index: int, count: int, location: str) -> Shard:
    if not 1 <= count <= MOST_SHARDS:
        raise SpecError(f"{count} parts: at least 1 and at most {MOST_SHARDS:,}", location=location, hint=HINT)
    if not 1 <= index <= count:
        raise SpecError(f"there is no part {index} of {count}", location=location, hint=f"1 to {count}")
    return Shard(index=index, count=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfPlan:
    """The part of a plan that a command takes: the workspace, with the locks it is given, and what a run's header says of it."""

    workspace: Workspace
    selection: Selection
    run_plan: RunPlan
    header: PlanPart


def take_part(workspace: Workspace, selection: Selection, shard: Shard) -> PartOfPlan:
    """Return a shard's part of the plan that is selected. Raises the errors of `make_run_plan`."""
    run_plan = make_run_plan(workspace, selection)
    digests = digests_of(workspace, run_plan.cases)
    header = _header(run_plan, selection, plan_digest(run_plan.plan, digests), shard)
    # Only now, since an estimate of the full tier takes a second, which the whole of a plan has no need of.
    expected = estimate(run_plan.plan, run_plan.cases) if shard.count > 1 else Expected(seconds={})
    return PartOfPlan(workspace=workspace, selection=selection, run_plan=_divided(run_plan, shard, expected), header=header)


def take_locked_part(workspace: Workspace, locks: SealedLocks, selection: Selection | None, shard: Shard) -> PartOfPlan:
    """Return a shard's part of the plan that other locks were made for, with a workspace that resolves nothing beside them.

    Args:
        workspace: the project.
        locks: as another machine made them.
        selection: what a user selected beside them; None for the selection that was locked.
        shard: the part.

    Raises:
        SpecError: they are for another plan, or of another version.
        MachineError: they are for another platform.
    """
    document = locks.document
    locked = Selection(
        tier=document.tier or None, select=document.select, environments=document.environments_named, cells=document.cells_named
    )
    if selection is not None and selection != locked:
        message = f"these locks are for {_words(locked)}, and not for {_words(selection)}"
        raise SpecError(message, location=LOCKS, hint="leave the selection out: the locks have it")
    digests = digests_of(workspace, catalog.of_matrix(catalog.read_cases(workspace.cases)))
    if different := [words for name, words in WORDS.items() if getattr(digests, name) != getattr(document.digests, name)]:
        message = f"these locks were made with another version of {' and '.join(different)}"
        raise SpecError(message, location=LOCKS, hint="check out the commit that they were made from, or lock again")
    if document.hubmatrix != __version__:
        message = f"these locks were made by hubmatrix {document.hubmatrix}; this is {__version__}"
        raise SpecError(message, location=LOCKS, hint="use the same version everywhere, or lock again")
    if document.platform != sysconfig.get_platform():
        message = f"these locks are for {document.platform}, and this machine is {sysconfig.get_platform()}"
        raise MachineError(message, location=LOCKS, hint="lock on a machine like this one")
    run_plan = make_run_plan(workspace, locked)
    if document.plan != plan_digest(run_plan.plan, digests):
        raise SpecError("these locks name a plan that isn't the one of their selection", location=LOCKS, hint="lock again")
    own = workspace.with_sealed_locks(locks.sha256[:16])
    unpack_locks(locks, own.locks)
    expected = Expected(
        seconds={environment.id: environment.seconds for environment in document.environments},
        same={environment.id: environment.same for environment in document.environments if environment.same},
    )
    header = _header(run_plan, locked, plan_digest(run_plan.plan, digests, locks.sha256), shard, locks.sha256)
    return PartOfPlan(workspace=own, selection=locked, run_plan=_divided(run_plan, shard, expected), header=header)


def _header(run_plan: RunPlan, selection: Selection, plan: str, shard: Shard, locks: str = "") -> PlanPart:
    return PlanPart(
        plan=plan,
        locks=locks,
        planned_cells=len(run_plan.plan.cells),
        select=selection.select,
        environments=selection.environments,
        cells=selection.cells,
        shard=shard.index,
        shards=shard.count,
    )


def _divided(run_plan: RunPlan, shard: Shard, expected: Expected) -> RunPlan:
    if shard == WHOLE:
        return run_plan
    return replace(run_plan, plan=part_of(run_plan.plan, run_plan.cases, shard, expected))


def _words(selection: Selection) -> str:
    return " ".join([f"--tier {selection.tier}" if selection.tier else "all tiers", selection.text]).strip()


def part_text(part: PlanPart, cells: int) -> str:
    """Return a line on the part that a command takes."""
    locks = f", locks {part.locks[:12]}" if part.locks else ""
    return f"shard {part.shard} of {part.shards} of plan {part.plan[:12]}{locks}: {cells} of {part.planned_cells} cells"
