"""Prepare what the page's script needs to read selectors as Python does: names, their values, and the order of versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from packaging.version import Version

from harness.base.versions import is_version
from harness.judge.outcomes import CaseVerdict
from harness.matrix.names import Context, names_in
from harness.report.document import View


def names(view: View) -> list[dict[str, Any]]:
    """Return the names that the page's selectors may use, with all values that make sense; None where any value may be given."""
    values: dict[str, Iterable[str]] = {
        "tensorflow": view.versions,
        "model": (model.model for model in view.models),
        "environment": (cell.environment for cell in view.cells),
        "case": (case.case for case in view.cases),
        "variant": (case.variant for case in view.cases if case.variant),
        "signature": (case.signature for case in view.cases if case.signature),
        "verdict": (verdict.value for verdict in CaseVerdict),
    }
    return [
        {
            "name": name.name,
            "kind": name.kind.value,
            "takes": name.takes,
            "values": [*dict.fromkeys(values[name.name]), *name.always] if name.name in values else name.values,
        }
        for name in names_in(Context.RESULT).values()
    ]


def releases(view: View) -> dict[str, dict[str, Any]]:
    """Return every version on the page with its rank (equal versions share one) and the numbers of its release.

    So the page never parses a version: `2.16.0rc1` and `1.0.post2` are read here, once, by the rules of PEP 440.
    """
    versions = {text: Version(text) for text in dict.fromkeys(_versions(view)) if is_version(text)}
    ranks = {version: rank for rank, version in enumerate(sorted(frozenset(versions.values())))}
    return {text: {"rank": ranks[version], "release": version.release} for text, version in versions.items()}


def _versions(view: View) -> Iterator[str]:
    yield from view.versions
    for cell in view.cells:
        yield from filter(None, (cell.axes.python, cell.axes.hub))
    for record in view.environments:
        yield from filter(None, (record.python,))
        yield from (package.version for package in record.packages)
    for case in view.cases:
        yield from (package.version for package in case.beside)
