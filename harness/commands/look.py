"""`hubmatrix check --look`: find a user's model, and describe its files for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.base.workspace import Workspace
from harness.domain import Interface
from harness.models.address import ServerAddress
from harness.models.fetch import LocatedModel, locate
from harness.models.inspect import Inspected
from harness.models.inspect.bounded import inspect_bounded
from harness.models.inspect.interface import format_of, interface_of
from harness.models.inspect.values import Signature
from harness.report.wording import many


def look_into(workspace: Workspace, target: str, server: ServerAddress | None) -> tuple[LocatedModel, Inspected]:
    """Find the model and read its files. Raises ModelError if there is no readable model."""
    located = locate(target, workspace.checked, server)
    return located, inspect_bounded(located.path)


def facts(located: LocatedModel, inspected: Inspected) -> dict[str, Any]:
    """Return what the files tell without TensorFlow, for programs."""
    content = inspected.content
    return {
        "origin": located.origin,
        "kind": inspected.kind.value,
        "format": format_of(inspected).value,
        "interface": interface_of(inspected).value,
        "written_by": content.written_by,
        "files": len(inspected.tree.files),
        "bytes": inspected.tree.size,
        "tags": content.tags,
        "signatures": list(map(_signature_facts, content.signatures)),
        "callable": bool(content.calls),
        "variables": len(content.variables),
        "trainable": sum(variable.trainable for variable in content.variables),
        "training_state": content.state,
        "keras": content.keras,
        "custom": content.custom,
        "lambdas": content.lambdas,
        "packages": content.packages,
        "notes": content.notes,
    }


def describe(located: LocatedModel, inspected: Inspected) -> str:
    """Return what the files tell without TensorFlow, for people."""
    return "\n".join(_lines(located, inspected))


def _lines(located: LocatedModel, inspected: Inspected) -> Iterator[str]:
    content = inspected.content
    size = f"{_size(inspected.tree.size)} in {many(len(inspected.tree.files), 'file')}"
    written = f", written by {content.written_by}" if content.written_by else ""
    yield f"{located.origin}: {inspected.kind.value}{written}, {size}"
    if content.variables:
        trainable = sum(variable.trainable for variable in content.variables)
        more = f"; {content.state} more of optimizer and metrics" if content.state else ""
        yield f"  weights     {len(content.variables)}, {trainable} of them trainable{more}"
    for signature in content.signatures:
        outputs = f" -> {', '.join(map(str, signature.outputs))}" if signature.outputs else ""
        yield f"  signature   {signature.name}({', '.join(map(str, signature.inputs))}){outputs}"
    if content.calls:
        yield f"  callable    the object itself, {many(len(content.calls), 'trace')}"
    if interface_of(inspected) not in (Interface.OTHER, Interface.TEXT):
        yield f"  interface   {interface_of(inspected).value}: the cases for such text models run as well"
    for name in content.packages:
        yield f"  needs       {name}"
    for name in content.custom:
        # tensorflow_hub defines hub.KerasLayer, and every environment has it.
        if name != "KerasLayer":
            yield f"  custom      {name}: only its author's code defines it"
    for note in content.notes:
        yield f"  note        {note}"


def _signature_facts(signature: Signature) -> dict[str, Any]:
    return {"name": signature.name, "inputs": [*map(str, signature.inputs)], "outputs": [*map(str, signature.outputs)]}


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.1f} KiB"
