"""Make a baseline into a run, for judge, claims, report and results to read as if it had been measured here.

A case that bears on a cell, as cases.txt says, and has no line in its environment, is one that was not run.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from harness import __version__
from harness.domain import Axes, Device, SaveFormat
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
from harness.results.baseline.reading import read_baseline
from harness.results.baseline.settle import implied_message
from harness.results.format import CaseRecord, CaseRef, CellRecord, EnvironmentRecord, Footer, Header, Host, Package, Record
from harness.results.run import Run

ARecord = TypeVar("ARecord", bound=Record)
ALL_FIELDS: dict[type[Record], set[str]] = {kind: set(kind.model_fields) for kind in (CaseRecord, CaseRef, CellRecord)}
"""Shared by all records: they are frozen, and pydantic copies the set of a copy."""
NAME = "baseline"
MIDNIGHT = "T00:00:00+00:00"


def is_baseline(run: Run) -> bool:
    """Return True if a run is the committed baseline, and was not measured here."""
    return run.header.run.startswith(f"{NAME} of ")


def read_baseline_run(folder: Path) -> Run | None:
    """Return the baseline in a folder as a run; None where there is none.

    Raises:
        ResultsError: with everything that is wrong with it.
        MachineError: a file can't be read.
    """
    with _without_collecting():
        baseline = read_baseline(folder)
        return as_run(baseline) if baseline.parts else None


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Keep Python from looking for garbage meanwhile: half a million objects are made, and none of them is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.freeze()  # or the first collection would go through all of them
            gc.enable()


def as_run(baseline: Baseline) -> Run:
    """Return a baseline as a run. Its name says that it is one, and of which days."""
    first, last = baseline.days
    builder = _Builder(baseline)
    for _, part in sorted(baseline.parts.items()):
        builder.add(part)
    system, _, machine = next(iter(baseline.parts.values())).system.partition(" ") if baseline.parts else ("", "", "")
    header = Header(
        run=f"{NAME} of {first}" + (f" to {last}" if last != first else ""),
        started=last + MIDNIGHT,
        hubmatrix=__version__,
        tier="full",
        selection="",
        planned_cells=len(builder.cells),
        host=Host(system=system, machine=machine, python="", cores=0, memory_bytes=0),
    )
    return Run(
        header=header,
        environments=tuple(builder.environments),
        cases=tuple(builder.cases),
        cells=tuple(builder.cells),
        footer=Footer(
            finished=last + MIDNIGHT,
            interrupted=False,
            records=len(builder.environments) + len(builder.cases) + len(builder.cells) + 1,
        ),
    )


_Ranked: TypeAlias = list[tuple[int, Combination]]
"""Combinations, each with the rank of its case among all cases."""


class _Bearing:
    """The combinations of an environment that bear on each of its cells. A million of them, so each kind of cell is asked once."""

    def __init__(self, part: EnvironmentPart, ranks: Mapping[str, int]) -> None:
        self._axes = part.axes
        self._by_axes: dict[tuple[str, ...], dict[tuple[str, ...], _Ranked]] = {}
        for combination in part.endings:
            by_values = self._by_axes.setdefault(combination.axes, {})
            by_values.setdefault(combination.values, []).append((ranks[combination.case], combination))
        self._ranked: dict[tuple[object, ...], _Ranked] = {}
        self.measured_in: dict[Combination, str] = {}
        """The first cell that each combination bears on."""

    def on(self, cell: CellEnding, scope: frozenset[int]) -> _Ranked:
        """Return the combinations of the cases in scope that the cell has the values of, in the order of their cases."""
        ranked: _Ranked = []
        for axes, by_values in self._by_axes.items():
            values = values_on(cell, axes, self._axes)
            kind = (axes, values, cell.model, cell.device)
            if kind not in self._ranked:
                self._ranked[kind] = [pair for pair in by_values.get(values, ()) if pair[0] in scope]
                for _, combination in self._ranked[kind]:
                    self.measured_in.setdefault(combination, cell.id)
            ranked += self._ranked[kind]
        return sorted(ranked)


class _Builder:
    """The records of a run, environment by environment."""

    def __init__(self, baseline: Baseline) -> None:
        self.environments: list[EnvironmentRecord] = []
        self.cases: list[CaseRecord] = []
        self.cells: list[CellRecord] = []
        self._baseline = baseline
        self._ranks = {case: rank for rank, case in enumerate(sorted(baseline.scopes))}
        self._unrun = {rank: CaseRef(case=case, key=None) for case, rank in self._ranks.items()}
        self._added: set[str] = set()
        self._of_ending: dict[int, dict[str, Any]] = {}
        self._in_scope: dict[tuple[str, str], frozenset[int]] = {}
        self._shared: dict[str, Mapping[str, Ending]] = {}
        """What came of each combination, by its key; environments in which the same is installed have the same keys."""

    def add(self, part: EnvironmentPart) -> None:
        """Add an environment with its cells and cases."""
        recorded = part.measured + MIDNIGHT
        identity = _identity(part)
        if part.record:
            update = {"key": identity, "recorded": recorded, "reused": True}
            self.environments.append(part.record.model_copy(update=update))
        refs = self._refs(part, identity)
        is_second = part.record is not None and part.record.second_opinion_on is not None
        bearing = _Bearing(part, self._ranks)
        listed: dict[tuple[int, ...], tuple[CaseRef, ...]] = {}
        for cell in part.cells.values():
            scope = self._scope(cell)
            ranked = bearing.on(cell, scope)
            cell_refs = [refs[combination] for _, combination in ranked]
            # A second opinion is asked for on some cases alone.
            if not is_second and (missing := scope.difference([rank for rank, _ in ranked])):
                cell_refs = self._with_unrun(ranked, cell_refs, missing)
            # Cells with the same cases have the same tuple.
            own = listed.setdefault(tuple(map(id, cell_refs)), tuple(cell_refs))
            self.cells.append(_cell_record(part, cell, own, identity, recorded))
        self._add_cases(part, refs, bearing.measured_in, recorded)

    def _scope(self, cell: CellEnding) -> frozenset[int]:
        kind = cell.device, cell.model
        if kind not in self._in_scope:
            scopes = self._baseline.scopes.items()
            self._in_scope[kind] = frozenset(self._ranks[case] for case, scope in scopes if _holds(scope, cell))
        return self._in_scope[kind]

    def _with_unrun(self, ranked: _Ranked, refs: list[CaseRef], missing: frozenset[int]) -> list[CaseRef]:
        measured = ((rank, ref) for (rank, _), ref in zip(ranked, refs, strict=True))
        unrun = ((rank, self._unrun[rank]) for rank in missing)
        return [ref for _, ref in sorted((*measured, *unrun), key=itemgetter(0))]

    def _refs(self, part: EnvironmentPart, identity: str) -> dict[Combination, CaseRef]:
        """Return the reference to each combination. Environments that agree on what came of it share its key."""
        refs = {}
        for combination, variants in part.endings.items():
            key = f"{identity}/{' '.join((combination.case, *combination.values))}"
            before = self._shared.setdefault(key, variants)
            if before is not variants and before != variants:
                key = f"{part.id}/{key}"
                self._shared[key] = variants
            refs[combination] = trusted(CaseRef, {"case": combination.case, "key": key})
        return refs

    def _add_cases(
        self, part: EnvironmentPart, refs: Mapping[Combination, CaseRef], measured_in: Mapping[Combination, str], recorded: str
    ) -> None:
        # What all records of an environment have, copied and filled in: 60,000 times.
        common = {
            "type": "case",
            "environment": part.id,
            "recorded": recorded,
            "run": NAME,
            "reused": True,
            "peak_memory_bytes": None,
            "seconds": 0.0,
        }
        uses: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[str, str]] = {}
        for combination, variants in part.endings.items():
            case, axes, values = combination
            key = refs[combination].key or ""
            if key in self._added:
                continue  # an environment above has the same
            self._added.add(key)
            if (axes, values) not in uses:
                uses[axes, values] = {axis: value for axis, value in zip(axes, values, strict=True) if value}
            shared = common | {
                "key": key,
                "case": case,
                "cell": measured_in.get(combination, ""),
                "uses": uses[axes, values],
                "cpu_seconds": self._baseline.scopes[case].cpu_seconds or None,
            }
            for variant, ending in variants.items():
                self.cases.append(trusted(CaseRecord, shared | self._fields(ending) | {"variant": variant}))

    def _fields(self, ending: Ending) -> dict[str, Any]:
        # By identity: lines that say the same were read into the same object.
        if id(ending) in self._of_ending:
            return self._of_ending[id(ending)]
        failure = self._baseline.failures[ending.failure] if ending.failure else None
        evidence = ending.evidence
        if evidence is None:
            traceback = self._baseline.tracebacks.get(signature_of(ending.failure))
            evidence = f"The same failure, as seen in {traceback.seen}:\n\n{traceback.text}" if traceback else ""
        self._of_ending[id(ending)] = {
            "outcome": ending.outcome,
            "message": implied_message(failure, ending.unmet) if ending.message is None else ending.message,
            "evidence": evidence,
            "measured": dict(ending.measured),
            "beside": tuple(Package(name=name, version=version) for name, version in ending.beside),
            "failure": failure,
            "unmet": ending.unmet,
            "processor": ending.processor,
        }
        return self._of_ending[id(ending)]


def trusted(kind: type[ARecord], fields: dict[str, Any]) -> ARecord:
    """Return a record of fields that are known to be valid and whole.

    pydantic's own `model_construct` goes through all fields and their aliases: half of the time of reading a baseline.
    """
    record = kind.__new__(kind)
    object.__setattr__(record, "__dict__", fields)
    object.__setattr__(record, "__pydantic_fields_set__", ALL_FIELDS[kind])
    object.__setattr__(record, "__pydantic_extra__", None)
    object.__setattr__(record, "__pydantic_private__", None)
    return record


def _cell_record(part: EnvironmentPart, cell: CellEnding, refs: tuple[CaseRef, ...], identity: str, recorded: str) -> CellRecord:
    axes = Axes(
        tensorflow=part.axes.tensorflow,
        install=part.axes.install,
        keras=part.axes.keras,
        text=part.axes.text,
        model=cell.model,
        format=SaveFormat(cell.format),
        device=Device(cell.device),
        python=part.axes.python,
        hub=part.axes.hub,
    )
    fields = {
        "type": "cell",
        "id": cell.id,
        "key": f"{identity}/{cell.id}",
        "axes": axes,
        "environment": part.id,
        "status": cell.status,
        "trouble": cell.trouble,
        "message": cell.message,
        "evidence": cell.evidence,
        "cases": refs,
        "references": None,
        "recorded": recorded,
        "reused": True,
    }
    return trusted(CellRecord, fields)


def _holds(scope: Scope, cell: CellEnding) -> bool:
    return cell.device in scope.devices and cell.model in scope.models


def _identity(part: EnvironmentPart) -> str:
    """Return a digest of what is installed: the same for environments whose cases ran once for all of them."""
    record = part.record
    if record is None or record.lock is None:
        return part.id
    facts = repr((record.lock, record.python, sorted(record.settings.items()), record.seeds))
    return hashlib.sha256(facts.encode()).hexdigest()[:16]
