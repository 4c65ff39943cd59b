"""`hubmatrix check`: the matrix on a model that a user has.

Plans and measures: the model goes through the same plan, environments, engine and report as the models of the matrix.
`commands.look` reads the model before, `commands.check_output` says afterwards where everything is.
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
from harness.commands.plan import QUICK, Made
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
from harness.results import store
from harness.run.engine import RunOptions, RunQuestion, perform
from harness.run.machine import this_machine
from harness.run.watcher import RunWatcher

WITH_PYTHON_CODE = "cases/anymodel/test_keras.py::test_load_model_with_python_code"
"""A case that is about files with a Lambda layer; of others it would only say that they have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """How much of the matrix to run a model on. No `tensorflow`: the versions of the quick tier.

    `select` is a selector. Of an axis that it asks about, it alone decides: every value of the matrix is there to choose from.
    """

    tensorflow: str
    installs: tuple[InstallPolicy, ...]
    keras: tuple[KerasChoice, ...]
    devices: tuple[Device, ...]
    select: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A model, looked into, and what is to be run on it. `workspace` is the project with a folder for this model's results."""

    brought: LocatedModel
    inspected: Inspected
    model: Model
    made: Made
    supply: user.UserModel
    workspace: Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a check left: the results file, the report's page for people, and the view that both are drawn from."""

    results: Path
    page: Path
    shown: View


def make(workspace: Workspace, brought: LocatedModel, inspected: Inspected, width: Width) -> Check:
    """Return what will run: the plan with this one model on its axis, and the cases that apply to it."""
    spec = load_spec(workspace.matrix)
    model = user.model_of(brought, inspected)
    cases = catalog.of_check(catalog.read(workspace.cases), model, keras=inspected.content.keras)
    if inspected.kind.is_folder or not inspected.content.lambdas:
        cases = tuple(case for case in cases if case.id != WITH_PYTHON_CODE)
    plan = expand(narrowed(spec, model, _part(spec, inspected, model, cases, width)), select=width.select)
    return Check(
        brought=brought,
        inspected=inspected,
        model=model,
        made=Made(plan=plan, cases=cases, limits=spec.limits),
        supply=user.supply(inspected, model.handle, workspace.checked),
        workspace=workspace.of_check(re.sub(r"[^a-z0-9._-]+", "-", model.id)),
    )


def _part(spec: Spec, inspected: Inspected, model: Model, cases: Sequence[Case], width: Width) -> Narrowing:
    """Return what to keep of each axis: what was asked for, and of the others what matters to this model."""
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
    asked = compile_selector(width.select, Context.PLAN, {**spec.vocabulary(), Axis.MODEL.value: (model.id,)}).names
    choices |= {axis: values for axis, values in spec.choices.items() if axis.value in asked}
    return Narrowing(versions=_versions(spec, width.tensorflow, asked), choices=choices)


def _versions(spec: Spec, typed: str, asked: Collection[str]) -> frozenset[str]:
    """Return the versions that were typed in short, as `2.15` or `>=2.12,<2.16`; where none were, those of the quick tier.

    `asked` are the names in the selector: where TensorFlow is among them, every version is there to choose from.
    """
    versions = [release.version for release in spec.releases]
    if not typed.strip():
        if Axis.TENSORFLOW.value in asked:
            return frozenset(versions)
        return frozenset(axes.tensorflow for axes in spec.matching(spec.tier(QUICK).select))
    selector = compile_versions(typed, option="--tensorflow")
    chosen = frozenset(version for version in versions if selector(Facts({"tensorflow": version})))
    if not chosen:
        raise SelectionError(f"no TensorFlow is {typed}", location="--tensorflow", hint=f"there are {', '.join(versions)}")
    return chosen


def run(check: Check, watcher: RunWatcher, *, jobs: int | None, rerun: bool, folder: Path | None) -> Done:
    """Measure what is not known yet of the model, and render the report; with a folder, also there."""
    from harness.report.view import view  # pandas takes a second to import

    command = f"hubmatrix check {shlex.quote(check.model.handle)}"
    options = RunOptions(tier="", selection="", command=command, rerun=rerun)
    made, workspace = check.made, check.workspace
    machine = this_machine(workspace, made.limits, jobs)
    question = RunQuestion(plan=made.plan, cases=made.cases, supply=check.supply)
    results = perform(question, machine, options, watcher, machine_trouble)
    rendered = reporting.render(workspace, results, made)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        rendered = tuple(Path(shutil.copyfile(path, folder / path.name)) for path in rendered)
    page = next(path for path in rendered if path.suffix == ".html")
    shown = view(store.read_run(results), {case.id: case.title for case in made.cases}, made.plan.cells)
    return Done(results=results, page=page, shown=shown)
