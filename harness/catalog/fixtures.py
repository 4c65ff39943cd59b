"""The fixtures that a case asks for, found as pytest finds them: the nearest definition wins."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from harness.catalog.source import Function, dotted, last_definitions, literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """A fixture's name and the names of those it asks for."""

    name: str
    asks: tuple[str, ...]
    autouse: bool


Scope: TypeAlias = Mapping[str, Fixture]


def asks(function: Function, method: bool) -> tuple[str, ...]:
    """The names of the arguments that pytest fills: those without default, less a method's first."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    positional = positional[: len(positional) - len(arguments.defaults)]
    static = any(isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in function.decorator_list)
    named = [argument for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    return tuple(argument.arg for argument in [*positional[method and not static :], *named])


def fixtures(body: list[ast.stmt], *, method: bool = False) -> Scope:
    found = {}
    for function in last_definitions(body):
        for decorator in function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            if isinstance(function, ast.ClassDef) or dotted(call.func if call else decorator).rpartition(".")[2] != "fixture":
                continue
            options = {option.arg: literal(option.value) for option in call.keywords} if call else {}
            name = options.get("name")
            name = name if isinstance(name, str) else function.name
            found[name] = Fixture(name=name, asks=asks(function, method), autouse=options.get("autouse") is True)
    return found


def closure(asked: Iterable[str], scopes: tuple[Scope, ...], given: frozenset[str]) -> frozenset[str]:
    """All names asked for, through fixtures as well. A fixture that asks for its own name means the next one outwards."""
    waiting = [(name, len(scopes)) for name in asked]
    seen: set[tuple[str, int]] = set()
    while waiting:
        name, below = waiting.pop()
        if (name, below) in seen:
            continue
        seen.add((name, below))
        level = next((level for level in reversed(range(below)) if name in scopes[level]), None)
        if level is not None:
            asks = scopes[level][name].asks
            waiting.extend((other, level if other == name else len(scopes)) for other in asks if other not in given)
    return frozenset(name for name, _ in seen)
