"""Build the facts of measured cells and cases, for conditions of results, declared failures, claims and diagnoses.

`python` and `hub` are the installed ones, or the pinned ones where nothing could be installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.utils import canonicalize_name

from harness.domain import Interface, Outcome
from harness.judge.outcomes import CaseVerdict
from harness.matrix.facts import Facts, on_axes
from harness.matrix.names import Context, names_in
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord, Package

NO_FACTS = Facts({name.name: None for name in names_in(Context.RESULT).values() if not name.takes})
"""Every name that results have, without a value."""

OF_A_CASE = frozenset({"case", "variant", "task", "outcome", "signature", "verdict"})
"""The names that `of_case` adds to the facts of a cell."""


def of_environment(record: EnvironmentRecord) -> Facts:
    """Return the facts of an environment: no model, no case, nothing of a cell."""
    packages = _versions(record.packages)
    values = {
        **NO_FACTS.values,
        "tensorflow": record.tensorflow,
        "install": record.install.value,
        "keras": record.keras.value,
        "text": record.text.value,
        "python": record.python,
        "hub": packages.get("tensorflow-hub"),
        "environment": record.id,
        "status": record.status.value,
        "trouble": record.trouble.value if record.trouble else None,
    }
    return Facts(values, packages)


def of_cell(cell: CellRecord, environment: Facts | None, interfaces: Mapping[str, Interface]) -> Facts:
    """Return the facts of a cell, without any of its cases.

    Args:
        cell: its record.
        environment: the facts of its environment; None if that has no record.
        interfaces: the interface of each model, by its id.
    """
    below = environment or NO_FACTS
    axes = on_axes(cell.axes, interfaces)
    return below.also(
        {
            **axes,
            "python": below["python"] or axes["python"],
            "hub": below["hub"] or axes["hub"],
            "environment": cell.environment,
            "cell": cell.id,
            "status": cell.status.value,
            "trouble": cell.trouble.value if cell.trouble else None,
        }
    )


def of_case(
    cell: Facts, case: str, record: CaseRecord | None, verdict: CaseVerdict | None = None, task: str | None = None
) -> Facts:
    """Return the facts of a case that bears on a cell.

    Args:
        cell: the facts of the cell.
        case: its id.
        record: its record; None if it was not run.
        verdict: the judge's; None while there is none yet.
        task: the task that the case is a way to do, if any.
    """
    outcome = record.outcome if record else Outcome.NOT_RUN
    facts = cell.also(
        {
            "case": case,
            "variant": (record.variant or None) if record else None,
            "outcome": outcome.value,
            "signature": record.failure.signature if record and record.failure else None,
            "verdict": verdict.value if verdict else None,
            "task": task,
        }
    )
    return with_companions(facts, record) if record else facts


def with_companions(facts: Facts, record: CaseRecord) -> Facts:
    """Return the facts with the packages that the case asked for, which are beside the environment and not in it."""
    return Facts(facts.values, {**facts.packages, **_versions(record.beside)}) if record.beside else facts


def _versions(packages: Iterable[Package]) -> dict[str, str]:
    return {str(canonicalize_name(package.name)): package.version for package in packages}
