"""Lay what was measured over what is committed. Pure.

Cell by cell: what is measured replaces what was known of the cell, and what is not measured stays. A cell that could not be
measured (`unavailable`) replaces none that was. What is the same as before keeps the words and numbers it had, so that measuring
the same thing again changes no line: messages hold numbers and addresses, and times are never twice the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from harness.domain import Status
from harness.incell.hubmatrix_signature import masked
from harness.results.baseline.model import (
    Baseline,
    CellEnding,
    Combination,
    Ending,
    EnvironmentPart,
    Scope,
    signature_of,
    values_on,
)
from harness.results.baseline.settle import failure_id, is_time
from harness.results.format import EnvironmentRecord

ABOUT = 0.1
"""Relative difference up to which a measured number is taken for the same: rounding differs with the number of threads."""
FACTOR = 2.0
"""Factor up to which a time is taken for the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The number of cells and of case results that are new, that ended otherwise than before, and that are gone."""

    cells_added: int = 0
    cells_changed: int = 0
    cells_removed: int = 0
    added: int = 0
    changed: int = 0
    renumbered: int = 0
    removed: int = 0
    same: int = 0


def merged(before: Baseline, measured: Baseline, cases: Collection[str] | None = None) -> Baseline:
    """Return the baseline with what was measured.

    Args:
        before: as committed.
        measured: what is new, or the same again.
        cases: the ids of all cases that there are, so that results of others are dropped; None where they aren't known.
    """
    parts = {}
    leftovers = False
    for name in sorted({*before.parts, *measured.parts}):
        old, new = before.parts.get(name), measured.parts.get(name)
        part = _merged_part(old, new, before, measured) if old and new else new or old
        if part is None:
            raise AssertionError(name)
        leftovers = leftovers or not new or not part.cells.keys() <= new.cells.keys()
        parts[name] = part if cases is None else _only(part, cases)
    scopes = _scopes(before.scopes, measured.scopes, replaced=not leftovers)
    if cases is not None:
        scopes = {case: scope for case, scope in scopes.items() if case in cases}
    return _with_texts(parts, scopes, before, measured)


def compare(before: Baseline, after: Baseline) -> Changes:
    """Return what is different in the second one."""
    cells = _flat_cells(before), _flat_cells(after)
    endings = _flat_endings(before), _flat_endings(after)
    common = endings[0].keys() & endings[1].keys()
    changed = sum(_verdict(endings[0][key]) != _verdict(endings[1][key]) for key in common)
    same = sum(endings[0][key] == endings[1][key] for key in common)
    return Changes(
        cells_added=len(cells[1].keys() - cells[0].keys()),
        cells_changed=sum(cells[0][cell] != cells[1][cell] for cell in cells[0].keys() & cells[1].keys()),
        cells_removed=len(cells[0].keys() - cells[1].keys()),
        added=len(endings[1].keys() - endings[0].keys()),
        changed=changed,
        renumbered=len(common) - changed - same,
        removed=len(endings[0].keys() - endings[1].keys()),
        same=same,
    )


def _flat_cells(baseline: Baseline) -> dict[str, Status]:
    return {cell.id: cell.status for part in baseline.parts.values() for cell in part.cells.values()}


def _flat_endings(baseline: Baseline) -> dict[tuple[str, Combination, str], Ending]:
    return {
        (part.id, combination, variant): ending
        for part in baseline.parts.values()
        for combination, variants in part.endings.items()
        for variant, ending in variants.items()
    }


def _verdict(ending: Ending) -> tuple[str, str]:
    return ending.outcome.value, signature_of(ending.failure)


def _merged_part(old: EnvironmentPart, new: EnvironmentPart, before: Baseline, measured: Baseline) -> EnvironmentPart:
    fresh = {
        name: cell
        for name, cell in new.cells.items()
        if cell.status is not Status.UNAVAILABLE or name not in old.cells or old.cells[name].status is Status.UNAVAILABLE
    }
    cells = {
        name: _steady_cell(old.cells.get(name), fresh[name]) if name in fresh else old.cells[name] for name in {*old.cells, *fresh}
    }
    endings = _endings_of(old, before.scopes, [cell for name, cell in old.cells.items() if name not in fresh])
    for combination, variants in new.endings.items():
        earlier = old.endings.get(combination, {})
        endings[combination] = {
            variant: _steady(earlier[variant], ending, before, measured) if variant in earlier else ending
            for variant, ending in variants.items()
        }
    return EnvironmentPart(
        id=new.id,
        axes=new.axes if new.cells or not old.cells else old.axes,
        measured=max(old.measured, new.measured),
        system=new.system,
        record=_steady_environment(old.record, new.record),
        cells=cells,
        endings=endings,
    )


def _endings_of(
    part: EnvironmentPart, scopes: Mapping[str, Scope], cells: Iterable[CellEnding]
) -> dict[Combination, Mapping[str, Ending]]:
    """Return what came of the combinations that bear on these cells."""
    kinds: dict[tuple[str, ...], set[tuple[tuple[str, ...], str, str]]] = {}
    listed = tuple(cells)
    left: dict[Combination, Mapping[str, Ending]] = {}
    for combination, variants in part.endings.items():
        if combination.axes not in kinds:
            kinds[combination.axes] = {(values_on(cell, combination.axes, part.axes), cell.device, cell.model) for cell in listed}
        scope = scopes.get(combination.case)
        if scope and any(
            values == combination.values and device in scope.devices and model in scope.models
            for values, device, model in kinds[combination.axes]
        ):
            left[combination] = variants
    return left


def _only(part: EnvironmentPart, cases: Collection[str]) -> EnvironmentPart:
    return replace(
        part, endings={combination: variants for combination, variants in part.endings.items() if combination.case in cases}
    )


def _steady(old: Ending, new: Ending, before: Baseline, measured: Baseline) -> Ending:
    """Return the new ending, with what is the same in the old one's words and numbers."""
    is_same_failure = _is_same_failure(old, new, before, measured)
    is_same = old.outcome is new.outcome and is_same_failure
    numbers = dict(old.measured) if old.processor == new.processor else {}
    steady = tuple(
        (name, numbers[name] if name in numbers and _about(name, numbers[name], number) else number)
        for name, number in new.measured
    )
    return replace(
        new,
        failure=old.failure if is_same_failure else new.failure,
        message=old.message if is_same and old.failure else new.message,
        evidence=old.evidence if is_same else new.evidence,
        measured=steady,
    )


def _is_same_failure(old: Ending, new: Ending, before: Baseline, measured: Baseline) -> bool:
    if signature_of(old.failure) != signature_of(new.failure):
        return False
    if not old.failure:
        return True
    return before.failures[old.failure].kinds == measured.failures[new.failure].kinds


def _about(name: str, old: float, new: float) -> bool:
    if old == new:
        return True
    smaller, larger = sorted((abs(old), abs(new)))
    if old * new <= 0 or (old.is_integer() and new.is_integer() and not is_time(name)):
        return False
    return larger <= FACTOR * smaller if is_time(name) else larger - smaller <= ABOUT * larger


def _steady_cell(old: CellEnding | None, new: CellEnding) -> CellEnding:
    if old is None or (old.status, old.trouble) != (new.status, new.trouble) or not _are_alike(old.message, new.message):
        return new
    return replace(new, message=old.message, evidence=old.evidence)


def _are_alike(old: str, new: str) -> bool:
    return masked(old) == masked(new)


def _steady_environment(old: EnvironmentRecord | None, new: EnvironmentRecord | None) -> EnvironmentRecord | None:
    if old is None or new is None:
        return new or old
    if new.status is Status.UNAVAILABLE and old.status is not Status.UNAVAILABLE:
        return old
    signatures = [record.failure.signature if record.failure else "" for record in (old, new)]
    if old.status is not new.status or signatures[0] != signatures[1] or not _are_alike(old.message, new.message):
        return new
    return new.model_copy(update={"message": old.message, "evidence": old.evidence, "failure": old.failure})


def _scopes(before: Mapping[str, Scope], measured: Mapping[str, Scope], *, replaced: bool) -> dict[str, Scope]:
    """Return the scopes of both; only those that were measured where nothing else is left."""
    scopes = {} if replaced else dict(before)
    for case, scope in measured.items():
        former = before.get(case, scope)
        wide = scope if replaced else former
        slow, slower = sorted((max(former.cpu_seconds, 1.0), max(scope.cpu_seconds, 1.0)))
        scopes[case] = Scope(
            devices=scope.devices | wide.devices,
            models=scope.models | wide.models,
            cpu_seconds=former.cpu_seconds if slower <= FACTOR * slow else scope.cpu_seconds,
        )
    return scopes


def _with_texts(
    parts: Mapping[str, EnvironmentPart], scopes: Mapping[str, Scope], before: Baseline, measured: Baseline
) -> Baseline:
    """Return the baseline with the texts that its parts need, an old one before a new one."""
    failures = {**measured.failures, **before.failures}
    tracebacks = {**measured.tracebacks, **before.tracebacks}
    endings = [ending for part in parts.values() for variants in part.endings.values() for ending in variants.values()]
    needed = {ending.failure for ending in endings if ending.failure}
    records = [part.record.failure for part in parts.values() if part.record and part.record.failure]
    needed |= {failure_id(failure) for failure in records}
    traced = {signature_of(ending.failure) for ending in endings if ending.evidence is None}
    return Baseline(
        parts=parts,
        scopes=scopes,
        failures={identifier: failures[identifier] for identifier in sorted(needed)},
        tracebacks={signature: tracebacks[signature] for signature in sorted(traced) if signature in tracebacks},
    )
