"""Put results together that were measured in parts, on machines that this one need not trust."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness import __version__
from harness.base.errors import HubmatrixError, Problem, ResultsError
from harness.base.workspace import Workspace
from harness.commands.exchange import export_run
from harness.commands.plan import RunPlan, make_run_plan
from harness.commands.shards import WORDS
from harness.domain import Status
from harness.matrix.selection import Selection
from harness.report.text import plain
from harness.results import merge as merging
from harness.results.baseline.runs import read_baseline_run
from harness.results.foreign import PlannedFacts
from harness.results.format import Header, PlanPart
from harness.results.merge import Flake, Part
from harness.results.run import Run
from harness.results.store import Store, open_store
from harness.results.untrusted import read_untrusted
from harness.run.shards import digests_of, plan_digest

MOST_PROBLEMS = 50
MOST_FLAKES = 20
MODELS = re.compile(r"replicas|published|published, from (?P<url>https?://[\w.:/-]{1,200})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSummary:
    """The result of a merge: the run, its cells by status, its flakes, and the cells that nobody measured.

    `earlier` counts cells that no file had. `is_new`: the store had no such run before.
    """

    run: str
    files: int
    cells: Mapping[str, int]
    earlier: int
    flakes: tuple[Flake, ...]
    missing: tuple[str, ...]
    is_new: bool

    def as_json(self) -> dict[str, Any]:
        """Return format 1."""
        flakes = [
            {
                "name": flake.name,
                "variant": flake.variant,
                "cell": flake.cell,
                "key": flake.key,
                "attempts": [{"end": attempt.end, "recorded": attempt.recorded, "run": attempt.run} for attempt in flake.attempts],
            }
            for flake in self.flakes
        ]
        return {
            "format": 1,
            "run": self.run,
            "files": self.files,
            "cells": dict(self.cells),
            "earlier_cells": self.earlier,
            "flakes": flakes,
            "missing_cells": list(self.missing),
            "new": self.is_new,
        }

    def as_text(self) -> str:
        """Return a line for each flake, then the totals."""
        lines = [_flake_text(flake) for flake in self.flakes[:MOST_FLAKES]]
        if len(self.flakes) > MOST_FLAKES:
            lines.append(f"flaky: {len(self.flakes) - MOST_FLAKES} more (--json lists them)")
        counted = ", ".join(f"{count} {status}" for status, count in sorted(self.cells.items()))
        lines.append(f"{sum(self.cells.values())} cells from {self.files} files: {counted or 'none'}")
        if self.earlier:
            lines.append(f"{self.earlier} of them are of earlier runs, and keep their dates")
        if self.missing:
            lines.append(f"{len(self.missing)} cells were never measured, such as {self.missing[0]}")
        lines.append(f"run      {self.run}{'' if self.is_new else '  (was here already)'}")
        return "\n".join(lines)


def merge_files(workspace: Workspace, files: Sequence[Path], *, allow_missing: bool, export: Path | None) -> MergeSummary:
    """Put the results of files together: as a run in the store, or into another file.

    Args:
        workspace: the project, whose plan the files must be of.
        files: of `hubmatrix results --export`.
        allow_missing: take earlier results of this project's store for the cells that the files lack.
        export: where to write the run in place of the store.

    Raises:
        ResultsError: with everything that is wrong with the files; then nothing was written.
    """
    parts, planned_facts = _checked(workspace, files, allow_missing=allow_missing)
    missing = merging.missing_cells(parts, planned_facts)
    header = _header(parts[0].run.header, planned_facts)
    older = tuple(_older_runs(workspace.results, workspace.baseline, missing)) if missing else ()
    merged = merging.merge(parts, older, header, planned_facts)
    if export:
        export_run(merged.run, export)
        is_new = True
    else:
        with open_store(workspace.results) as store:
            # The parts too: their facts say which run measured them, and that no variant of a completed cell's cases is missing.
            for part in parts:
                store.add(part.run)
            is_new = store.add(merged.run)
    measured = {record.id for part in parts for record in part.run.cells}
    return MergeSummary(
        run=merged.run.header.run,
        files=len(files),
        cells=Counter(record.status.value for record in merged.run.cells),
        earlier=sum(record.id not in measured for record in merged.run.cells),
        flakes=merged.flakes,
        missing=merged.missing,
        is_new=is_new,
    )


def _checked(workspace: Workspace, files: Sequence[Path], *, allow_missing: bool) -> tuple[tuple[Part, ...], PlannedFacts]:
    """Return the parts, and the plan that all of them are of.

    Raises:
        ResultsError: with every problem of every file.
    """
    parts, faults = _read(files)
    plans = [part for part in parts if part.run.header.part is not None]
    faults += [
        Problem(location=part.file, message="its header names no plan", hint="of an older hubmatrix, or of `hubmatrix check`?")
        for part in parts
        if part.run.header.part is None
    ]
    if not plans:
        raise _error(faults)
    common = _common(plans)
    faults += list(_other_headers(plans, common))
    try:
        run_plan = make_run_plan(workspace, _selection(common))
    except HubmatrixError as error:
        raise _error([*faults, *error.problems]) from error
    faults += list(_other_checkout(workspace, common, run_plan))
    planned_facts = PlannedFacts(plan=run_plan.plan, cases=run_plan.cases)
    same = [part for part in plans if _identity(part.run.header) == _identity(common.run.header)]
    if not faults:
        faults += list(merging.problems(same, planned_facts))
    missing = merging.missing_cells(same, planned_facts)
    if missing and not allow_missing:
        text = merging.missing_text(same, missing, len(run_plan.plan.cells))
        hint = "add what is missing, or --allow-missing for what earlier runs measured"
        faults.append(Problem(location="", message=text, hint=hint))
    if faults:
        raise _error(faults)
    return tuple(same), planned_facts


def _read(files: Sequence[Path]) -> tuple[list[Part], list[Problem]]:
    """Return the parts of the files that can be read, each run once, and what is wrong with the other files."""
    now = datetime.now(timezone.utc)
    parts: list[Part] = []
    problems: list[Problem] = []
    for file in dict.fromkeys(files):
        try:
            parts.append(Part(file=str(file), run=read_untrusted(file, now)))
        except ResultsError as error:
            problems.extend(error.problems)
    return parts, problems


def _identity(header: Header) -> tuple[object, ...]:
    """Return what the headers of all parts must have in common."""
    part = _as_whole(header.part) if header.part else None
    return header.hubmatrix, header.digests, part, header.tier, header.selection, header.models, header.options


def _as_whole(part: PlanPart) -> PlanPart:
    return part.model_copy(update={"shard": 1, "shards": 1})


def _common(parts: Sequence[Part]) -> Part:
    """Return a part of the plan that most parts are of; of as many, the one of the first file by name."""
    ordered = sorted(parts, key=lambda part: part.file)
    counts = Counter(_identity(part.run.header) for part in ordered)
    return max(ordered, key=lambda part: counts[_identity(part.run.header)])


def _other_headers(parts: Sequence[Part], common: Part) -> Iterator[Problem]:
    """Yield a problem for each file that is of another plan than most."""
    usual = common.run.header
    for part in parts:
        header = part.run.header
        if _identity(header) == _identity(usual):
            continue
        yield Problem(location=part.file, message=_other(header, usual, common.file), hint="all parts are measured from one commit")


def _other(header: Header, usual: Header, file: str) -> str:
    """Return how a header is another one than that of `file`."""
    if header.hubmatrix != usual.hubmatrix:
        return f"measured by hubmatrix {header.hubmatrix}, and {file} by {usual.hubmatrix}"
    if different := [name for name in WORDS if getattr(header.digests, name) != getattr(usual.digests, name)]:
        return f"measured with another version of {_and(different)} than {file}"
    plan, usual_plan = (side.part.plan[:12] if side.part else "" for side in (header, usual))
    if plan != usual_plan:
        return f"of plan {plan}, and {file} of plan {usual_plan}"
    return f"of another selection or of other models than {file}"


def _and(names: Sequence[str]) -> str:
    return " and ".join(WORDS[name] for name in names)


def _other_checkout(workspace: Workspace, common: Part, run_plan: RunPlan) -> Iterator[Problem]:
    """Yield why the plan of the files isn't the one that this checkout has."""
    header, digests, plan = common.run.header, digests_of(workspace, run_plan.cases), run_plan.plan
    hint = "check out the commit that the parts were measured from"
    if header.hubmatrix != __version__:
        yield Problem(location=common.file, message=f"measured by hubmatrix {header.hubmatrix}; this is {__version__}", hint=hint)
    different = [name for name in WORDS if getattr(header.digests, name) != getattr(digests, name)]
    if different:
        message = f"measured with another version of {_and(different)} than this checkout has"
        yield Problem(location=common.file, message=message, hint=hint)
    part = header.part
    if not different and part and (part.plan != plan_digest(plan, digests, part.locks) or part.planned_cells != len(plan.cells)):
        yield Problem(location=common.file, message="its header names a plan that isn't the one of its selection", hint=hint)
    if header.selection != _selection(common).text:
        yield Problem(location=common.file, message="its header's selection isn't that of its plan", hint=hint)
    if not MODELS.fullmatch(header.models) or header.options != _options(header.models) or header.command:
        yield Problem(location=common.file, message=f"not the models of a run of the matrix: {header.models}")


def _options(models: str) -> tuple[str, ...]:
    """Return the options that ask for these models, as `hubmatrix run` writes them."""
    match = MODELS.fullmatch(models)
    url = match["url"] if match else None
    return () if models == "replicas" else ("--models", "published", *(("--hub-url", url) if url else ()))


def _selection(common: Part) -> Selection:
    header = common.run.header
    part = header.part or PlanPart(plan="", planned_cells=0)
    return Selection(tier=header.tier or None, select=part.select, environments=part.environments, cells=part.cells)


def _header(usual: Header, planned_facts: PlannedFacts) -> Header:
    """Return the header of the merged run, of which only the name, the times and the host are missing."""
    part = _as_whole(usual.part) if usual.part else None
    return usual.model_copy(update={"part": part, "planned_cells": len(planned_facts.plan.cells)})


def _older_runs(path: Path, baseline: Path, missing: Sequence[str]) -> Iterator[Run]:
    """Yield the runs of the store that have one of these cells, newest first, until none is left to find; at last the baseline."""
    left = set(missing)
    if path.exists():
        with open_store(path) as store:
            yield from _runs_with(store, left)
    if left and (run := read_baseline_run(baseline)):
        yield run


def _runs_with(store: Store, left: set[str]) -> Iterator[Run]:
    """Yield the runs that have one of the cells that are left to find, and take these out of `left`."""
    for summary in store.runs():
        if not left:
            return
        run = store.read(summary.name)
        have = left & {record.id for record in run.cells if record.status is not Status.UNAVAILABLE}
        if have:
            left -= have
            yield run


def _flake_text(flake: Flake) -> str:
    variant = f"[{flake.variant}]" if flake.variant else ""
    ends = ", ".join(
        f"{attempt.end} at {attempt.recorded}" + (f" in run {attempt.run}" if attempt.run else "") for attempt in flake.attempts
    )
    cell = f" in {flake.cell}" if flake.cell else ""
    return " ".join(plain(f"flaky: {flake.name}{variant}{cell}: {ends}", 1000).split())


def _error(problems: Sequence[Problem]) -> HubmatrixError:
    """Return the problems as one error, in an order that doesn't depend on that of the files, cut to what a person reads."""
    ordered = sorted(set(problems), key=lambda problem: (problem.location, problem.message))
    listed = ordered[:MOST_PROBLEMS]
    if len(ordered) > MOST_PROBLEMS:
        listed.append(Problem(location="", message=f"{len(ordered) - MOST_PROBLEMS} more problems"))
    return ResultsError.of(tuple(listed))
