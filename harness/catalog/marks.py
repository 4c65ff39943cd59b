"""Read the marks `models`, `devices`, `usefixtures` and `parametrize` of a case, and `pytestmark`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import TypeVar

from harness.base.suggestions import did_you_mean
from harness.catalog.source import Unreadable, assignments, dotted, literal
from harness.domain import Device, HubFormat, Interface

E = TypeVar("E", bound=Enum)
WORDS: Mapping[type[Enum], str] = {HubFormat: "format", Interface: "interface", Device: "device"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks of a function, a class or a module; None where they don't narrow. `parametrized` names need no fixture."""

    formats: frozenset[HubFormat] | None = None
    interfaces: frozenset[Interface] | None = None
    devices: frozenset[Device] | None = None
    fixtures: tuple[str, ...] = ()
    parametrized: frozenset[str] = frozenset()

    def narrowed(self, other: Marks) -> Marks:
        return Marks(
            formats=_intersection(self.formats, other.formats),
            interfaces=_intersection(self.interfaces, other.interfaces),
            devices=_intersection(self.devices, other.devices),
            fixtures=(*self.fixtures, *other.fixtures),
            parametrized=self.parametrized | other.parametrized,
        )


def assigned_marks(body: list[ast.stmt]) -> list[ast.expr]:
    """List the marks in `pytestmark = ...`."""
    value = assignments(body).get("pytestmark")
    if isinstance(value, (ast.List, ast.Tuple)):
        return value.elts
    return [value] if value else []


def read_mark(expression: ast.expr) -> Marks:
    """Read one mark. Marks of other kinds, and other decorators, narrow nothing."""
    call = expression if isinstance(expression, ast.Call) else None
    parts = dotted(call.func if call else expression).split(".")
    if len(parts) < 2 or parts[-2] != "mark":
        return Marks()
    readers: Mapping[str, Callable[[ast.Call], Marks]] = {
        "models": _models,
        "devices": _devices,
        "usefixtures": lambda usefixtures: Marks(fixtures=tuple(chain.from_iterable(map(_texts, usefixtures.args)))),
        "parametrize": _parametrize,
    }
    reader = readers.get(parts[-1])
    if reader is None:
        return Marks()
    if call is None:
        raise Unreadable(expression, f"mark {parts[-1]!r} needs arguments")
    return reader(call)


def _models(call: ast.Call) -> Marks:
    if call.args:
        raise Unreadable(call.args[0], "mark 'models' takes names only", "models(format=..., interface=...)")
    for option in call.keywords:
        if option.arg not in ("format", "interface"):
            hint = did_you_mean(option.arg or "**", ("format", "interface"))
            raise Unreadable(option.value, f"mark 'models' has no argument {option.arg or '**'!r}", hint)
    options = {option.arg: option.value for option in call.keywords}
    return Marks(formats=_members(options.get("format"), HubFormat), interfaces=_members(options.get("interface"), Interface))


def _devices(call: ast.Call) -> Marks:
    hint = 'devices("tpu-v5e", "tpu-v4")'
    if call.keywords:
        raise Unreadable(call.keywords[0].value, "mark 'devices' takes texts only", hint)
    if not call.args:
        raise Unreadable(call, "mark 'devices' names no device", hint)
    return Marks(devices=frozenset(device for node in call.args for device in _members(node, Device) or ()))


def _members(node: ast.expr | None, enum: type[E]) -> frozenset[E] | None:
    if node is None:
        return None
    choices = [member.value for member in enum]
    names = _texts(node)
    for name in names:
        if name not in choices:
            raise Unreadable(node, f"no {WORDS[enum]} {name!r}", did_you_mean(name, choices))
    if not names:
        raise Unreadable(node, "the list is empty", "leave it out to mean all")
    return frozenset(enum(name) for name in names)


def _parametrize(call: ast.Call) -> Marks:
    """Read the names that get their values from the mark, not from a fixture."""
    options = {option.arg: option.value for option in call.keywords}
    names = call.args[0] if call.args else options.get("argnames")
    indirect = literal(options["indirect"]) if "indirect" in options else False
    if names is None or indirect is True:
        return Marks()
    parametrized = {name.strip() for text in _texts(names) for name in text.split(",")}
    return Marks(parametrized=frozenset(parametrized - set(indirect if isinstance(indirect, (list, tuple)) else ())))


def _texts(node: ast.expr) -> tuple[str, ...]:
    """Read one text, or a list, tuple or set of them. Raises Unreadable for anything else."""
    value = literal(node)
    values = value if isinstance(value, (list, tuple, set)) else [value]
    if not all(isinstance(item, str) for item in values):
        raise Unreadable(node, f"`{ast.unparse(node)}` isn't a literal", "write the text, or a list of texts, in the mark itself")
    return tuple(sorted(values) if isinstance(value, set) else values)


def _intersection(first: frozenset[E] | None, second: frozenset[E] | None) -> frozenset[E] | None:
    if first is None or second is None:
        return first if second is None else second
    return first & second
