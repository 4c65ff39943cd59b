"""The shape of each part of matrix.yaml. The only list of its keys.

Shapes of parts that name axis values take the vocabulary, so that they check those values where they are written.
"""

from __future__ import annotations

import re
from datetime import date
from enum import Enum
from typing import Any

from packaging.version import Version

from harness.base.suggestions import did_you_mean
from harness.base.versions import is_version
from harness.documents.leaves import TEXT, choice, format_of, matching, one_of
from harness.documents.shape import Leaf, ListOf, NodeShape, OneOrMore, RecordOf, RefusedText, TableOf
from harness.domain import AXES, LISTED, NO_MODEL, Axis, AxisRow, AxisValue, HubFormat, Interface, Limits, Model, Release
from harness.matrix.names import Context
from harness.matrix.selector import Selector, Vocabulary, read_selector
from harness.matrix.spec import Exclude, Include, Tier

PACKAGES = ("tensorflow", "tensorflow-cpu")
TIERS = ("quick", "full")
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def _version(text: str) -> str:
    if not is_version(text):
        raise RefusedText(f"{text!r} isn't a version", 'such as "2.16.2"')
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RefusedText(f"{text!r} isn't a date", "year-month-day, such as 2024-06-28") from None


def _size(text: str) -> int:
    size_match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]+)", text)
    if not size_match or size_match[2] not in UNITS:
        raise RefusedText(f"{text!r} isn't a size", "a number and KiB, MiB, GiB or TiB, such as 6 GiB")
    size = int(float(size_match[1]) * UNITS[size_match[2]])
    if size == 0:
        raise RefusedText("must be more than zero")
    return size


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise RefusedText(f"{text!r} isn't a number of seconds") from None
    if not 0 < seconds < float("inf"):
        raise RefusedText("must be more than zero")
    return seconds


FORMAT = format_of("matrix.yaml", 1)
# Versions are quoted, for YAML reads 3.10 as the number 3.1: an unquoted one is an error that says so.
VERSION: Leaf[str] = Leaf(
    expected="a quoted version", convert=_version, json={"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)*([a-z0-9.+]*)$"}
)
PYTHON = matching("a quoted Python version", r"[0-9]+\.[0-9]+", 'major and minor, such as "3.10"')
DAY: Leaf[date] = Leaf(
    expected="a date", convert=_day, json={"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}, kinds=("text", "date")
)
SIZE: Leaf[int] = Leaf(expected="a size", convert=_size, json={"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?[KMGT]iB$"})
SECONDS: Leaf[float] = Leaf(
    expected="a number of seconds", convert=_seconds, json={"type": "number", "exclusiveMinimum": 0}, kinds=("number",)
)
HANDLE = matching("a handle", r"https://\S+", "the address as the publisher gives it, such as https://tfhub.dev/google/…/1")
MODEL_ID = matching(
    "a model id",
    rf"(?!{NO_MODEL}$)[a-z0-9][a-z0-9._-]*(/[a-z0-9._-]+)*",
    f"small letters, digits, and . _ - /; {NO_MODEL} means cells without a model",
)
TIER_ID = matching("a tier's name", r"[a-z][a-z0-9-]*", "small letters, digits and -")

RELEASE: RecordOf[Release] = RecordOf(
    fields={
        "version": VERSION,
        "package": one_of("a package with TensorFlow in it", PACKAGES),
        "released": DAY,
        "pythons": ListOf(item=PYTHON),
    },
    build=lambda values, _location: Release(**values),
)
MODEL: RecordOf[dict[str, Any]] = RecordOf(
    fields={
        "handle": HANDLE,
        "format": choice("a model format", HubFormat, never=HubFormat.KERAS_FILE),
        "interface": choice("a model interface", Interface, never=Interface.OTHER),
    },
    build=lambda values, _location: values,
)
RELEASES = ListOf(item=RELEASE, key=lambda release: Version(release.version), label=lambda release: release.version)
MODELS = TableOf(key=MODEL_ID, value=MODEL)


def _shape_of(row: AxisRow) -> NodeShape[Any]:
    """Return the shape of an axis in matrix.yaml."""
    match row.axis:
        case Axis.TENSORFLOW:
            return RELEASES
        case Axis.MODEL:
            return MODELS
        case _ if row.values is not None:
            return ListOf(item=choice(row.expected, row.values), label=lambda value: str(value.value))
        case _:
            raise AssertionError(f"no shape for the axis {row.name}")


def default_of(row: AxisRow) -> tuple[Enum, ...]:
    """Return the values of an axis that matrix.yaml leaves out."""
    return () if row.missing is None else (row.missing,)


SHAPES: dict[str, NodeShape[Any]] = {row.name: _shape_of(row) for row in LISTED}
OPTIONAL_AXES = tuple(row.name for row in LISTED if row.missing is not None)

LIMITS: RecordOf[Limits] = RecordOf(
    fields={
        "case_seconds": SECONDS,
        "import_seconds": SECONDS,
        "install_seconds": SECONDS,
        "memory": SIZE,
        "free_disk": SIZE,
    },
    build=lambda values, _location: Limits(
        case_seconds=values["case_seconds"],
        import_seconds=values["import_seconds"],
        install_seconds=values["install_seconds"],
        memory_bytes=values["memory"],
        free_disk_bytes=values["free_disk"],
    ),
    noun="limit",
)


def make_models(entries: tuple[tuple[str, dict[str, Any]], ...]) -> tuple[Model, ...]:
    return tuple(Model(id=name, **values) for name, values in entries)


def selector(context: Context, vocabulary: Vocabulary, *, may_be_empty: bool) -> Leaf[Selector]:
    """Return the shape of a selector, with the names of its context."""

    def convert(text: str) -> Selector:
        if not text.strip() and not may_be_empty:
            raise RefusedText("the selector is empty", "it would match everything")
        reading = read_selector(text, context, vocabulary)
        if isinstance(reading, Selector):
            return reading
        raise RefusedText.of(reading)

    shape: dict[str, Any] = {"type": "string"}
    return Leaf(expected="a selector", convert=convert, json=shape if may_be_empty else {**shape, "minLength": 1})


def excludes(vocabulary: Vocabulary) -> ListOf[Exclude]:
    rule: RecordOf[Exclude] = RecordOf(
        fields={"when": selector(Context.RULE, vocabulary, may_be_empty=False), "reason": TEXT},
        build=lambda values, location: Exclude(location=location, **values),
    )
    return ListOf(item=rule, key=lambda exclude: exclude.when, label=lambda exclude: f"`{exclude.when.text}`", may_be_empty=True)


def tiers(vocabulary: Vocabulary) -> TableOf[tuple[Selector, str, str]]:
    slice_: RecordOf[tuple[Selector, str, str]] = RecordOf(
        fields={"select": selector(Context.RULE, vocabulary, may_be_empty=True), "title": TEXT},
        build=lambda values, location: (values["select"], values["title"], location),
    )
    return TableOf(key=TIER_ID, value=slice_, required=TIERS)


def make_tiers(entries: tuple[tuple[str, tuple[Selector, str, str]], ...]) -> tuple[Tier, ...]:
    return tuple(Tier(name=name, select=select, title=title, location=location) for name, (select, title, location) in entries)


def includes(vocabulary: Vocabulary) -> ListOf[Include]:
    """Return the shape of the includes.

    An axis that an include doesn't list has all values of the vocabulary; if the vocabulary has none, the include is dropped.
    """
    fields: dict[str, NodeShape[Any]] = {row.name: OneOrMore(item=_on_axis(row, vocabulary)) for row in AXES}

    def build(values: dict[str, Any], location: str) -> Include:
        return Include(
            values={row.axis: _included(row, values.get(row.name), vocabulary) for row in AXES},
            reason=values["reason"],
            location=location,
        )

    extra: RecordOf[Include] = RecordOf(fields={**fields, "reason": TEXT}, build=build, optional=tuple(fields), noun="axis")
    return ListOf(item=extra, key=lambda include: include.location, may_be_empty=True)


def _included(row: AxisRow, texts: tuple[str, ...] | None, vocabulary: Vocabulary) -> tuple[AxisValue, ...]:
    """Return an include's values on an axis: those that it lists, else all of the axis; a derived axis is then not pinned."""
    if texts is None and row.derived:
        return (None,)
    texts = vocabulary.get(row.name, ()) if texts is None else texts
    return texts if row.values is None else tuple(map(row.values, texts))


def _on_axis(row: AxisRow, vocabulary: Vocabulary) -> Leaf[str]:
    """Return the shape of a value that is on its axis; of any, where the axis could not be read or has no list."""
    forms: dict[Axis, Leaf[str]] = {Axis.TENSORFLOW: VERSION, Axis.PYTHON: PYTHON, Axis.HUB: VERSION, Axis.MODEL: MODEL_ID}
    form = forms.get(row.axis, TEXT)

    def convert(text: str) -> str:
        value = form.convert(text)
        values = vocabulary.get(row.name)
        if values is not None and value not in values:
            raise RefusedText(f"{value!r} isn't on the {row.name} axis", did_you_mean(value, values))
        return value

    return Leaf(expected=form.expected, convert=convert, json=form.json)
