"""The second opinion on an environment: the same request on an older Python. Pure.

An environment takes the newest interpreter that has every package, so what breaks on that interpreter alone looks like a fault of
TensorFlow. A failure is laid at TensorFlow's door only where an older interpreter shows it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from packaging.version import Version

from harness.domain import Cell, EnvironmentRequest

BREAKS = ("3.12",)
"""CPythons that broke with those before them. 3.12: a venv no longer brings setuptools, distutils and imp are gone, and typing's
runtime protocols look attributes up otherwise (wrapt up to 2.0 fails by that). 3.13 would only repeat what 3.12 says."""


def second_opinion(request: EnvironmentRequest, minor: str) -> EnvironmentRequest | None:
    """Return the same request on an older Python than `minor`, which the first opinion was formed on; None where there is none.

    The newest listed one from before the last break, else the next older one: as near as possible, so that few packages differ, and
    still on the other side of the break. An include that pins the interpreter asks about that one, so it has no second opinion.
    """
    python = older(request.release.pythons, minor)
    if request.python is not None or python is None:
        return None
    id_ = f"{request.id}-py{python.replace('.', '')}"
    return replace(request, id=id_, python=python, second_opinion_on=request.id)


def older(minors: Sequence[str], minor: str) -> str | None:
    """Return the minor of the second opinion."""
    before = sorted((Version(listed) for listed in minors if Version(listed) < Version(minor)), reverse=True)
    breaks = [Version(version) for version in BREAKS if Version(version) <= Version(minor)]
    across = [version for version in before if breaks and version < max(breaks)]
    chosen = (across or before)[:1]
    return str(chosen[0]) if chosen else None


def second_cell(cell: Cell, request: EnvironmentRequest) -> Cell:
    """Return the cell of the second environment with the axis values of this one, but for its Python."""
    axes = replace(cell.axes, python=request.python)
    return Cell(id=f"{request.id}{cell.id.removeprefix(cell.environment)}", axes=axes, environment=request.id)
