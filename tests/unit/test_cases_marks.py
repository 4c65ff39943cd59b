"""What the marks of all cases have to say, read from their source: no failure is expected without its words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

CASES = Path(__file__).parents[2] / "cases"
TREES = {file.relative_to(CASES.parent).as_posix(): ast.parse(file.read_text()) for file in sorted(CASES.rglob("test_*.py"))}
REQUIRED = {"raises", "match", "instead"}
OPTIONAL = {"when", "until", "proof", "link"}


def mark_name(node: ast.expr) -> str:
    """Return NAME of `pytest.mark.NAME` or `pytest.mark.NAME(...)`, else the empty text."""
    function = node.func if isinstance(node, ast.Call) else node
    is_mark = isinstance(function, ast.Attribute) and ast.unparse(function.value) == "pytest.mark"
    return function.attr if is_mark and isinstance(function, ast.Attribute) else ""


def declarations(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield every call of `pytest.mark.declared`, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and mark_name(node) == "declared":
            yield node


def decorators(function: ast.FunctionDef, aliases: dict[str, ast.expr]) -> list[ast.expr]:
    """Return the marks of a function, those that the file gives a name included."""
    return [aliases.get(ast.unparse(decorator), decorator) for decorator in function.decorator_list]


def cases(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, list[ast.expr]]]:
    """Yield each test function at module level with its marks, the file's own `pytestmark` included."""
    aliases = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    everywhere = aliases.get("pytestmark")
    of_the_file = everywhere.elts if isinstance(everywhere, ast.List) else [everywhere] if everywhere else []
    of_the_file = [aliases.get(ast.unparse(mark), mark) for mark in of_the_file]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node, [*decorators(node, aliases), *of_the_file]


def test_no_failure_is_expected_without_its_words() -> None:
    """A bare xfail takes any failure of its class for the one that it means."""
    nodes = ((name, node) for name, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, ast.expr))
    assert not [f"{name}:{node.lineno}" for name, node in nodes if mark_name(node) == "xfail"]


def test_a_declaration_is_complete_and_names_the_failure() -> None:
    problems = []
    for name, tree in TREES.items():
        for call in declarations(tree):
            values = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
            complete = not call.args and REQUIRED <= set(values) <= REQUIRED | OPTIONAL
            if not complete or re.search(values["match"], "") or re.search(values["match"], "an error of another kind"):
                problems.append(f"{name}:{call.lineno}")
    assert not problems


def test_a_wrong_way_declares_what_tells_of_it() -> None:
    assert not [
        f"{name}::{function.name}"
        for name, tree in TREES.items()
        for function, marks in cases(tree)
        if (ast.get_docstring(function) or "").startswith("Wrong ") and "declared" not in map(mark_name, marks)
    ]


def test_a_proof_or_stand_in_names_a_case() -> None:
    targets = [
        (f"{name}:{node.lineno}", ast.literal_eval(keyword.value))
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and mark_name(node) in ("declared", "task")
        for keyword in node.keywords
        if keyword.arg in ("proof", "instead_of")
    ]
    known = {f"{name}::{function.name}" for name, tree in TREES.items() for function, _ in cases(tree)}
    assert not [(where, target) for where, target in targets if target not in known]
