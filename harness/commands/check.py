"""`hubmatrix check`: run the matrix on a user's own model.

Plans and measures: the model goes through the same plan, environments, engine and report as the models of the matrix.
`commands.look` reads the model's files before, `commands.check_output` prints the outcome.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness import catalog
from harness.base.errors import SelectionError
from harness.base.workspace import Workspace
from harness.commands import report as reporting
from harness.commands.plan import QUICK, RunPlan
from harness.domain import Axis, Case, Device, InstallPolicy, Interface, KerasChoice, Model, SaveFormat, TextOps
from harness.judge.attribution import machine_trouble
from harness.matrix import Spec, load_spec
from harness.matrix.facts import Facts
from harness.matrix.narrow import Narrowing, narrowed
from harness.matrix.plan import expand
from harness.matrix.selector import Context, compile_selector
from harness.matrix.shorthand import compile_versions
from harness.models import user
from harness.models.fetch import LocatedModel
from harness.models.inspect import Inspected, packages
from harness.report.document import View
from harness.results.run import Run
from harness.run.engine import RunOptions, RunQuestion, perform
from harness.run.machine import this_machine
from harness.run.watcher import RunWatcher

WITH_PYTHON_CODE = "cases/anymodel/test_keras.py::test_load_model_with_python_code"
"""A case about files with a Lambda layer: for any other file it would only report that there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """The part of the matrix to run a model on. An empty `tensorflow` stands for the versions of the quick tier.

    `select` is a selector. An axis that it names is decided by it alone, out of all values that the matrix has.
    """

    tensorflow: str
    installs: tuple[InstallPolicy, ...]
    keras: tuple[KerasChoice, ...]
    devices: tuple[Device, ...]
    select: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A user's model and the plan to run on it. `workspace` is the project with a results folder of this model's own."""

    located: LocatedModel
    inspected: Inspected
    model: Model
    run_plan: RunPlan
    supply: user.UserModel
    workspace: Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """The run of a check, the report's HTML page, and the view that it was rendered from."""

    run: Run
    page: Path
    report: View


def make_check(workspace: Workspace, located: LocatedModel, inspected: Inspected, width: Width) -> Check:
    """Return the check of a model: the plan with this model alone on the model axis, and the cases that apply to it.

    Raises:
        SpecError: matrix.yaml or `width.tensorflow` isn't valid.
        SelectionError: no cell is left, or no TensorFlow of the matrix matches.
    """
    spec = load_spec(workspace.matrix)
    model = user.model_of(located, inspected)
    cases = catalog.of_check(catalog.read_cases(workspace.cases, workspace.memo), model, keras=inspected.content.keras)
    if inspected.kind.is_folder or not inspected.content.lambdas:
        cases = tuple(case for case in cases if case.id != WITH_PYTHON_CODE)
    plan = expand(narrowed(spec, model, _part(spec, inspected, model, cases, width)), select=width.select)
    return Check(
        located=located,
        inspected=inspected,
        model=model,
        run_plan=RunPlan(plan=plan, cases=cases, limits=spec.limits),
        supply=user.supply(inspected, model.handle, workspace.checked),
        # An id made of a handle has slashes, which would be folders within folders.
        workspace=workspace.of_check(re.sub(r"[^a-z0-9._-]+", "-", model.id)),
    )


def _part(spec: Spec, inspected: Inspected, model: Model, cases: Sequence[Case], width: Width) -> Narrowing:
    """Return the values to keep on each axis: those of the options, and on the other axes those that matter to this model."""
    needs_text = model.interface is Interface.TEXT or packages.TEXT in inspected.content.packages
    by_format = any(Axis.FORMAT in case.uses for case in cases)
    choices: dict[Axis, tuple[Enum, ...]] = {
        Axis.INSTALL: width.installs,
        Axis.KERAS: width.keras,
        Axis.TEXT: (TextOps.WITH if needs_text else TextOps.WITHOUT,),
        Axis.DEVICE: width.devices,
    }
    if not by_format:
        choices[Axis.FORMAT] = (SaveFormat.SAVEDMODEL,)
    selector_names = compile_selector(width.select, Context.PLAN, {**spec.vocabulary(), Axis.MODEL.value: (model.id,)}).names
    # Last, so that an axis in the selector has every value again, whatever the options and the model left of it.
    choices |= {axis: values for axis, values in spec.choices.items() if axis.value in selector_names}
    return Narrowing(versions=_versions(spec, width.tensorflow, selector_names), choices=choices)


def _versions(spec: Spec, typed: str, selector_names: Collection[str]) -> frozenset[str]:
    """Return the versions that a short text such as `2.15` or `>=2.12,<2.16` stands for; for an empty one, the quick tier's.

    If the selector names TensorFlow, an empty text stands for every version: the selector then decides.
    """
    versions = [release.version for release in spec.releases]
    if not typed.strip():
        if Axis.TENSORFLOW.value in selector_names:
            return frozenset(versions)
        return frozenset(axes.tensorflow for axes in spec.matching(spec.tier(QUICK).select))
    selector = compile_versions(typed, option="--tensorflow")
    chosen = frozenset(version for version in versions if selector(Facts({"tensorflow": version})))
    if not chosen:
        raise SelectionError(f"no TensorFlow is {typed}", location="--tensorflow", hint=f"there are {', '.join(versions)}")
    return chosen


def run_check(
    check: Check, watcher: RunWatcher, *, jobs: int | None, rerun: bool, fence: bool, folder: Path | None
) -> CheckOutcome:
    """Measure the cells that have no result yet, and render the report; if a folder is given, copy the report there."""
    from harness.report.view import view  # pandas takes a second to import

    command = f"hubmatrix check {shlex.quote(check.model.handle)}"
    options = RunOptions(tier="", selection="", command=command, rerun=rerun)
    run_plan, workspace = check.run_plan, check.workspace
    machine = this_machine(workspace, run_plan.limits, jobs, fence=fence)
    question = RunQuestion(plan=run_plan.plan, cases=run_plan.cases, supply=check.supply)
    run = perform(question, machine, options, watcher, machine_trouble)
    rendered = reporting.render_site(workspace, run, run_plan)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        rendered = tuple(Path(shutil.copyfile(path, folder / path.name)) for path in rendered)
    page = next(path for path in rendered if path.suffix == ".html")
    report = view(run, {case.id: case.title for case in run_plan.cases}, run_plan.plan.cells)
    return CheckOutcome(run=run, page=page, report=report)
