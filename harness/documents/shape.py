"""The shapes a document is made of: each reads a node strictly and describes itself as JSON Schema.

Reading never stops at a problem: it notes it in the Log and goes on, so that a user sees all of them at once.
Knows nothing of the matrix; that is `harness.matrix.document`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from harness.base.errors import Problem, SpecError
from harness.base.suggestions import Fault, did_you_mean
from harness.documents.nodes import Items, Node, Place, Scalar, Table

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Schema: TypeAlias = dict[str, Any]


class Log:
    """Collects the problems of one document."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._found: list[tuple[Place, str, Problem]] = []

    def add(self, place: Place, path: str, message: str, hint: str = "") -> None:
        text = f"{path}: {message}" if path else message
        self._found.append((place, path, Problem(place=self.where(place), message=text, hint=hint)))

    def where(self, place: Place) -> str:
        return f"{self.name}:{place.line}:{place.column}"

    def clean(self, path: str = "") -> bool:
        """Whether nothing is wrong at that path and below it."""
        return not any(found.startswith(path) for _, found, _ in self._found)

    def raise_if_any(self) -> None:
        ordered = sorted(self._found, key=lambda found: (found[0].line, found[0].column))
        if ordered:
            raise SpecError.of(tuple(problem for _, _, problem in ordered))


class Shape(Protocol[T_co]):
    def read(self, node: Node, path: str, log: Log) -> T_co | None:
        """The value, or None after noting what is wrong with it."""

    def schema(self) -> Schema: ...


class Refused(Exception):
    """Raised by the conversion of a Leaf: what is wrong with the text, and where in it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.faults: tuple[Fault, ...] = (Fault(column=1, message=message, hint=hint),)

    @classmethod
    def of(cls, faults: tuple[Fault, ...]) -> Refused:
        refused = cls(faults[0].message)
        refused.faults = faults
        return refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf(Generic[T]):
    """One scalar. `expected` names it in messages; `convert` takes the text, or raises Refused."""

    expected: str
    convert: Callable[[str], T]
    json: Schema
    kinds: tuple[str, ...] = ("text",)

    def read(self, node: Node, path: str, log: Log) -> T | None:
        if not isinstance(node, Scalar) or node.kind not in self.kinds:
            log.add(node.place, path, f"expected {self.expected}, found {_reading(node)}", self._hint(node))
            return None
        try:
            return self.convert(node.text)
        except Refused as refused:
            for fault in refused.faults:
                log.add(_place_in(node, fault.column), path, fault.message, fault.hint)
            return None

    def _hint(self, node: Node) -> str:
        """How to write a value that YAML takes for something else."""
        if not isinstance(node, Scalar) or node.kind == "nothing" or "text" not in self.kinds:
            return ""
        try:
            self.convert(node.text)
        except Refused as refused:
            return refused.faults[0].hint
        return f'write "{node.text}"'

    def schema(self) -> Schema:
        return self.json


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf(Generic[T]):
    """A list without repetition. `key` gives what must differ; `label` names an item in messages."""

    item: Shape[T]
    key: Callable[[T], object] = field(default=lambda value: value)
    label: Callable[[T], str] = str
    may_be_empty: bool = False

    def read(self, node: Node, path: str, log: Log) -> tuple[T, ...] | None:
        if isinstance(node, Scalar) and node.kind == "nothing" and self.may_be_empty:
            return ()
        if not isinstance(node, Items):
            log.add(node.place, path, f"expected a list, found {node}")
            return None
        if not node.nodes and not self.may_be_empty:
            log.add(node.place, path, "the list is empty")
        found: dict[object, T] = {}
        for index, child in enumerate(node.nodes):
            value = self.item.read(child, f"{path}[{index}]", log)
            if value is None:
                continue
            if self.key(value) in found:
                log.add(child.place, f"{path}[{index}]", f"{self.label(value)} is there twice")
            found.setdefault(self.key(value), value)
        return tuple(found.values())

    def schema(self) -> Schema:
        if self.may_be_empty:
            return {"type": ["array", "null"], "items": self.item.schema()}
        return {"type": "array", "items": self.item.schema(), "minItems": 1, "uniqueItems": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOrMore(Generic[T]):
    """A value, or a list of them."""

    item: Shape[T]

    def read(self, node: Node, path: str, log: Log) -> tuple[T, ...] | None:
        if isinstance(node, Items):
            return ListOf(item=self.item).read(node, path, log)
        value = self.item.read(node, path, log)
        return None if value is None else (value,)

    def schema(self) -> Schema:
        return {"anyOf": [self.item.schema(), ListOf(item=self.item).schema()]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Generic[T]):
    """A mapping with known keys. `build` takes the values by key, and the place; `what` names a key in messages."""

    fields: Mapping[str, Shape[Any]]
    build: Callable[[dict[str, Any], str], T]
    optional: tuple[str, ...] = ()
    what: str = "key"

    def read(self, node: Node, path: str, log: Log) -> T | None:
        entries = open_record(node, self.fields, path, log, optional=self.optional, what=self.what)
        if entries is None:
            return None
        values = {key: self.fields[key].read(child, joined(path, key), log) for key, child in entries.items()}
        if None in values.values() or any(key not in values for key in self.fields if key not in self.optional):
            return None
        return self.build(values, log.where(node.place))

    def schema(self) -> Schema:
        return record_schema({key: shape.schema() for key, shape in self.fields.items()}, optional=self.optional)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOf(Generic[T]):
    """A mapping with keys of the user's own. `required` must be among them."""

    key: Leaf[str]
    value: Shape[T]
    required: tuple[str, ...] = ()

    def read(self, node: Node, path: str, log: Log) -> tuple[tuple[str, T], ...] | None:
        entries = _entries(node, path, log)
        if entries is None:
            return None
        found = []
        for key, child in entries.values():
            name = self.key.read(key, path, log)
            value = self.value.read(child, joined(path, key.text), log)
            if name is not None and value is not None:
                found.append((name, value))
        if not entries:
            log.add(node.place, path, "the mapping is empty")
        for name in self.required:
            if name not in entries:
                log.add(node.place, joined(path, name), "is missing")
        return tuple(found)

    def schema(self) -> Schema:
        described: Schema = {
            "type": "object",
            "propertyNames": self.key.schema(),
            "additionalProperties": self.value.schema(),
            "minProperties": 1,
        }
        return {**described, "required": list(self.required)} if self.required else described


def open_record(
    node: Node, fields: Mapping[str, object], path: str, log: Log, *, optional: tuple[str, ...] = (), what: str = "key"
) -> dict[str, Node] | None:
    """The values by key; None if it isn't a mapping.

    Notes unknown, repeated and missing keys; one that is unknown and close to one that is missing is one problem.
    """
    entries = _entries(node, path, log)
    if entries is None:
        return None
    missing = [name for name in fields if name not in entries]
    for name, (key, _) in entries.items():
        if name not in fields:
            meant = get_close_matches(name, missing, n=1)
            missing = [other for other in missing if other not in meant]
            log.add(key.place, joined(path, name), f"unknown {what}", did_you_mean(name, meant or fields))
    for name in missing:
        if name not in optional:
            log.add(node.place, joined(path, name), "is missing")
    return {name: value for name, (_, value) in entries.items() if name in fields}


def record_schema(properties: Mapping[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    required = [key for key in properties if key not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _entries(node: Node, path: str, log: Log) -> dict[str, tuple[Scalar, Node]] | None:
    if not isinstance(node, Table):
        log.add(node.place, path, f"expected a mapping, found {node}")
        return None
    entries: dict[str, tuple[Scalar, Node]] = {}
    for key, value in node.entries:
        if key.text in entries:
            log.add(key.place, joined(path, key.text), "is there twice", f"first in line {entries[key.text][0].place.line}")
        else:
            entries[key.text] = (key, value)
    return entries


def _place_in(node: Scalar, column: int) -> Place:
    """Where the scalar's character of that number is; the scalar's own place for its first, or if it spans lines."""
    if column == 1 or node.first is None:
        return node.place
    return Place(line=node.first.line, column=node.first.column + column - 1)


def _reading(node: Node) -> str:
    """What YAML made of it, where that isn't what was written: `3.10` is the number 3.1."""
    if isinstance(node, Scalar) and node.kind == "number" and repr(_number(node.text)) != node.text:
        return f"{node.text}, which YAML reads as the number {_number(node.text)!r}"
    return str(node)


def _number(text: str) -> float | str:
    try:
        return float(text) if "." in text or "e" in text.lower() else int(text)
    except ValueError:
        return text
