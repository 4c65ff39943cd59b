"""Cells whose model can't be had: set aside before anything is locked or installed for them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.domain import Case, Plan, Status
from harness.environments.uv import Failure
from harness.hub.supply import Lacking
from harness.results.format import CellRecord, EnvironmentRecord
from harness.run.assign import CellEnd, unkeyed
from harness.run.records import cell_record, environment_record

Records = tuple[EnvironmentRecord | CellRecord, ...]


def set_aside(plan: Plan, cases: Sequence[Case], lacking: Mapping[str, Lacking]) -> tuple[Plan, Records]:
    """The plan without the cells of these models, and what is recorded of those: that they are unavailable, and why.

    An environment of which no cell is left has a record too; nothing is installed for it.
    """
    aside = [cell for cell in plan.cells if cell.axes.model in lacking]
    kept = tuple(cell for cell in plan.cells if cell.axes.model not in lacking)
    needed = {cell.environment for cell in kept}
    records: list[EnvironmentRecord | CellRecord] = []
    why = {cell.environment: lacking[cell.axes.model] for cell in aside}
    for name, one in why.items():
        if name not in needed:
            failure = Failure(status=Status.UNAVAILABLE, trouble=one.trouble, message=one.message, evidence="")
            records.append(environment_record(plan.environments[name], None, failure, {}, 0.0))
    for job in unkeyed(aside, cases, plan.models):
        one = lacking[job.model.id]
        end = CellEnd(status=Status.UNAVAILABLE, trouble=one.trouble, message=one.message)
        records.append(cell_record(job, end, {}, reused=False))
    left = {name: request for name, request in plan.environments.items() if name in needed}
    return replace(plan, cells=kept, environments=left), tuple(records)
