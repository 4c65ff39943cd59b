"""The ways as renderers lay them out: one panel for each install policy, its choices of Keras and tensorflow-text below.

A section in which no case could run has no tracks here: `idle` says it in a sentence instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.domain import InstallPolicy, Status
from harness.report.document import Blocked, Installation, View, WayTrack, WayView, installed


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A way with its tracks in one panel. The tracks of all panels are numbered; `first` is the number of the first here."""

    way: WayView
    tracks: tuple[WayTrack, ...]
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineGroup:
    folder: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why no case could run in some versions. `installed` is None where that holds in every section with them."""

    blocked: Blocked
    installed: Installation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """`reasons` are of the versions that its tables show as blocked or unavailable."""

    install: InstallPolicy
    installed: tuple[Installation, ...]
    reasons: tuple[Reason, ...]
    groups: tuple[LineGroup, ...]


def panels(view: View) -> tuple[Panel, ...]:
    """Each install policy in which something could run."""
    idle = {installed(one) for one in view.blocked if one.whole}
    count = 0
    found = []
    for install in InstallPolicy:
        chosen = tuple(installed(one) for one in view.sections if one.install is install and installed(one) not in idle)
        lines = []
        for way in view.ways:
            tracks = tuple(one for one in way.tracks if installed(one) in chosen)
            if tracks:
                lines.append(Line(way=way, tracks=tracks, first=count))
                count += len(tracks)
        groups = tuple(LineGroup(folder=name, lines=tuple(some)) for name, some in groupby(lines, key=lambda line: line.way.folder))
        if groups:
            blocked = [one for one in view.blocked if one.install is install and not one.whole]
            found.append(Panel(install=install, installed=chosen, reasons=_reasons(view, blocked), groups=groups))
    return tuple(found)


def tracks(found: tuple[Panel, ...]) -> Iterator[tuple[WayView, WayTrack]]:
    """Every track, in the order of their numbers."""
    for panel in found:
        for group in panel.groups:
            for line in group.lines:
                for track in line.tracks:
                    yield line.way, track


def idle(view: View) -> tuple[Reason, ...]:
    """What is to be said of sections in which no case could run."""
    return _reasons(view, [one for one in view.blocked if one.whole])


def _reasons(view: View, blocked: Sequence[Blocked]) -> tuple[Reason, ...]:
    """The same said once for several sections of a policy, where one sentence is true of all that have the versions."""
    alike: dict[tuple[InstallPolicy, Status, str], list[Blocked]] = {}
    for one in blocked:
        alike.setdefault((one.install, one.status, one.message), []).append(one)
    found: list[Reason] = []
    for group in alike.values():
        widest = max(group, key=lambda one: len(_versions(view, one)))
        every = _versions(view, widest)
        here = [section for section in view.sections if section.install is widest.install]
        told = {installed(one): _versions(view, one) for one in group}
        if all(told.get(installed(one), frozenset()) == every & {row.tensorflow for row in one.rows} for one in here):
            found.append(Reason(blocked=widest, installed=None))
        else:
            found.extend(Reason(blocked=one, installed=installed(one)) for one in group)
    return tuple(found)


def _versions(view: View, one: Blocked) -> frozenset[str]:
    """Those of its spans. A span has neighbours of its own section only, so what the section hasn't is not in it."""
    section = next(each for each in view.sections if installed(each) == installed(one))
    order = {version: place for place, version in enumerate(view.versions)}
    return frozenset(
        row.tensorflow
        for row in section.rows
        if any(order[first] <= order[row.tensorflow] <= order[last] for first, last in one.spans)
    )
