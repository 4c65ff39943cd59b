"""The ways, and the numbers that their cases measured, with one entry for each TensorFlow version."""

from __future__ import annotations

from dataclasses import dataclass

from harness.domain import Device, Installation, SaveFormat
from harness.report.document.words import State


@dataclass(frozen=True, slots=True, kw_only=True)
class WayMark:
    """A way at one TensorFlow version. `cells` are the indices of its cells, the one to look at first."""

    state: State
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WayTrack(Installation):
    """A way under one way to install. `marks` has one entry for each of `View.versions`, None where the matrix has no cell.

    `phrase` says the marks in words: `works 2.0–2.15; fails from 2.16`.
    """

    marks: tuple[WayMark | None, ...]
    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WayView:
    """A way to do something: a case, with all models for which its marks are the same.

    `folder` is the case's folder below `cases/`. A case whose outcome depends on the model, the save format or the device is
    several ways; `formats` and `devices` then name the ones that this way covers, and are empty if it covers all. `models` is
    empty if the case uses none.
    """

    case: str
    title: str
    folder: str
    models: tuple[str, ...]
    formats: tuple[SaveFormat, ...]
    devices: tuple[Device, ...]
    tracks: tuple[WayTrack, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow(Installation):
    """One number that a case measured, on one model, under one way to install.

    `model`, `format` and `device` are empty if the case doesn't use that axis. `values`, `apart` and `cells` have one entry for
    each of `View.versions`: None where nothing was measured. `apart`: more than ten times the row's median.
    """

    case: str
    title: str
    variant: str
    folder: str
    model: str
    format: str
    device: str
    values: tuple[float | None, ...]
    apart: tuple[bool, ...]
    cells: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """All rows of the number that cases recorded under one name, largest values first."""

    name: str
    rows: tuple[NumberRow, ...]
