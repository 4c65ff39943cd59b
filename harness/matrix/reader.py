"""matrix.yaml to Spec: every problem at once, each with line and column.

A problem is reported once, where it was made: what depends on a part that could not be read is not checked against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from packaging.version import Version

from harness.base.errors import SpecError
from harness.documents.nodes import ListNode, Location, Node, TableNode, compose
from harness.documents.shape import Log, NodeShape, Schema, joined, open_record, record_schema
from harness.domain import LISTED, Axes, Axis
from harness.matrix import document as matrix
from harness.matrix.facts import planned
from harness.matrix.selector import Vocabulary
from harness.matrix.spec import Space, Spec, Tier

SECTIONS = ("version", "axes", "include", "exclude", "tiers", "limits")
OPTIONAL = ("include", "exclude")


def load(path: Path) -> Spec:
    """Raises SpecError for a file that isn't there, isn't UTF-8, or isn't a valid matrix."""
    try:
        return parse(path.read_text(encoding="utf-8"), name=path.name)
    except FileNotFoundError:
        raise SpecError("no such file", location=path.name, hint="run hubmatrix from the project's folder") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"not UTF-8 (byte {error.start})", location=path.name) from None
    except OSError as error:
        raise SpecError(f"can't be read: {error.strerror}", location=path.name) from None


def parse(text: str, *, name: str = "matrix.yaml") -> Spec:
    """The spec that the text holds. Raises one SpecError with all problems, in line order."""
    root = compose(text, name)
    if root is None:
        raise SpecError("the file is empty", location=name)
    log = Log(name)
    sections = open_record(root, dict.fromkeys(SECTIONS), "", log, optional=OPTIONAL) or {}
    values = _read_axes(sections.get("axes"), log)
    space = Space(**values)
    vocabulary = _vocabulary(space, log)
    shapes: dict[str, NodeShape[Any]] = {
        "version": matrix.FORMAT,
        "include": matrix.includes(vocabulary),
        "exclude": matrix.excludes(vocabulary),
        "tiers": matrix.tiers(vocabulary),
        "limits": matrix.LIMITS,
    }
    read: dict[str, Any] = {key: shape.read(sections[key], key, log) for key, shape in shapes.items() if key in sections}
    log.raise_if_any()
    spec = Spec(
        **values,
        include=read.get("include") or (),
        exclude=read.get("exclude") or (),
        tiers=matrix.make_tiers(read["tiers"]),
        limits=read["limits"],
        digest=sha256(text.encode()).hexdigest(),
    )
    _note_idle_rules(spec, sections, log)
    log.raise_if_any()
    return spec


def schema() -> Schema:
    """JSON Schema of matrix.yaml, for editors. It can't know what is on the axes; `parse` checks that as well."""
    axes = record_schema({name: shape.schema() for name, shape in matrix.SHAPES.items()}, optional=matrix.OPTIONAL_AXES)
    parts = {
        "version": matrix.FORMAT.schema(),
        "axes": axes,
        "include": matrix.includes({}).schema(),
        "exclude": matrix.excludes({}).schema(),
        "tiers": matrix.tiers({}).schema(),
        "limits": matrix.LIMITS.schema(),
    }
    whole = record_schema(parts, optional=OPTIONAL)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "hubmatrix matrix.yaml", **whole}


def _read_axes(node: Node | None, log: Log) -> dict[str, Any]:
    """The values of each axis that could be read, under the names of Spec's fields."""
    entries = None
    if node is not None:
        entries = open_record(node, matrix.SHAPES, "axes", log, optional=matrix.OPTIONAL_AXES, noun="axis")
    values = {key: matrix.SHAPES[key].read(child, joined("axes", key), log) for key, child in (entries or {}).items()}
    return {
        "releases": tuple(sorted(values.get(Axis.TENSORFLOW.value) or (), key=lambda release: Version(release.version))),
        "models": matrix.make_models(values.get(Axis.MODEL.value) or ()),
        "choices": {row.axis: values.get(row.name, matrix.default_of(row)) or () for row in LISTED if row.values is not None},
    }


def _vocabulary(space: Space, log: Log) -> Vocabulary:
    """The values of the axes that are free of problems; `python` comes from the tensorflow axis."""
    source = {Axis.PYTHON.value: Axis.TENSORFLOW.value}
    known = space.vocabulary().items()
    return {name: values for name, values in known if values and log.clean(joined("axes", source.get(name, name)))}


def _note_idle_rules(spec: Spec, sections: dict[str, Node], log: Log) -> None:
    """Excludes that match nothing and tiers that select nothing: each is a slip, or a rule whose time is over."""
    places = dict(_places(sections))
    for index, exclude in enumerate(spec.exclude):
        if not spec.occurs(exclude.when):
            log.add(places[f"exclude[{index}]"], f"exclude[{index}]", f"`{exclude.when.text}` matches nothing", "remove the rule")
    included = spec.included()
    for tier in spec.tiers:
        if not _selects_anything(spec, tier, included):
            path = f"tiers.{tier.name}"
            log.add(places[path], path, f"`{tier.select.text}` selects nothing")


def _selects_anything(spec: Spec, tier: Tier, included: frozenset[Axes]) -> bool:
    interfaces = spec.interfaces()
    if any(tier.select(planned(axes, interfaces)) for axes in included):
        return True
    left = (planned(axes, interfaces) for axes in spec.matching(tier.select))
    return any(not any(exclude.when(facts) for exclude in spec.exclude) for facts in left)


def _places(sections: dict[str, Node]) -> Iterator[tuple[str, Location]]:
    for section in ("exclude", "tiers"):
        match sections.get(section):
            case ListNode(nodes=nodes):
                yield from ((f"{section}[{index}]", node.location) for index, node in enumerate(nodes))
            case TableNode(entries=entries):
                yield from ((f"{section}.{key.text}", key.location) for key, _ in entries)
            case _:
                pass
