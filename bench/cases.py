"""`cases`: the CPU seconds that all cases of a model cost in an environment, their mean, and the slowest of them.

From a real run: the recorder in the cell counts user and system time of each case, children included. Imports are not in it
(the zygote pays them once an environment), nor is pytest itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.commands import ROOT, tell
from harness.base.workspace import Workspace
from harness.cli.progress import RunProgress, display
from harness.commands import plan
from harness.domain import Axis
from harness.judge.attribution import machine_trouble
from harness.results.format import CaseRecord
from harness.results.run import Run
from harness.run.engine import RunOptions, RunQuestion, perform
from harness.run.machine import this_machine

TARGET_SECONDS = 25.0
SLOWEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """All cases of one model in one environment. `unknown` are those without CPU seconds: they crashed, or were timed out.

    `shared_seconds` is the part of `cpu_seconds` that cases without a model take. A run of several models pays it once.
    """

    environment: str
    model: str
    cases: int
    cpu_seconds: float
    shared_seconds: float
    seconds: float
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """A case by its mean over the environments and models in which it ran, once for each combination of the axes it uses."""

    case: str
    runs: int
    cpu_seconds: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The costs of a run, and its slowest cases. `run` is its id."""

    run: str
    costs: tuple[Cost, ...]
    slowest: tuple[Slow, ...]

    @property
    def mean_seconds(self) -> float:
        """CPU seconds of the whole run by pair of environment and model; cases without a model are paid once an environment."""
        shared = {cost.environment: cost.shared_seconds for cost in self.costs}
        own = sum(cost.cpu_seconds - cost.shared_seconds for cost in self.costs)
        return (own + sum(shared.values())) / len(self.costs) if self.costs else 0.0


def measure(tensorflow: Sequence[str], models: Sequence[str], *, rerun: bool) -> Run:
    """Run the cases of these models in the default environments of these versions, one cell at a time; return that run."""
    workspace = Workspace(root=ROOT)
    # Cases for other devices cost more: those for mirrored-2 took 64 s of 105 s (bert-en/3, TensorFlow 2.15.1).
    hosts = "device in (cpu, xla-cpu)"
    chosen = [f"tensorflow in ({', '.join(tensorflow)})", "install=as-released", "keras=default", hosts]
    chosen += [f"model in ({', '.join(models)})"] if models else []
    run_plan = plan.make_run_plan(workspace, plan.build_selection("full", " and ".join(chosen), (), ()))
    tell(f"{len(run_plan.plan.cells)} cells, {len(run_plan.cases)} cases")
    options = RunOptions(tier="full", selection=" and ".join(chosen), rerun=rerun)
    watcher = RunProgress(display("cells", plain=True))
    question = RunQuestion(plan=run_plan.plan, cases=run_plan.cases)
    return perform(question, this_machine(workspace, run_plan.limits, jobs=1), options, watcher, machine_trouble)


def costs_of(run: Run) -> Costs:
    """Return the costs of a run's cases."""
    return Costs(run=run.header.run, costs=tuple(_costs(run)), slowest=_slowest(run.cases))


def _costs(run: Run) -> Iterable[Cost]:
    """Yield the costs of each environment and model. A case without a model counts for each of them: any of their runs has it."""
    models: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for cell in run.cells:
        if cell.axes.model:
            models[cell.environment][cell.axes.model] = None
    by_environment: defaultdict[str, list[CaseRecord]] = defaultdict(list)
    for record in run.cases:
        by_environment[record.environment].append(record)
    for environment, records in by_environment.items():
        for model in models[environment]:
            own = [record for record in records if record.uses.get(Axis.MODEL.value, model) == model]
            yield Cost(
                environment=environment,
                model=model,
                cases=len(own),
                cpu_seconds=_cpu_seconds(own),
                shared_seconds=_cpu_seconds(record for record in own if Axis.MODEL.value not in record.uses),
                seconds=sum(record.seconds for record in own),
                unknown=sum(record.cpu_seconds is None for record in own),
            )


def _cpu_seconds(records: Iterable[CaseRecord]) -> float:
    return sum(record.cpu_seconds or 0 for record in records)


def _slowest(records: Iterable[CaseRecord]) -> tuple[Slow, ...]:
    seconds_by_case: defaultdict[str, list[float]] = defaultdict(list)
    for record in records:
        if record.cpu_seconds is not None:
            seconds_by_case[record.case].append(record.cpu_seconds)
    means = [
        Slow(case=case, runs=len(seconds), cpu_seconds=sum(seconds) / len(seconds), most=max(seconds))
        for case, seconds in seconds_by_case.items()
    ]
    return tuple(sorted(means, key=lambda slow: -slow.cpu_seconds)[:SLOWEST])


def as_json(totals: Costs) -> dict[str, Any]:
    """Return format 3.

    Format history:
      1  first version
      2  `shared_seconds`
      3  `mean_cpu_seconds`
    """
    costs = [
        {
            "environment": cost.environment,
            "model": cost.model,
            "cases": cost.cases,
            "cpu_seconds": round(cost.cpu_seconds, 2),
            "shared_seconds": round(cost.shared_seconds, 2),
            "seconds": round(cost.seconds, 2),
            "unknown": cost.unknown,
        }
        for cost in totals.costs
    ]
    slowest = [
        {"case": slow.case, "runs": slow.runs, "cpu_seconds": round(slow.cpu_seconds, 3), "most": round(slow.most, 3)}
        for slow in totals.slowest
    ]
    return {
        "format": 3,
        "benchmark": "cases",
        "target_seconds": TARGET_SECONDS,
        "run": totals.run,
        "mean_cpu_seconds": round(totals.mean_seconds, 2),
        "costs": costs,
        "slowest": slowest,
    }


def as_text(totals: Costs) -> str:
    """Return a row for each environment and model, the most expensive first, then the slowest cases."""
    costs = sorted(totals.costs, key=lambda cost: -cost.cpu_seconds)
    environment = max((len(cost.environment) for cost in costs), default=0) + 2
    model = max((len(cost.model) for cost in costs), default=0) + 2
    lines = [f"{'environment':<{environment}}{'model':<{model}}{'case runs':>10}{'CPU s':>8}{'shared':>8}{'wall s':>8}"]
    for cost in costs:
        unknown = f"  and {cost.unknown} that crashed or timed out" if cost.unknown else ""
        over = "  over the target" if cost.cpu_seconds - cost.shared_seconds > TARGET_SECONDS else ""
        numbers = f"{cost.cases:>10}{cost.cpu_seconds:>8.1f}{cost.shared_seconds:>8.1f}{cost.seconds:>8.1f}"
        lines.append(f"{cost.environment:<{environment}}{cost.model:<{model}}{numbers}{over}{unknown}")
    lines += ["shared: cases without a model, once for all models of an environment"]
    lines += [f"mean: {totals.mean_seconds:.1f} s of CPU an environment and model; target: at most {TARGET_SECONDS:.0f}", ""]
    lines += [f"{'mean s':>7}{'most s':>8}{'runs':>6}  slowest cases"]
    lines += [f"{slow.cpu_seconds:>7.2f}{slow.most:>8.2f}{slow.runs:>6}  {slow.case}" for slow in totals.slowest]
    return "\n".join(lines)
