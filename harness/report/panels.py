"""Lay out the ways for renderers: one panel for each install policy, with its choices of Keras and tensorflow-text.

A section in which no case could run has no tracks: `idle` gives the reason for a sentence instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.domain import InstallPolicy, Status
from harness.report.document import Blocked, Installation, View, WayTrack, WayView, installed


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A way with its tracks in one panel. Tracks are numbered through all panels; `first` is the number of this line's first."""

    way: WayView
    tracks: tuple[WayTrack, ...]
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineGroup:
    """The lines of the cases in one folder."""

    folder: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason why no case could run in some versions. `installed` is None if it holds in every section with these versions."""

    blocked: Blocked
    installed: Installation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The ways under one install policy. `reasons` explain the versions that its tables show as blocked or unavailable."""

    install: InstallPolicy
    installed: tuple[Installation, ...]
    reasons: tuple[Reason, ...]
    groups: tuple[LineGroup, ...]


def panels(view: View) -> tuple[Panel, ...]:
    """Return a panel for each install policy under which some case could run."""
    idle_sections = {installed(blocked) for blocked in view.blocked if blocked.whole}
    # Tracks are numbered as the rows of the page are, and as `ways` of its data is (payload.py).
    count = 0
    with_lines = []
    for install in InstallPolicy:
        sections = [installed(section) for section in view.sections if section.install is install]
        chosen = tuple(section for section in sections if section not in idle_sections)
        lines = []
        for way in view.ways:
            tracks = tuple(track for track in way.tracks if installed(track) in chosen)
            if tracks:
                lines.append(Line(way=way, tracks=tracks, first=count))
                count += len(tracks)
        groups = tuple(
            LineGroup(folder=folder, lines=tuple(in_folder))
            for folder, in_folder in groupby(lines, key=lambda line: line.way.folder)
        )
        if groups:
            partly = [blocked for blocked in view.blocked if blocked.install is install and not blocked.whole]
            with_lines.append(Panel(install=install, installed=chosen, reasons=_reasons(view, partly), groups=groups))
    return tuple(with_lines)


def tracks(panels: tuple[Panel, ...]) -> Iterator[tuple[WayView, WayTrack]]:
    """Yield every track with its way, in the order of the tracks' numbers."""
    for panel in panels:
        for group in panel.groups:
            for line in group.lines:
                for track in line.tracks:
                    yield line.way, track


def idle(view: View) -> tuple[Reason, ...]:
    """Return the reasons why no case could run in some sections, for sentences in place of tables."""
    return _reasons(view, [blocked for blocked in view.blocked if blocked.whole])


def _reasons(view: View, blocked: Sequence[Blocked]) -> tuple[Reason, ...]:
    """Return a reason for each blocked part, merged into one where it is true of all sections of the policy with its versions."""
    alike: dict[tuple[InstallPolicy, Status, str], list[Blocked]] = {}
    for part in blocked:
        alike.setdefault((part.install, part.status, part.message), []).append(part)
    reasons: list[Reason] = []
    for group in alike.values():
        widest = max(group, key=lambda part: len(_versions(view, part)))
        versions = _versions(view, widest)
        by_section = {installed(part): _versions(view, part) for part in group}
        sections = [section for section in view.sections if section.install is widest.install]
        # Sections have different versions: legacy Keras begins at 2.16, for example. Each is asked about its own only.
        if all(
            by_section.get(installed(section), frozenset()) == versions & {row.tensorflow for row in section.rows}
            for section in sections
        ):
            reasons.append(Reason(blocked=widest, installed=None))
        else:
            reasons.extend(Reason(blocked=part, installed=installed(part)) for part in group)
    return tuple(reasons)


def _versions(view: View, blocked: Blocked) -> frozenset[str]:
    """Return the versions of its spans that its section has: a span joins neighbours in the section, not in the whole run."""
    section = next(section for section in view.sections if installed(section) == installed(blocked))
    order = {version: index for index, version in enumerate(view.versions)}
    return frozenset(
        row.tensorflow
        for row in section.rows
        if any(order[first] <= order[row.tensorflow] <= order[last] for first, last in blocked.spans)
    )
