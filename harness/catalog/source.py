"""Read Python without running it: the few questions that the catalog asks of a syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Unreadable(Exception):
    """A marker whose arguments can't be read without running it."""

    def __init__(self, node: ast.expr, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.node, self.message, self.hint = node, message, hint


def title(function: Function) -> str:
    """Return the docstring's first line, or the name in words."""
    docstring = ast.get_docstring(function)
    return docstring.splitlines()[0].strip() if docstring else function.name.removeprefix("test").replace("_", " ").strip()


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module or class, those under `if`, `try` and `with` included."""
    for statement in body:
        yield statement
        match statement:
            case ast.If(body=inner, orelse=other):
                yield from _statements([*inner, *other])
            case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=last):
                handled = chain.from_iterable(handler.body for handler in handlers)
                yield from _statements([*inner, *handled, *other, *last])
            case ast.With(body=inner):
                yield from _statements(inner)
            case _:
                pass


def last_definitions(body: list[ast.stmt]) -> Iterable[Function | ast.ClassDef]:
    """Return functions and classes in order; of those with equal names the last, as Python has it."""
    definitions: dict[str, Function | ast.ClassDef] = {}
    for statement in _statements(body):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            definitions.pop(statement.name, None)  # so that it moves to the last one's position
            definitions[statement.name] = statement
    return definitions.values()


def assignments(body: list[ast.stmt]) -> Mapping[str, ast.expr]:
    values = {}
    for statement in _statements(body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                values[name] = value
            case _:
                pass
    return values


def marks_of_values(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield the marks of single values, those in `pytest.param(..., marks=...)`, wherever they stand in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "param":
            for value in (option.value for option in node.keywords if option.arg == "marks"):
                yield from value.elts if isinstance(value, (ast.List, ast.Tuple, ast.Set)) else (value,)


def dotted(node: ast.expr) -> str:
    """Return a dotted name such as `pytest.mark.models`; "" for any other expression."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{dotted(value)}.{attribute}"
        case _:
            return ""


def literal(node: ast.expr) -> object:
    """Evaluate a literal; return None for an expression that would have to be run."""
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, TypeError):
        return None
    return value
