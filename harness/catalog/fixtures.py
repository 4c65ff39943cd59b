"""Find the fixtures that a case asks for, by pytest's rules: the nearest definition wins."""

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
    """Return the names of the arguments that pytest fills: those without a default, without a method's first."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    positional = positional[: len(positional) - len(arguments.defaults)]
    static = any(isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in function.decorator_list)
    keyword_only = [
        argument for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None
    ]
    return tuple(argument.arg for argument in [*positional[method and not static :], *keyword_only])


def fixtures(body: list[ast.stmt], *, method: bool = False) -> Scope:
    fixtures_by_name = {}
    for function in last_definitions(body):
        for decorator in function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            if isinstance(function, ast.ClassDef) or dotted(call.func if call else decorator).rpartition(".")[2] != "fixture":
                continue
            options = {option.arg: literal(option.value) for option in call.keywords} if call else {}
            name = options.get("name")
            name = name if isinstance(name, str) else function.name
            fixtures_by_name[name] = Fixture(name=name, asks=asks(function, method), autouse=options.get("autouse") is True)
    return fixtures_by_name


def closure(names: Iterable[str], scopes: tuple[Scope, ...], parametrized: frozenset[str]) -> frozenset[str]:
    """Collect all names that are asked for, through other fixtures too.

    A fixture that asks for its own name gets the next one outwards, as in pytest; hence the level beside each name.
    """
    waiting = [(name, len(scopes)) for name in names]
    seen: set[tuple[str, int]] = set()
    while waiting:
        name, below = waiting.pop()
        if (name, below) in seen:
            continue
        seen.add((name, below))
        level = next((level for level in reversed(range(below)) if name in scopes[level]), None)
        if level is not None:
            asks = scopes[level][name].asks
            waiting.extend((other, level if other == name else len(scopes)) for other in asks if other not in parametrized)
    return frozenset(name for name, _ in seen)
