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
from harness.documents.nodes import ListNode, Location, Node, Scalar, TableNode

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Schema: TypeAlias = dict[str, Any]


class Log:
    """Collects the problems of one document."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._problems: list[tuple[Location, str, Problem]] = []

    def add(self, location: Location, path: str, message: str, hint: str = "") -> None:
        text = f"{path}: {message}" if path else message
        self._problems.append((location, path, Problem(location=self.where(location), message=text, hint=hint)))

    def where(self, location: Location) -> str:
        """Return the location as people write it: `matrix.yaml:14:5`."""
        return f"{self.name}:{location.line}:{location.column}"

    def clean(self, path: str = "") -> bool:
        """Return True if no problem was noted at that path or below it."""
        return not any(noted.startswith(path) for _, noted, _ in self._problems)

    def raise_if_any(self) -> None:
        """Raise one SpecError with all problems, in the order of the document."""
        ordered = sorted(self._problems, key=lambda problem: (problem[0].line, problem[0].column))
        if ordered:
            raise SpecError.of(tuple(problem for _, _, problem in ordered))


class NodeShape(Protocol[T_co]):
    def read(self, node: Node, path: str, log: Log) -> T_co | None:
        """Return the value, or None after noting its problems in the log."""

    def schema(self) -> Schema: ...


class RefusedText(Exception):
    """Raised by the conversion of a Leaf: the faults of the text, each with its column."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.faults: tuple[Fault, ...] = (Fault(column=1, message=message, hint=hint),)

    @classmethod
    def of(cls, faults: tuple[Fault, ...]) -> RefusedText:
        refused = cls(faults[0].message)
        refused.faults = faults
        return refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf(Generic[T]):
    """One scalar. `expected` names it in messages; `convert` takes the text, or raises RefusedText."""

    expected: str
    convert: Callable[[str], T]
    json: Schema
    kinds: tuple[str, ...] = ("text",)

    def read(self, node: Node, path: str, log: Log) -> T | None:
        if not isinstance(node, Scalar) or node.kind not in self.kinds:
            log.add(node.location, path, f"expected {self.expected}, found {_reading(node)}", self._hint(node))
            return None
        try:
            return self.convert(node.text)
        except RefusedText as refused:
            for fault in refused.faults:
                log.add(_location_in(node, fault.column), path, fault.message, fault.hint)
            return None

    def _hint(self, node: Node) -> str:
        """Return a hint on how to write a value that YAML takes for another type."""
        if not isinstance(node, Scalar) or node.kind == "nothing" or "text" not in self.kinds:
            return ""
        # Quoting helps only if the text as written is a valid value.
        try:
            self.convert(node.text)
        except RefusedText as refused:
            return refused.faults[0].hint
        return f'write "{node.text}"'

    def schema(self) -> Schema:
        return self.json


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf(Generic[T]):
    """A list without repetition. `key` gives the value by which items must differ; `label` names an item in messages."""

    item: NodeShape[T]
    key: Callable[[T], object] = field(default=lambda value: value)
    label: Callable[[T], str] = str
    may_be_empty: bool = False

    def read(self, node: Node, path: str, log: Log) -> tuple[T, ...] | None:
        if isinstance(node, Scalar) and node.kind == "nothing" and self.may_be_empty:
            return ()
        if not isinstance(node, ListNode):
            log.add(node.location, path, f"expected a list, found {node}")
            return None
        if not node.nodes and not self.may_be_empty:
            log.add(node.location, path, "the list is empty")
        values: dict[object, T] = {}
        for index, child in enumerate(node.nodes):
            value = self.item.read(child, f"{path}[{index}]", log)
            if value is None:
                continue
            if self.key(value) in values:
                log.add(child.location, f"{path}[{index}]", f"{self.label(value)} is there twice")
            values.setdefault(self.key(value), value)  # of two, the first stays; the other was noted
        return tuple(values.values())

    def schema(self) -> Schema:
        if self.may_be_empty:
            return {"type": ["array", "null"], "items": self.item.schema()}
        return {"type": "array", "items": self.item.schema(), "minItems": 1, "uniqueItems": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOrMore(Generic[T]):
    """A value, or a list of them."""

    item: NodeShape[T]

    def read(self, node: Node, path: str, log: Log) -> tuple[T, ...] | None:
        if isinstance(node, ListNode):
            return ListOf(item=self.item).read(node, path, log)
        value = self.item.read(node, path, log)
        return None if value is None else (value,)

    def schema(self) -> Schema:
        return {"anyOf": [self.item.schema(), ListOf(item=self.item).schema()]}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOf(Generic[T]):
    """A mapping with known keys.

    `build` takes the values by key, and the location as text. `noun` is what a key is called in messages.
    """

    fields: Mapping[str, NodeShape[Any]]
    build: Callable[[dict[str, Any], str], T]
    optional: tuple[str, ...] = ()
    noun: str = "key"

    def read(self, node: Node, path: str, log: Log) -> T | None:
        entries = open_record(node, self.fields, path, log, optional=self.optional, noun=self.noun)
        if entries is None:
            return None
        values = {key: self.fields[key].read(child, joined(path, key), log) for key, child in entries.items()}
        # Its problems are noted already; `build` would only meet them again.
        if None in values.values() or any(key not in values for key in self.fields if key not in self.optional):
            return None
        return self.build(values, log.where(node.location))

    def schema(self) -> Schema:
        return record_schema({key: shape.schema() for key, shape in self.fields.items()}, optional=self.optional)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOf(Generic[T]):
    """A mapping with keys of the user's own. `required` must be among them."""

    key: Leaf[str]
    value: NodeShape[T]
    required: tuple[str, ...] = ()

    def read(self, node: Node, path: str, log: Log) -> tuple[tuple[str, T], ...] | None:
        entries = _entries(node, path, log)
        if entries is None:
            return None
        pairs = []
        for key, child in entries.values():
            name = self.key.read(key, path, log)
            value = self.value.read(child, joined(path, key.text), log)
            if name is not None and value is not None:
                pairs.append((name, value))
        if not entries:
            log.add(node.location, path, "the mapping is empty")
        for name in self.required:
            if name not in entries:
                log.add(node.location, joined(path, name), "is missing")
        return tuple(pairs)

    def schema(self) -> Schema:
        described: Schema = {
            "type": "object",
            "propertyNames": self.key.schema(),
            "additionalProperties": self.value.schema(),
            "minProperties": 1,
        }
        return {**described, "required": list(self.required)} if self.required else described


def open_record(
    node: Node, fields: Mapping[str, object], path: str, log: Log, *, optional: tuple[str, ...] = (), noun: str = "key"
) -> dict[str, Node] | None:
    """Return the nodes of a mapping's values by key, None if the node isn't a mapping.

    Notes unknown, repeated and missing keys. An unknown key that is close to a missing one is one problem, not two.
    """
    entries = _entries(node, path, log)
    if entries is None:
        return None
    missing = [name for name in fields if name not in entries]
    for name, (key, _) in entries.items():
        if name not in fields:
            # A slip of the pen is one problem: the key that it was meant for no longer counts as missing.
            intended = get_close_matches(name, missing, n=1)
            missing = [other for other in missing if other not in intended]
            log.add(key.location, joined(path, name), f"unknown {noun}", did_you_mean(name, intended or fields))
    for name in missing:
        if name not in optional:
            log.add(node.location, joined(path, name), "is missing")
    return {name: value for name, (_, value) in entries.items() if name in fields}


def record_schema(properties: Mapping[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    required = [key for key in properties if key not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _entries(node: Node, path: str, log: Log) -> dict[str, tuple[Scalar, Node]] | None:
    if not isinstance(node, TableNode):
        log.add(node.location, path, f"expected a mapping, found {node}")
        return None
    entries: dict[str, tuple[Scalar, Node]] = {}
    for key, value in node.entries:
        if key.text in entries:
            log.add(key.location, joined(path, key.text), "is there twice", f"first in line {entries[key.text][0].location.line}")
        else:
            entries[key.text] = (key, value)
    return entries


def _location_in(node: Scalar, column: int) -> Location:
    """Return the location of a scalar's character by its number; the scalar's own for the first, or if it spans lines."""
    if column == 1 or node.first is None:
        return node.location
    return Location(line=node.first.line, column=node.first.column + column - 1)


def _reading(node: Node) -> str:
    """Describe a node, and what YAML reads if that differs from what is written: `3.10` is the number 3.1."""
    if isinstance(node, Scalar) and node.kind == "number" and repr(_number(node.text)) != node.text:
        return f"{node.text}, which YAML reads as the number {_number(node.text)!r}"
    return str(node)


def _number(text: str) -> float | str:
    try:
        return float(text) if "." in text or "e" in text.lower() else int(text)
    except ValueError:
        return text
