"""The catalog: which cases there are, which axes each uses and which models it applies to, read without importing them.

Follows pytest's rules: `test_*` functions in `test_*.py`, at module level or in `Test*` classes; fixtures come from the
class, the file, and the conftest.py files from the file's folder up to cases/, the nearest winning.

A case uses an axis when it asks for its fixture, directly or through another fixture, an autouse one, or `usefixtures`.
`@pytest.mark.models(format=..., interface=...)`, on the function, its class or the module, narrows the models; each value
is a text or a list of them. Several marks narrow further.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TypeAlias, TypeVar

from harness.domain import Axis, Case, HubFormat, Interface
from harness.errors import Problem, SpecError
from harness.select import did_you_mean

FIXTURES: Mapping[str, Axis] = {"model": Axis.MODEL, "save_format": Axis.FORMAT, "device": Axis.DEVICE}
"""The fixtures that stand for an axis."""

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
E = TypeVar("E", bound=Enum)


def read(cases_dir: Path) -> tuple[Case, ...]:
    """All cases, by file and line. Ids start with the folder's own name: `cases/saving/test_x.py::test_y`.

    Raises one SpecError with every file that isn't Python and every marker that can't be read.
    """
    sources = {path.relative_to(cases_dir.parent).as_posix(): path.read_bytes() for path in sorted(cases_dir.rglob("*.py"))}
    problems: list[Problem] = []
    trees = {name: _tree(name, source, problems) for name, source in sources.items() if _role(name) != "module"}
    cases: list[Case] = []
    for name, tree in trees.items():
        if _role(name) == "test":
            above = [other for other in trees if _role(other) == "conftest" and name.startswith(other.removesuffix("conftest.py"))]
            scopes = tuple(_fixtures(trees[other].body) for other in sorted(above, key=len))
            cases.extend(_FileReader(name, tree, scopes, _digest(name, above, sources), problems).cases())
    if problems:
        raise SpecError.of(tuple(problems))
    return tuple(cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """A fixture's name and the names of those it asks for."""

    name: str
    asks: tuple[str, ...]
    autouse: bool


Scope: TypeAlias = Mapping[str, Fixture]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the marks of a function, a class or a module say; None means nothing. `given` are directly parametrized names."""

    formats: frozenset[HubFormat] | None = None
    interfaces: frozenset[Interface] | None = None
    fixtures: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()

    def narrowed(self, other: Marks) -> Marks:
        return Marks(
            formats=_both(self.formats, other.formats),
            interfaces=_both(self.interfaces, other.interfaces),
            fixtures=(*self.fixtures, *other.fixtures),
            given=self.given | other.given,
        )


class Unreadable(Exception):
    """A marker whose arguments can't be read without running it."""

    def __init__(self, node: ast.expr, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.node, self.message, self.hint = node, message, hint


@dataclass(frozen=True, slots=True)
class _FileReader:
    """Reads the cases of one file. `outer` are the fixtures of its conftest.py files, outermost first."""

    name: str
    tree: ast.Module
    outer: tuple[Scope, ...]
    digest: str
    problems: list[Problem]

    def cases(self) -> Iterator[Case]:
        scopes = (*self.outer, _fixtures(self.tree.body))
        return self._body(self.tree.body, (self.name,), self._marks(_assigned_marks(self.tree.body)), scopes, method=False)

    def _body(
        self, body: list[ast.stmt], path: tuple[str, ...], marks: Marks, scopes: tuple[Scope, ...], *, method: bool
    ) -> Iterator[Case]:
        for statement in _last_definitions(body):
            own = marks.narrowed(self._marks(statement.decorator_list))
            if not isinstance(statement, ast.ClassDef):
                if statement.name.startswith("test"):
                    yield self._case(statement, path, own, scopes, method=method)
            elif statement.name.startswith("Test"):
                own = own.narrowed(self._marks(_assigned_marks(statement.body)))
                inner = (*scopes, _fixtures(statement.body, method=True))
                yield from self._body(statement.body, (*path, statement.name), own, inner, method=True)

    def _case(self, function: Function, path: tuple[str, ...], marks: Marks, scopes: tuple[Scope, ...], *, method: bool) -> Case:
        if frozenset() in (marks.formats, marks.interfaces):
            self._note(function, "the marks of this case leave no model", "a mark can only narrow those of its class and module")
        autouse = (fixture.name for scope in scopes for fixture in scope.values() if fixture.autouse)
        asked = chain(autouse, marks.fixtures, (name for name in _asked(function, method) if name not in marks.given))
        uses = frozenset(FIXTURES[name] for name in _closure(asked, scopes, marks.given) if name in FIXTURES)
        return Case(
            id="::".join((*path, function.name)),
            title=_title(function),
            uses=uses,
            formats=marks.formats or frozenset(),
            interfaces=marks.interfaces or frozenset(),
            digest=self.digest,
        )

    def _marks(self, expressions: Iterable[ast.expr]) -> Marks:
        marks = Marks()
        aliases = _aliases(self.tree)
        for expression in expressions:
            resolved = aliases.get(expression.id, expression) if isinstance(expression, ast.Name) else expression
            try:
                marks = marks.narrowed(_mark(resolved))
            except Unreadable as error:
                self._note(error.node, error.message, error.hint)
        return marks

    def _note(self, node: ast.expr | Function, message: str, hint: str) -> None:
        problem = Problem(place=f"{self.name}:{node.lineno}:{node.col_offset + 1}", message=message, hint=hint)
        if problem not in self.problems:
            self.problems.append(problem)


def _role(name: str) -> str:
    file = name.rpartition("/")[2]
    return "conftest" if file == "conftest.py" else "test" if file.startswith("test_") else "module"


def _tree(name: str, source: bytes, problems: list[Problem]) -> ast.Module:
    """The file's tree; an empty one after noting that it isn't Python."""
    try:
        return ast.parse(source, filename=name)
    except SyntaxError as error:
        problems.append(Problem(place=f"{name}:{error.lineno or 1}:{error.offset or 1}", message=f"not Python: {error.msg}"))
    except ValueError as error:
        problems.append(Problem(place=f"{name}:1:1", message=f"not Python: {error}"))
    return ast.Module(body=[], type_ignores=[])


def _digest(name: str, conftests: list[str], sources: Mapping[str, bytes]) -> str:
    """sha256 over the case file, its conftest.py files and the modules that any case may import, with their names."""
    relevant = {name, *conftests, *(other for other in sources if _role(other) == "module")}
    digest = sha256()
    for other in sorted(relevant):
        digest.update(f"{other}\0{len(sources[other])}\0".encode())
        digest.update(sources[other])
    return digest.hexdigest()


def _title(function: Function) -> str:
    """The docstring's first line, or the name in words."""
    docstring = ast.get_docstring(function)
    return docstring.splitlines()[0].strip() if docstring else function.name.removeprefix("test").replace("_", " ").strip()


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module or class, those under `if`, `try` and `with` included."""
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


def _last_definitions(body: list[ast.stmt]) -> Iterable[Function | ast.ClassDef]:
    """Functions and classes in order; of those with equal names the last, as Python has it."""
    found: dict[str, Function | ast.ClassDef] = {}
    for statement in _statements(body):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.pop(statement.name, None)
            found[statement.name] = statement
    return found.values()


def _asked(function: Function, method: bool) -> tuple[str, ...]:
    """The names of the arguments that pytest fills: those without default, less a method's first."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    positional = positional[: len(positional) - len(arguments.defaults)]
    static = any(isinstance(decorator, ast.Name) and decorator.id == "staticmethod" for decorator in function.decorator_list)
    named = [argument for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    return tuple(argument.arg for argument in [*positional[method and not static :], *named])


def _fixtures(body: list[ast.stmt], *, method: bool = False) -> Scope:
    found = {}
    for function in _last_definitions(body):
        for decorator in function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            if isinstance(function, ast.ClassDef) or _dotted(call.func if call else decorator).rpartition(".")[2] != "fixture":
                continue
            options = {option.arg: _literal(option.value) for option in call.keywords} if call else {}
            name = options.get("name")
            name = name if isinstance(name, str) else function.name
            found[name] = Fixture(name=name, asks=_asked(function, method), autouse=options.get("autouse") is True)
    return found


def _closure(asked: Iterable[str], scopes: tuple[Scope, ...], given: frozenset[str]) -> frozenset[str]:
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


def _assigned_marks(body: list[ast.stmt]) -> list[ast.expr]:
    """The marks in `pytestmark = ...`."""
    value = _assignments(body).get("pytestmark")
    if isinstance(value, (ast.List, ast.Tuple)):
        return value.elts
    return [value] if value else []


def _assignments(body: list[ast.stmt]) -> Mapping[str, ast.expr]:
    found = {}
    for statement in _statements(body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
            case _:
                pass
    return found


def _aliases(tree: ast.Module) -> Mapping[str, ast.expr]:
    """Marks that the module gives a name: `encoders = pytest.mark.models(...)`."""
    return _assignments(tree.body)


def _dotted(node: ast.expr) -> str:
    """`pytest.mark.models` of that expression; "" for what isn't a dotted name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{_dotted(value)}.{attribute}"
        case _:
            return ""


def _mark(expression: ast.expr) -> Marks:
    """What a mark says of the case. Marks and decorators of other kinds say nothing."""
    call = expression if isinstance(expression, ast.Call) else None
    parts = _dotted(call.func if call else expression).split(".")
    if len(parts) < 2 or parts[-2] != "mark":
        return Marks()
    readers: Mapping[str, Callable[[ast.Call], Marks]] = {
        "models": _models,
        "usefixtures": lambda found: Marks(fixtures=tuple(chain.from_iterable(map(_texts, found.args)))),
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
    given = {option.arg: option.value for option in call.keywords}
    return Marks(formats=_members(given.get("format"), HubFormat), interfaces=_members(given.get("interface"), Interface))


def _members(node: ast.expr | None, enum: type[E]) -> frozenset[E] | None:
    if node is None:
        return None
    known = [member.value for member in enum]
    names = _texts(node)
    for name in names:
        if name not in known:
            raise Unreadable(node, f"no {'format' if enum is HubFormat else 'interface'} {name!r}", did_you_mean(name, known))
    if not names:
        raise Unreadable(node, "the list is empty", "leave it out to mean all")
    return frozenset(enum(name) for name in names)


def _parametrize(call: ast.Call) -> Marks:
    """Names that get their values from the mark, not from a fixture."""
    options = {option.arg: option.value for option in call.keywords}
    names = call.args[0] if call.args else options.get("argnames")
    indirect = _literal(options["indirect"]) if "indirect" in options else False
    if names is None or indirect is True:
        return Marks()
    given = {name.strip() for text in _texts(names) for name in text.split(",")}
    return Marks(given=frozenset(given - set(indirect if isinstance(indirect, (list, tuple)) else ())))


def _texts(node: ast.expr) -> tuple[str, ...]:
    """One text, or a list, tuple or set of them. Raises Unreadable for anything else."""
    value = _literal(node)
    values = value if isinstance(value, (list, tuple, set)) else [value]
    if not all(isinstance(item, str) for item in values):
        raise Unreadable(node, f"`{ast.unparse(node)}` isn't a literal", "write the text, or a list of texts, in the mark itself")
    return tuple(sorted(values) if isinstance(value, set) else values)


def _literal(node: ast.expr) -> object:
    """The value of a literal; None for what has to be run."""
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, TypeError):
        return None
    return value


def _both(one: frozenset[E] | None, other: frozenset[E] | None) -> frozenset[E] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other
