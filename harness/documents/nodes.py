"""YAML text as a tree of values with their locations. Owns all that hubmatrix needs to know about YAML.

Scalars keep the text as written and the type YAML takes it for, so that `3.10` can be told from `"3.10"`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from harness.base.errors import Problem, SpecError

KINDS = {"str": "text", "int": "number", "float": "number", "timestamp": "date", "bool": "boolean", "null": "nothing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value as written. `first` is the location of its first character, behind a quote; None if the value spans lines."""

    location: Location
    kind: str
    text: str
    first: Location | None

    def __str__(self) -> str:
        if self.kind == "nothing":
            return "nothing"
        return f"{self.kind} {self.text!r}" if self.kind == "text" else f"the {self.kind} {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNode:
    location: Location
    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return "a list"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableNode:
    """Keys and values in order, repeated keys included."""

    location: Location
    entries: tuple[tuple[Scalar, Node], ...]

    def __str__(self) -> str:
        return "a mapping"


Node: TypeAlias = Scalar | ListNode | TableNode


def compose(text: str, name: str) -> Node | None:
    """Parse a document into its tree, None if it is empty.

    Raises SpecError, with location, for text that isn't YAML and for features that would hide a value's location (anchors, tags).
    """
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise _syntax_error(error, name) from None
    except ReaderError as error:
        before = text[: error.position].split("\n")
        location = f"{name}:{len(before)}:{len(before[-1]) + 1}"
        raise SpecError("character that YAML does not allow", location=location) from None
    except YAMLError as error:
        raise SpecError(f"not YAML: {error}", location=name) from None
    if root is None:
        return None
    problems = tuple(_unreadable(root, name))
    if problems:
        raise SpecError.of(problems)
    return _convert(root)


def plain(node: Node) -> object:
    """Convert a tree to values as JSON has them; dates stay text."""
    match node:
        case Scalar(kind="number", text=text):
            return float(text) if "." in text else int(text)
        case Scalar(kind="boolean", text=text):
            return text == "true"
        case Scalar(kind="nothing"):
            return None
        case Scalar(text=text):
            return text
        case ListNode(nodes=nodes):
            return [plain(item) for item in nodes]
        case TableNode(entries=entries):
            return {key.text: plain(value) for key, value in entries}


def _syntax_error(error: MarkedYAMLError, name: str) -> SpecError:
    mark = error.problem_mark or error.context_mark
    location = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    hint = "indent with spaces" if "'\\t'" in str(error.problem) else ""
    if "anchor" in str(error.problem) or "alias" in str(error.problem):
        hint = "write the value out"
    # Some sentences of ruamel go over both fields: "expected a single document in the stream", "but found another document".
    reason = f"{error.context}, {error.problem}" if str(error.problem).startswith("but ") else error.problem or error.context
    return SpecError(f"not YAML: {reason}", location=location, hint=hint)


def _unreadable(root: Any, name: str) -> Iterator[Problem]:
    """Yield a problem for each node that is used twice (by an alias), has a tag of its own, or is a key and no scalar.

    In the order of the document.
    """
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        location = f"{name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        if id(node) in seen:
            yield Problem(location=location, message=f"anchor '&{node.anchor}' is used by an alias", hint="write the value out")
            continue
        seen.add(id(node))
        kind = _kind(node)
        if kind not in KINDS and kind not in ("seq", "map"):
            yield Problem(
                location=location, message=f"tag or special value '{kind}' isn't used here", hint="write plain text or quote it"
            )
        elif isinstance(node, SequenceNode):
            waiting.extend(reversed(node.value))
        elif isinstance(node, MappingNode):
            if not all(isinstance(key, ScalarNode) for key, _ in node.value):
                yield Problem(location=location, message="a key isn't text")
            waiting.extend(value for _, value in reversed(node.value))


def _kind(node: Any) -> str:
    return str(node.tag).removeprefix("tag:yaml.org,2002:")


def _convert(node: Any) -> Node:
    location = Location(line=node.start_mark.line + 1, column=node.start_mark.column + 1)
    if isinstance(node, SequenceNode):
        return ListNode(location=location, nodes=tuple(map(_convert, node.value)))
    if isinstance(node, MappingNode):
        return TableNode(location=location, entries=tuple((_convert_scalar(key), _convert(value)) for key, value in node.value))
    return _convert_scalar(node)


def _convert_scalar(node: Any) -> Scalar:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    # A plain or quoted value on one line has its characters one after another; in a block (| >) they start on a later line.
    first = Location(line=line, column=column + (node.style in ("'", '"')))
    return Scalar(
        location=Location(line=line, column=column),
        kind=KINDS.get(_kind(node), "text"),
        text=node.value,
        first=first if node.end_mark.line == node.start_mark.line and node.style not in ("|", ">") else None,
    )
