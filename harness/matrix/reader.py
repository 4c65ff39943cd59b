"""Read matrix.yaml into a Spec, or report every problem at once, each with line and column.

A problem is reported once, at its own line: parts that refer to a part that could not be read are not checked against it.
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


def load_spec(path: Path) -> Spec:
    """Read the spec from a file.

    Raises:
        SpecError: the file isn't there, isn't UTF-8, or isn't a valid matrix.
    """
    try:
        return parse_spec(path.read_text(encoding="utf-8"), name=path.name)
    except FileNotFoundError:
        raise SpecError("no such file", location=path.name, hint="run hubmatrix from the project's folder") from None
    except UnicodeDecodeError as error:
        raise SpecError(f"not UTF-8 (byte {error.start})", location=path.name) from None
    except OSError as error:
        raise SpecError(f"can't be read: {error.strerror}", location=path.name) from None


def parse_spec(text: str, *, name: str = "matrix.yaml") -> Spec:
    """Parse the text of matrix.yaml.

    Raises:
        SpecError: all problems at once, in line order.
    """
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
    # Rules are only checked against a matrix that could be read whole: against half of one, some would match nothing.
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


def spec_schema() -> Schema:
    """Build the JSON Schema of matrix.yaml, for editors. It can't know the values on the axes; `parse_spec` checks those too."""
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
    """Read the values of each axis, under the names of Spec's fields; an axis with a problem has none."""
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
    """Return the values of the axes that are free of problems; those of `python` come from the tensorflow axis."""
    source = {Axis.PYTHON.value: Axis.TENSORFLOW.value}
    values_by_axis = space.vocabulary().items()
    return {name: values for name, values in values_by_axis if values and log.clean(joined("axes", source.get(name, name)))}


def _note_idle_rules(spec: Spec, sections: dict[str, Node], log: Log) -> None:
    """Report excludes that match nothing and tiers that select nothing: each is a slip, or outdated."""
    locations = dict(_rule_locations(sections))
    for index, exclude in enumerate(spec.exclude):
        if not spec.occurs(exclude.when):
            path = f"exclude[{index}]"
            log.add(locations[path], path, f"`{exclude.when.text}` matches nothing", "remove the rule")
    included = spec.included()
    for tier in spec.tiers:
        if not _selects_anything(spec, tier, included):
            path = f"tiers.{tier.name}"
            log.add(locations[path], path, f"`{tier.select.text}` selects nothing")


def _selects_anything(spec: Spec, tier: Tier, included: frozenset[Axes]) -> bool:
    interfaces = spec.interfaces()
    if any(tier.select(planned(axes, interfaces)) for axes in included):
        return True
    left = (planned(axes, interfaces) for axes in spec.matching(tier.select))
    return any(not any(exclude.when(facts) for exclude in spec.exclude) for facts in left)


def _rule_locations(sections: dict[str, Node]) -> Iterator[tuple[str, Location]]:
    for section in ("exclude", "tiers"):
        match sections.get(section):
            case ListNode(nodes=nodes):
                yield from ((f"{section}[{index}]", node.location) for index, node in enumerate(nodes))
            case TableNode(entries=entries):
                yield from ((f"{section}.{key.text}", key.location) for key, _ in entries)
            case _:
                pass
