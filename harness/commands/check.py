"""`hubmatrix check`: the matrix on a model that a user has.

Looks into the model without TensorFlow, makes up inputs for what it says of itself, and sends it through the same plan,
environments, engine and report as the models of the matrix. Never writes into the model: each cell gets a copy.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from rich.console import RenderableType

from harness import catalog
from harness.base.errors import SelectionError, SpecError
from harness.base.files import write_atomically
from harness.base.workspace import Workspace
from harness.commands import report as reporting
from harness.commands.plan import QUICK, Made
from harness.domain import (
    OF_INSTALLATION,
    Axis,
    Case,
    Device,
    InstallPolicy,
    Interface,
    KerasChoice,
    Lacking,
    Model,
    SaveFormat,
    TextOps,
)
from harness.judge.attribution import machine_trouble
from harness.matrix import Spec, load
from harness.matrix.plan import expand
from harness.models.fetch import Brought, bring
from harness.models.handles import cache_name
from harness.models.inspect import Inspected, brief, inspect, packages
from harness.models.inspect.interface import format_of, interface_of
from harness.models.inspect.tree import copy, digest
from harness.models.inspect.values import Kind
from harness.report import terminal
from harness.report.document import View
from harness.report.wording import many
from harness.results import store
from harness.run.engine import Options, perform
from harness.run.progress import watcher

SUFFIXES = {Kind.KERAS_ZIP: ".keras", Kind.KERAS_H5: ".h5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """How much of the matrix to run a model on. No `tensorflow`: the versions of the quick tier."""

    tensorflow: str
    installs: tuple[InstallPolicy, ...]
    keras: tuple[KerasChoice, ...]
    devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A model, looked into, and what is to be run on it. `place` has the project's folders, with those of this model's results."""

    brought: Brought
    inspected: Inspected
    model: Model
    made: Made
    supply: UserModel
    place: Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class UserModel:
    """A model's files, each cell with its own copy: below its current folder, or in its Hub cache for a handle."""

    inspected: Inspected
    handle: str
    told: Path
    sha256: str

    def lacking(self, models: Iterable[str]) -> Mapping[str, Lacking]:  # noqa: ARG002  (part of Supply; it is here)
        return {}

    def digests(self, models: Iterable[str]) -> Mapping[str, str]:
        return dict.fromkeys(models, self.sha256)

    def manifest(self, model: str) -> Path:  # noqa: ARG002  (part of Supply; there is one model)
        return self.told

    def bring(self, model: str, work: Path) -> None:  # noqa: ARG002  (part of Supply)
        cached = work / "hub"
        cached.mkdir(parents=True, exist_ok=True)
        target = work / "cwd" / self.handle if self.handle.startswith("./") else cached / cache_name(self.handle)
        copy(self.inspected.tree, target)


def look_into(place: Workspace, target: str, hub_url: str | None) -> tuple[Brought, Inspected]:
    """Find the model, and read what its files say. ModelError for what is no model."""
    brought = bring(target, place.checked, hub_url)
    return brought, inspect(brought.path)


def make(place: Workspace, brought: Brought, inspected: Inspected, width: Width) -> Check:
    """What will run: the spec with this one model on its axis, and the cases that apply to it."""
    spec = load(place.matrix)
    handle = brought.handle or f"./{_file_name(brought.name, inspected.kind)}"
    model = Model(id=_id(brought.name), handle=handle, format=format_of(inspected), interface=interface_of(inspected))
    cases = catalog.of_check(catalog.read(place.cases), model, keras=inspected.content.keras)
    needs_text = model.interface is Interface.TEXT or packages.TEXT in inspected.content.packages
    plan = expand(_narrowed(spec, model, cases, width, needs_text=needs_text))
    own = place.of_check(re.sub(r"[^a-z0-9._-]+", "-", model.id))
    return Check(
        brought=brought,
        inspected=inspected,
        model=model,
        made=Made(plan=plan, cases=cases, limits=spec.limits),
        supply=_supply(place, inspected, handle),
        place=own,
    )


def _supply(place: Workspace, inspected: Inspected, handle: str) -> UserModel:
    text = json.dumps(brief.manifest(inspected, handle), indent=1)
    sha256 = hashlib.sha256(f"{digest(inspected.tree)}\n{text}".encode()).hexdigest()
    told = place.checked / f"{sha256}.json"
    write_atomically(told, text)
    return UserModel(inspected=inspected, handle=handle, told=told, sha256=sha256)


def _narrowed(spec: Spec, model: Model, cases: Sequence[Case], width: Width, *, needs_text: bool) -> Spec:
    """Only what a user asked for, of axes that matter to this model. Excludes stay; includes are about published models."""
    by_format = any(Axis.FORMAT in case.uses for case in cases)
    return replace(
        spec,
        models=(model,),
        include=(),
        releases=tuple(release for release in spec.releases if release.version in _versions(spec, width.tensorflow)),
        choices={
            **spec.choices,
            **{row.axis: (row.usual,) for row in OF_INSTALLATION if row.usual is not None},
            Axis.INSTALL: width.installs,
            Axis.KERAS: width.keras,
            Axis.TEXT: (TextOps.WITH if needs_text else TextOps.WITHOUT,),
            Axis.FORMAT: spec.choices[Axis.FORMAT] if by_format else (SaveFormat.SAVEDMODEL,),
            Axis.DEVICE: width.devices,
        },
    )


def _versions(spec: Spec, wanted: str) -> frozenset[str]:
    """Those of the quick tier, or those that a version (`2.15`) or a condition (`>=2.12,<2.16`) names."""
    if not wanted.strip():
        quick = spec.tier(QUICK).select
        return frozenset(axes.tensorflow for axes in spec.matching(quick))
    parts = [part.strip() for part in wanted.split(",")]
    bare = [part for part in parts if re.fullmatch(r"\d+(\.\d+)*", part)]
    conditions = [f"=={part}.*" for part in bare] if len(bare) == len(parts) else [wanted]
    known = [release.version for release in spec.releases]
    try:
        found = frozenset(version for one in conditions for version in SpecifierSet(one).filter(known))
    except InvalidSpecifier as trouble:
        hint = "a version such as 2.15, several with commas, or a condition such as '>=2.12,<2.16'"
        raise SpecError(f"{wanted!r} is no condition on versions", place="--tensorflow", hint=hint) from trouble
    if not found:
        raise SelectionError(f"no TensorFlow is {wanted}", place="--tensorflow", hint=f"there are {', '.join(known)}")
    return found


def _id(name: str) -> str:
    """The model's name in selectors and in the report."""
    return re.sub(r"[^a-z0-9._/-]+", "-", name.lower()).strip("-./") or "model"


def _file_name(name: str, kind: Kind) -> str:
    """What the model is called in a cell: as the user calls it, where that is a plain name; Keras wants its own endings."""
    stem = Path(name).stem if kind in SUFFIXES else name
    plain = stem if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", stem) else "model"
    return plain + SUFFIXES.get(kind, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came out. `page` is the report for people."""

    results: Path
    page: Path
    shown: View


def run(check: Check, *, jobs: int | None, rerun: bool, plain: bool, folder: Path | None) -> Done:
    """Measure what is not known yet of the model, and render the report; with a folder, also there."""
    from harness.report.view import view  # pandas takes a second to import

    command = f"hubmatrix check {shlex.quote(check.model.handle)}"
    options = Options(tier="", selection="", command=command, jobs=jobs, rerun=rerun)
    made, place = check.made, check.place
    results = perform(made.plan, made.cases, made.limits, place, options, watcher(plain=plain), machine_trouble, check.supply)
    rendered = reporting.render(place, results, made)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        rendered = tuple(Path(shutil.copyfile(path, folder / path.name)) for path in rendered)
    page = next(path for path in rendered if path.suffix == ".html")
    shown = view(store.read(results), {case.id: case.title for case in made.cases}, made.plan.cells)
    return Done(results=results, page=page, shown=shown)


def table(done: Done) -> RenderableType:
    return terminal.render(done.shown)


def last_words(check: Check, done: Done, width: Width) -> str:
    """Where the report is, and how to see more."""
    lines = ["", f"report   {_short(check.place, done.page)}", f"results  {_short(check.place, done.results)}"]
    wider = [] if width.tensorflow else ["--tensorflow '>=2.4'"]
    wider += [] if InstallPolicy.TODAY in width.installs else ["--install today"]
    return "\n".join([*lines, f"more     {' '.join(wider)}"] if wider else lines)


def as_json(check: Check, done: Done) -> dict[str, Any]:
    """Format 1: the model, and every cell as `hubmatrix results --json` has it."""
    joined = reporting.joined(store.read(done.results), "")
    return {
        "format": 1,
        "model": {"id": check.model.id, "handle": check.model.handle, **facts(check.brought, check.inspected)},
        "page": str(_short(check.place, done.page)),
        "results": str(_short(check.place, done.results)),
        **joined.model_dump(mode="json", include={"environments", "cells"}),
    }


def _short(place: Workspace, path: Path) -> Path:
    return path.relative_to(place.root) if path.is_relative_to(place.root) else path


def facts(brought: Brought, inspected: Inspected) -> dict[str, Any]:
    """What was found without TensorFlow, for programs."""
    content = inspected.content
    return {
        "origin": brought.origin,
        "kind": inspected.kind.value,
        "format": format_of(inspected).value,
        "interface": interface_of(inspected).value,
        "written_by": content.written_by,
        "files": len(inspected.tree.files),
        "bytes": inspected.tree.size,
        "tags": content.tags,
        "signatures": [
            {"name": one.name, "inputs": [*map(str, one.inputs)], "outputs": [*map(str, one.outputs)]} for one in content.signatures
        ],
        "callable": bool(content.calls),
        "variables": len(content.variables),
        "trainable": sum(one.trainable for one in content.variables),
        "keras": content.keras,
        "custom": content.custom,
        "packages": content.packages,
        "notes": content.notes,
    }


def told(brought: Brought, inspected: Inspected) -> str:
    """The same, for people."""
    content = inspected.content
    size = f"{_size(inspected.tree.size)} in {many(len(inspected.tree.files), 'file')}"
    written = f", written by {content.written_by}" if content.written_by else ""
    lines = [f"{brought.origin}: {inspected.kind.value}{written}, {size}"]
    trainable = sum(one.trainable for one in content.variables)
    lines += [f"  weights     {len(content.variables)}, {trainable} of them trainable"] if content.variables else []
    for one in content.signatures:
        gives = f" -> {', '.join(map(str, one.outputs))}" if one.outputs else ""
        lines.append(f"  signature   {one.name}({', '.join(map(str, one.inputs))}){gives}")
    lines += [f"  callable    the object itself, {many(len(content.calls), 'trace')}"] if content.calls else []
    lines += [f"  interface   {interface_of(inspected).value}: the cases for such text models run as well"] * _is_known(inspected)
    lines += [f"  needs       {name}" for name in content.packages]
    lines += [f"  custom      {name}: only its author's code defines it" for name in content.custom if name != "KerasLayer"]
    return "\n".join([*lines, *(f"  note        {note}" for note in content.notes)])


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.1f} KiB"


def _is_known(inspected: Inspected) -> bool:
    return interface_of(inspected) not in (Interface.OTHER, Interface.TEXT)
