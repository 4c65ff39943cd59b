"""Read the files under cases/: the cases in them, and the files that each case depends on."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain
from pathlib import Path

from harness.base.errors import Problem, SpecError
from harness.catalog.announcements import JUDGED_AFTERWARDS, PREREQUISITES, Announcements, mark_name, read_announcement
from harness.catalog.fixtures import Scope, asks, closure, fixtures
from harness.catalog.marks import Marks, assigned_marks, read_mark
from harness.catalog.source import Function, Unreadable, assignments, last_definitions, marks_of_values, title
from harness.domain import HOSTS, Axis, Case, Companion, Prerequisite, Service

FIXTURES: Mapping[str, Axis] = {"model": Axis.MODEL, "save_format": Axis.FORMAT, "device": Axis.DEVICE}
"""The fixtures that stand for an axis."""
SERVICES: Mapping[str, Service] = {service.value: service for service in Service}
"""The fixtures that stand for a service of the driver."""
COMPANIONS: Mapping[str, Companion] = {companion.value: companion for companion in Companion}
"""The fixtures that stand for a package beside the environment."""
IMPLIED = ("tensorflow_text",)
"""The fixtures that stand for a package of the environment: a case that asks for one needs that package."""
OF_A_CASE = frozenset({*JUDGED_AFTERWARDS, *PREREQUISITES, "models", "devices", "usefixtures"})
"""The marks that are read of a case as a whole. On one of its values, by `pytest.param`, nobody would read them."""
WHOLE_CASE = 'give it to the case; `declared` may ask for the value: when="variant=..."'
REPORTED = "reported"
"""The folder of scripts that reproduce users' reports: programs, not cases, and nothing that a case imports."""


def read_sources(cases_dir: Path) -> Mapping[str, bytes]:
    """Return the files that cases are in or depend on, by their names, which start with the folder's own name."""
    paths = [path for path in sorted(cases_dir.rglob("*.py")) if path.relative_to(cases_dir).parts[0] != REPORTED]
    return {path.relative_to(cases_dir.parent).as_posix(): path.read_bytes() for path in paths}


def parse_cases(sources: Mapping[str, bytes]) -> tuple[Case, ...]:
    """Return all cases, by file and line. Their ids are made of names: `cases/saving/test_x.py::test_y`.

    Raises:
        SpecError: every file that isn't Python, and every mark that can't be read.
    """
    problems: dict[str, list[Problem]] = {name: [] for name in sources}
    trees = {name: _tree(name, source, problems[name]) for name, source in sources.items() if _role(name) != "module"}
    cases: list[Case] = []
    for name, tree in trees.items():
        if _role(name) == "test":
            above = [other for other in trees if _role(other) == "conftest" and name.startswith(other.removesuffix("conftest.py"))]
            scopes = tuple(fixtures(trees[other].body) for other in sorted(above, key=len))
            judged = {**sources, name: _without_judgements(sources[name], tree)}
            cases.extend(_FileReader(name, tree, scopes, _digest(name, above, judged), problems[name]).cases())
    if all_problems := tuple(chain.from_iterable(problems.values())):
        raise SpecError.of(all_problems)
    return tuple(cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """The marks, announcements and fixtures that a case has from the module and class around it."""

    path: tuple[str, ...]
    marks: Marks
    announcements: Announcements
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class _FileReader:
    """Reads the cases of one file. `outer` are the fixtures of its conftest.py files, outermost first."""

    name: str
    tree: ast.Module
    outer: tuple[Scope, ...]
    digest: str
    problems: list[Problem]

    def cases(self) -> Iterator[Case]:
        for mark in marks_of_values(self.tree):
            if (name := mark_name(self._resolved(mark))) in OF_A_CASE:
                self._note(mark, f"mark {name!r} in pytest.param says nothing: it is read of whole cases", WHOLE_CASE)
        outer = _Around(
            path=(self.name,),
            marks=self._marks(assigned_marks(self.tree.body)),
            announcements=self._announcements(assigned_marks(self.tree.body)),
            scopes=(*self.outer, fixtures(self.tree.body)),
        )
        return self._body(self.tree.body, outer, method=False)

    def _body(self, body: list[ast.stmt], around: _Around, *, method: bool) -> Iterator[Case]:
        for statement in last_definitions(body):
            decorators = statement.decorator_list
            marks = around.marks.narrowed(self._marks(decorators))
            announcements = self._announcements(decorators).below(around.announcements)
            if not isinstance(statement, ast.ClassDef):
                if statement.name.startswith("test"):
                    yield self._case(statement, replace(around, marks=marks, announcements=announcements), method=method)
            elif statement.name.startswith("Test"):
                assigned = assigned_marks(statement.body)
                inside = _Around(
                    path=(*around.path, statement.name),
                    marks=marks.narrowed(self._marks(assigned)),
                    announcements=self._announcements(assigned).below(announcements),
                    scopes=(*around.scopes, fixtures(statement.body, method=True)),
                )
                yield from self._body(statement.body, inside, method=True)

    def _case(self, function: Function, around: _Around, *, method: bool) -> Case:
        marks, scopes, announcements = around.marks, around.scopes, around.announcements
        if frozenset() in (marks.formats, marks.interfaces):
            self._note(function, "the marks of this case leave no model", "a mark can only narrow those of its class and module")
        if marks.devices == frozenset():
            self._note(function, "the marks of this case leave no device", "a mark can only narrow those of its class and module")
        autouse = (fixture.name for scope in scopes for fixture in scope.values() if fixture.autouse)
        requested = chain(autouse, marks.fixtures, (name for name in asks(function, method) if name not in marks.parametrized))
        reached = closure(requested, scopes, marks.parametrized)
        return Case(
            id="::".join((*around.path, function.name)),
            title=title(function),
            uses=frozenset(FIXTURES[name] for name in reached if name in FIXTURES),
            formats=marks.formats or frozenset(),
            interfaces=marks.interfaces or frozenset(),
            digest=self.digest,
            services=frozenset(SERVICES[name] for name in reached if name in SERVICES),
            companions=frozenset(COMPANIONS[name] for name in reached if name in COMPANIONS),
            devices=HOSTS if marks.devices is None else marks.devices,
            declarations=announcements.declarations,
            needs=(*announcements.needs, *(self._implied(function, name) for name in IMPLIED if name in reached)),
            lacks=announcements.lacks,
            way=announcements.way,
        )

    def _implied(self, function: Function, fixture: str) -> Prerequisite:
        return Prerequisite(text=fixture, location=f"{self.name}:{function.lineno}:{function.col_offset + 1}")

    def _announcements(self, expressions: Iterable[ast.expr]) -> Announcements:
        # From the last mark to the first, so that the topmost declaration ends up in front: the first that applies counts.
        together = Announcements()
        for expression in reversed([self._resolved(expression) for expression in expressions]):
            try:
                together = read_announcement(expression, self.name).below(together)
            except Unreadable as error:
                self._note(error.node, error.message, error.hint)
        return together

    def _resolved(self, expression: ast.expr) -> ast.expr:
        """Return the mark that a name of the module stands for."""
        return assignments(self.tree.body).get(expression.id, expression) if isinstance(expression, ast.Name) else expression

    def _marks(self, expressions: Iterable[ast.expr]) -> Marks:
        marks = Marks()
        for expression in expressions:
            try:
                marks = marks.narrowed(read_mark(self._resolved(expression)))
            except Unreadable as error:
                self._note(error.node, error.message, error.hint)
        return marks

    def _note(self, node: ast.expr | Function, message: str, hint: str) -> None:
        problem = Problem(location=f"{self.name}:{node.lineno}:{node.col_offset + 1}", message=message, hint=hint)
        if problem not in self.problems:
            self.problems.append(problem)


def _role(name: str) -> str:
    file = name.rpartition("/")[2]
    return "conftest" if file == "conftest.py" else "test" if file.startswith("test_") else "module"


def _tree(name: str, source: bytes, problems: list[Problem]) -> ast.Module:
    """Return the file's tree; an empty one, and a problem, if the file isn't Python."""
    try:
        return ast.parse(source, filename=name)
    except SyntaxError as error:
        problems.append(Problem(location=f"{name}:{error.lineno or 1}:{error.offset or 1}", message=f"not Python: {error.msg}"))
    except ValueError as error:
        problems.append(Problem(location=f"{name}:1:1", message=f"not Python: {error}"))
    return ast.Module(body=[], type_ignores=[])


def _digest(name: str, conftests: list[str], sources: Mapping[str, bytes]) -> str:
    """Return the sha256 over the case file, its conftest.py files and the modules that any case may import, with their names."""
    # Part of every key: another order or separator, and all cases are measured again. Which modules a case imports is not known
    # without running it, so all count.
    relevant = {name, *conftests, *(other for other in sources if _role(other) == "module")}
    digest = sha256()
    for other in sorted(relevant):
        digest.update(f"{other}\0{len(sources[other])}\0".encode())
        digest.update(sources[other])
    return digest.hexdigest()


def _without_judgements(source: bytes, tree: ast.Module) -> bytes:
    """Return a case's source without the marks that are compared with its outcome afterwards.

    A better declaration needs no new measurement, so it must not change the digest.
    """
    # In bytes: the offsets of a syntax tree count bytes, not characters.
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    spans = [
        (starts[node.lineno - 1] + node.col_offset, starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and mark_name(node) in JUDGED_AFTERWARDS
    ]
    for start, end in sorted(spans, reverse=True):
        source = source[:start] + source[end:]
    return b"\n".join(line for line in source.split(b"\n") if line.strip() != b"@")
