"""YAML text as a tree of values with places. Owns all that hubmatrix needs to know about YAML.

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
class Place:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value as written. `first` is where its first character is, None if it spans lines; a quote comes before it."""

    place: Place
    kind: str
    text: str
    first: Place | None

    def __str__(self) -> str:
        if self.kind == "nothing":
            return "nothing"
        return f"{self.kind} {self.text!r}" if self.kind == "text" else f"the {self.kind} {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    place: Place
    nodes: tuple[Node, ...]

    def __str__(self) -> str:
        return "a list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Keys and values in order, repeated keys included."""

    place: Place
    entries: tuple[tuple[Scalar, Node], ...]

    def __str__(self) -> str:
        return "a mapping"


Node: TypeAlias = Scalar | Items | Table


def compose(text: str, name: str) -> Node | None:
    """The document's tree, None if there is nothing in it.

    Raises SpecError, with place, for what isn't YAML and for its features that would hide a value's place (anchors, tags).
    """
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise _syntax_error(error, name) from None
    except ReaderError as error:
        before = text[: error.position].split("\n")
        place = f"{name}:{len(before)}:{len(before[-1]) + 1}"
        raise SpecError("character that YAML does not allow", place=place) from None
    except YAMLError as error:
        raise SpecError(f"not YAML: {error}", place=name) from None
    if root is None:
        return None
    problems = tuple(_unreadable(root, name))
    if problems:
        raise SpecError.of(problems)
    return _convert(root)


def plain(node: Node) -> object:
    """The value as JSON would have it; dates stay text."""
    match node:
        case Scalar(kind="number", text=text):
            return float(text) if "." in text else int(text)
        case Scalar(kind="boolean", text=text):
            return text == "true"
        case Scalar(kind="nothing"):
            return None
        case Scalar(text=text):
            return text
        case Items(nodes=nodes):
            return [plain(item) for item in nodes]
        case Table(entries=entries):
            return {key.text: plain(value) for key, value in entries}


def _syntax_error(error: MarkedYAMLError, name: str) -> SpecError:
    mark = error.problem_mark or error.context_mark
    place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    hint = "indent with spaces" if "'\\t'" in str(error.problem) else ""
    if "anchor" in str(error.problem) or "alias" in str(error.problem):
        hint = "write the value out"
    said = f"{error.context}, {error.problem}" if str(error.problem).startswith("but ") else error.problem or error.context
    return SpecError(f"not YAML: {said}", place=place, hint=hint)


def _unreadable(root: Any, name: str) -> Iterator[Problem]:
    """Nodes used twice (by an alias), with a tag of their own, or that are keys without being scalars; nested in order."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        place = f"{name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        if id(node) in seen:
            yield Problem(place=place, message=f"anchor '&{node.anchor}' is used by an alias", hint="write the value out")
            continue
        seen.add(id(node))
        kind = _kind(node)
        if kind not in KINDS and kind not in ("seq", "map"):
            yield Problem(
                place=place, message=f"tag or special value '{kind}' isn't used here", hint="write plain text or quote it"
            )
        elif isinstance(node, SequenceNode):
            waiting.extend(reversed(node.value))
        elif isinstance(node, MappingNode):
            if not all(isinstance(key, ScalarNode) for key, _ in node.value):
                yield Problem(place=place, message="a key isn't text")
            waiting.extend(value for _, value in reversed(node.value))


def _kind(node: Any) -> str:
    return str(node.tag).removeprefix("tag:yaml.org,2002:")


def _convert(node: Any) -> Node:
    place = Place(line=node.start_mark.line + 1, column=node.start_mark.column + 1)
    if isinstance(node, SequenceNode):
        return Items(place=place, nodes=tuple(map(_convert, node.value)))
    if isinstance(node, MappingNode):
        return Table(place=place, entries=tuple((_convert_scalar(key), _convert(value)) for key, value in node.value))
    return _convert_scalar(node)


def _convert_scalar(node: Any) -> Scalar:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    first = Place(line=line, column=column + (node.style in ("'", '"')))
    return Scalar(
        place=Place(line=line, column=column),
        kind=KINDS.get(_kind(node), "text"),
        text=node.value,
        first=first if node.end_mark.line == node.start_mark.line and node.style not in ("|", ">") else None,
    )
