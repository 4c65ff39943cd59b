"""From what a user asked for to a plan, and the plan as it is shown: what would run, what is known, what is left out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from harness import catalog
from harness.base.workspace import Workspace
from harness.domain import Case, Lacking, Limits, Plan, Status
from harness.environments import accelerators
from harness.environments.uv import Failure
from harness.judge.claims import Document
from harness.judge.claims import load as load_claims
from harness.matrix import Spec, load
from harness.matrix.plan import expand
from harness.matrix.request import exclude_newer, requirements
from harness.matrix.selector import Interfaces
from harness.models.source import Replicas
from harness.results import store
from harness.results.history import History
from harness.run.aside import by_cell, set_aside
from harness.run.groups import Group, is_known, is_refused, look_back
from harness.run.keys import Identity
from harness.run.prepare import machine_interpreters, stored_identity

QUICK = "quick"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a user selected. No tier means all of the matrix."""

    tier: str | None
    text: str
    environments: tuple[str, ...]

    @classmethod
    def of(cls, tier: str | None, select: str, environments: Sequence[str], cells: Sequence[str]) -> Choice:
        """The tier is `quick` unless one is given, or environments or cells are named."""
        named = bool(environments or cells)
        parts = [f"({select})"] if select.strip() and cells else [select] if select.strip() else []
        parts += [f"cell in ({', '.join(cells)})"] if cells else []
        return cls(tier=tier or (None if named else QUICK), text=" and ".join(parts), environments=tuple(environments))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A plan, and what it was made with."""

    plan: Plan
    cases: tuple[Case, ...]
    limits: Limits
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A plan beside what is known of it. `unlocked` environments have to be resolved before anything can be said.

    `lacking` is why cells would be set aside, by id: this machine has no such device.
    """

    made: Made
    groups: tuple[Group, ...]
    known: History
    failed: dict[str, Failure]
    unlocked: tuple[str, ...]
    lacking: Mapping[str, Lacking] = field(default_factory=dict)


def make(place: Workspace, choice: Choice) -> Made:
    """Parse the spec, read the cases and the claims, expand the plan."""
    spec = load(place.matrix)
    made = expand(spec, tier=choice.tier, select=choice.text, environments=choice.environments)
    cases = catalog.of_matrix(catalog.read(place.cases))
    return Made(plan=made, cases=cases, limits=spec.limits, documents=claims(place, cases, spec))


def claims(place: Workspace, cases: Sequence[Case], spec: Spec | None = None) -> tuple[Document, ...]:
    """What documents assert, checked against the cases and the matrix; nothing where the project has no such file."""
    if not place.claims.exists():
        return ()
    known = spec or load(place.matrix)
    return load_claims(place.claims, cases, known.vocabulary(), known.interfaces())


def interfaces(place: Workspace) -> Interfaces | None:
    """The interface of each model of the matrix, for selectors; None where there is no matrix."""
    return load(place.matrix).interfaces() if place.matrix.is_file() else None


def preview(place: Workspace, choice: Choice) -> Preview:
    """What a run would do, from the locks and results that are here."""
    made = make(place, choice)
    found = asyncio.run(machine_interpreters())
    missing = accelerators.lacking({cell.axes.device for cell in made.plan.cells}, accelerators.probe())
    lacking = by_cell(made.plan, {}, missing)
    possible, _ = set_aside(made.plan, made.cases, lacking)
    identified = {name: stored_identity(place.locks, request, found) for name, request in possible.environments.items()}
    resolved = {name: one for name, one in identified.items() if one is not None}
    digests = Replicas().digests(made.plan.models)
    known, groups = look_back(possible, made.cases, made.limits, digests, resolved, store.run_files(place.runs))
    return Preview(
        made=made,
        groups=groups,
        known=known,
        failed={name: one for name, one in resolved.items() if isinstance(one, Failure)},
        unlocked=tuple(name for name, one in identified.items() if one is None),
        lacking=lacking,
    )


def states(shown: Preview) -> dict[str, str]:
    """For each cell: `run`, `reuse`, `lock first`, or the status that is known."""
    told = {}
    for one in shown.groups:
        before = shown.known.environments.get(one.identity.key)
        for job in one.jobs:
            if before and is_refused(one, shown.known):
                told[job.cell.id] = f"reuse ({before.status.value})"
            else:
                told[job.cell.id] = "reuse" if before and is_known(job, one, shown.known) else "run"
    for cell in shown.made.plan.cells:
        if cell.id in shown.lacking:
            told[cell.id] = f"unavailable ({_trouble(shown.lacking[cell.id])})"
        elif cell.environment in shown.failed:
            told[cell.id] = _failed(shown.failed[cell.environment])
        elif cell.environment in shown.unlocked:
            told[cell.id] = "lock first"
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much a plan is, of the environments that have a lock and may import.

    A case is run once for each combination of the axes it uses. `known` runs were measured: they took `seconds`, and
    `cpu_seconds` of user and system time where that was counted. The rest is expected to take `expected_seconds`, from when the
    same cases were last seen. All are one after another.
    """

    cases: int
    runs: int
    known: int
    seconds: float
    cpu_seconds: float
    expected_seconds: float


def extent(shown: Preview) -> Extent:
    """Counted from the plan and from what earlier runs measured of it."""
    groups = [one for one in shown.groups if not is_refused(one, shown.known)]
    refs = {ref.key: ref.case for one in groups for job in one.jobs for ref in job.refs}
    known = [record for key in refs for record in shown.known.cases.get(key or "", ())]
    return Extent(
        cases=len(set(refs.values())),
        runs=len(refs),
        known=sum(key in shown.known.cases for key in refs),
        seconds=round(sum(record.seconds for record in known), 1),
        cpu_seconds=round(sum(record.cpu_seconds or 0 for record in known), 1),
        expected_seconds=round(sum(one.expected_seconds(shown.known.seconds) for one in groups), 1),
    )


def as_json(shown: Preview) -> str:
    """Format 1: environments with what would be asked for, cells with what would be done, how much it is, what is left out."""
    told = states(shown)
    identities = {request.id: one.identity for one in shown.groups for request in one.requests}
    environments = []
    for name, request in shown.made.plan.environments.items():
        identity: Identity | None = identities.get(name)
        limit = exclude_newer(request)
        environments.append(
            {
                "id": name,
                "requirements": requirements(request),
                "exclude_newer": limit.isoformat() if limit else None,
                "python": identity.interpreter.version if identity else None,
                "lock": identity.lock.sha256 if identity else None,
                "locked_on": identity.lock.resolved.isoformat() if identity else None,
            }
        )
    cells = [{"id": cell.id, "environment": cell.environment, "do": told[cell.id]} for cell in shown.made.plan.cells]
    left_out = [
        {"when": one.when, "reason": one.reason, "place": one.place, "cells": one.cells} for one in shown.made.plan.left_out
    ]
    told_extent = asdict(extent(shown))
    facts = {"format": 1, "environments": environments, "cells": cells, "extent": told_extent, "left_out": left_out}
    return json.dumps(facts, indent=1)


def as_text(shown: Preview) -> str:
    """One line an environment, then what is left out, then the sum."""
    told = states(shown)
    by_environment: dict[str, list[str]] = {}
    for cell in shown.made.plan.cells:
        by_environment.setdefault(cell.environment, []).append(told[cell.id])
    width = max(map(len, by_environment))
    lines = []
    for name, states_here in by_environment.items():
        limit = exclude_newer(shown.made.plan.environments[name])
        asked = " ".join(requirements(shown.made.plan.environments[name])) + (f" (as of {limit})" if limit else "")
        lines.append(f"{name:<{width}}  {_counted(states_here):<24}  {asked}")
    lines += [f"left out: {one.cells} cells, {one.when}: {one.reason} ({one.place})" for one in shown.made.plan.left_out]
    lines.append(f"{len(told)} cells in {len(by_environment)} environments: {_counted(list(told.values()))}")
    return "\n".join([*lines, *_extent(extent(shown))])


def _extent(found: Extent) -> list[str]:
    """Nothing where no environment has a lock."""
    if not found.runs:
        return []
    head = f"{found.cases} cases in {found.runs:,} runs where there is a lock"
    known = f"{found.known:,} known, measured in {_minutes(found.seconds)} ({_minutes(found.cpu_seconds)} of CPU)"
    left = f"{found.runs - found.known:,} to run, about {_minutes(found.expected_seconds)}"
    return [f"{head}: {known}; {left}; one after another, without installing and importing"]


def _minutes(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _counted(states_here: list[str]) -> str:
    return ", ".join(f"{states_here.count(state)} {state}" for state in dict.fromkeys(states_here))


def _trouble(lacking: Lacking) -> str:
    return lacking.trouble.value if lacking.trouble else "machine"


def _failed(failure: Failure) -> str:
    told = failure.trouble.value if failure.trouble and failure.status is Status.UNAVAILABLE else failure.status.value
    return f"reuse ({told})" if failure.status is Status.LOCK_FAILED else f"unavailable ({told})"
