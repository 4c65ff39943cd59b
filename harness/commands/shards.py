"""The part of a plan that a command takes: `--shard i/n`, or `auto` from the variables of what started it on many machines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.base.errors import SpecError
from harness.base.workspace import Workspace
from harness.commands.plan import RunPlan
from harness.matrix.selection import Selection
from harness.results.format import PlanPart
from harness.run.shards import WHOLE, Shard, digests_of, estimate, part_of, plan_digest

OPTION = "--shard"
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


def take_part(workspace: Workspace, selection: Selection, run_plan: RunPlan, shard: Shard) -> tuple[RunPlan, PlanPart]:
    """Return the shard's part of a plan, and what the run's header says of it."""
    plan = run_plan.plan
    part = PlanPart(
        plan=plan_digest(plan, digests_of(workspace, run_plan.cases)),
        planned_cells=len(plan.cells),
        select=selection.select,
        environments=selection.environments,
        cells=selection.cells,
        shard=shard.index,
        shards=shard.count,
    )
    if shard == WHOLE:
        return run_plan, part
    return replace(run_plan, plan=part_of(plan, run_plan.cases, shard, estimate(plan, run_plan.cases))), part


def part_text(part: PlanPart, cells: int) -> str:
    """Return a line on the part that a command takes."""
    return f"shard {part.shard} of {part.shards} of plan {part.plan[:12]}: {cells} of {part.planned_cells} cells"
