"""Set aside the cells whose device, model or service this machine lacks, before anything is installed for them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.domain import Case, Device, Lacking, Plan, Service, Status, Trouble
from harness.environments.uv import Failure
from harness.results.format import CellRecord, EnvironmentRecord
from harness.run.assign import CellEnd, unkeyed
from harness.run.groups import EnvironmentGroup
from harness.run.records import cell_record, environment_record

Records = tuple[EnvironmentRecord | CellRecord, ...]


def by_cell(plan: Plan, models: Mapping[str, Lacking], devices: Mapping[Device, Lacking]) -> Mapping[str, Lacking]:
    """Return, by cell id, why its device or its model is missing.

    Where both are missing, the reason is the device's: without it no model could be measured in the cell.
    """
    lacking = ((cell.id, devices.get(cell.axes.device) or models.get(cell.axes.model)) for cell in plan.cells)
    return {cell: why for cell, why in lacking if why}


def without_service(
    groups: Iterable[EnvironmentGroup],
    measured_keys: Collection[str],
    services: Mapping[str, Collection[Service]],
    failed: Mapping[Service, Failure],
) -> Mapping[str, Lacking]:
    """Return why, by cell id, for each cell with cases left to measure that all ask for a service that failed to start.

    A cell with other cases as well is run; those that ask for the service hear from a stand-in that it is missing.

    Args:
        groups: what is left to run.
        measured_keys: keys of the cases that earlier runs measured.
        services: the services that each case asks for, by case id.
        failed: why a service failed, by service.
    """
    lacking = {}
    for group in groups:
        for job in group.jobs:
            failed_by_case = [failed.keys() & services[ref.case] for ref in job.refs]
            idle = all(ref.key in measured_keys or ref.key in group.ends for ref in job.refs)
            if failed_by_case and all(failed_by_case) and not idle:
                failure = failed[min(failed_by_case[0])]
                lacking[job.cell.id] = Lacking(trouble=failure.trouble or Trouble.DEVICE, message=failure.message)
    return lacking


def set_aside(plan: Plan, cases: Sequence[Case], lacking: Mapping[str, Lacking]) -> tuple[Plan, Records]:
    """Return the plan without these cells, and their records: that they are unavailable, and why.

    An environment that has no cell left gets such a record too, and nothing is installed for it.

    Args:
        plan: all cells.
        cases: all cases.
        lacking: what each cell lacks, by cell id.
    """
    aside = [cell for cell in plan.cells if cell.id in lacking]
    cells = tuple(cell for cell in plan.cells if cell.id not in lacking)
    needed = {cell.environment for cell in cells}
    records: list[EnvironmentRecord | CellRecord] = []
    by_environment = {cell.environment: lacking[cell.id] for cell in aside}
    for environment, why in by_environment.items():
        if environment not in needed:
            failure = Failure(status=Status.UNAVAILABLE, trouble=why.trouble, message=why.message, evidence="")
            records.append(environment_record(plan.environments[environment], None, failure, {}, 0.0))
    for job in unkeyed(aside, cases, plan.models):
        why = lacking[job.cell.id]
        end = CellEnd(status=Status.UNAVAILABLE, trouble=why.trouble, message=why.message)
        records.append(cell_record(job, end, {}, reused=False))
    left = {environment: request for environment, request in plan.environments.items() if environment in needed}
    return replace(plan, cells=cells, environments=left), tuple(records)
