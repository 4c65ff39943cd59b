"""Narrow the matrix to one model: the spec with a single model on its axis, and chosen values on the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from harness.domain import OF_INSTALLATION, Axis, Model
from harness.matrix.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """The TensorFlow versions to keep, and the values on other axes.

    An axis without values here has its usual one if it says how to install, else all that the spec has.
    """

    versions: frozenset[str]
    choices: Mapping[Axis, tuple[Enum, ...]]


def narrowed(spec: Spec, model: Model, part: Narrowing) -> Spec:
    """Return the spec for this model alone. Excludes stay, since they hold for any model; includes are about published models."""
    usual = {row.axis: (row.usual,) for row in OF_INSTALLATION if row.usual is not None}
    return replace(
        spec,
        models=(model,),
        include=(),
        releases=tuple(release for release in spec.releases if release.version in part.versions),
        choices={**spec.choices, **usual, **part.choices},
    )
