"""Say once what came of most combinations of a case in a file, and each exception in a line of its own.

    * 53  passed                                      all combinations that the completed cells of the file have, but for:
    text bert-en/3  failed @1-3cb755f05e/7a63bfea
    legacy bert-en/3  not_run

The number is counted again when the line is read, so that a file never claims what its cells don't have.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from harness.domain import Status
from harness.results.baseline.model import Ending, EnvironmentPart, Scope, values_on

Due: TypeAlias = frozenset[tuple[str, tuple[str, ...]]]
"""Environments by id, with the values that cells of them have on the axes of a case."""


class DueCombinations:
    """The combinations of each case that the completed cells of a file have. Second opinions are asked for on some cases alone."""

    def __init__(self, parts: Iterable[EnvironmentPart]) -> None:
        self._parts = [part for part in parts if part.record is None or part.record.second_opinion_on is None]
        self._due: dict[tuple[tuple[str, ...], Scope], Due] = {}
        self._by_kind: dict[tuple[str, ...], dict[tuple[str, str], set[tuple[str, tuple[str, ...]]]]] = {}

    def of(self, axes: tuple[str, ...], scope: Scope) -> Due:
        """Return the combinations of a case that uses these axes and bears on these cells."""
        if (axes, scope) not in self._due:
            by_kind = self._kinds(axes).items()
            of_kinds = (due for (device, model), due in by_kind if device in scope.devices and model in scope.models)
            self._due[axes, scope] = frozenset().union(*of_kinds)
        return self._due[axes, scope]

    def _kinds(self, axes: tuple[str, ...]) -> dict[tuple[str, str], set[tuple[str, tuple[str, ...]]]]:
        if axes not in self._by_kind:
            by_kind: defaultdict[tuple[str, str], set[tuple[str, tuple[str, ...]]]] = defaultdict(set)
            for part in self._parts:
                for cell in part.cells.values():
                    if cell.status is Status.COMPLETED:
                        by_kind[cell.device, cell.model].add((part.id, values_on(cell, axes, part.axes)))
            self._by_kind[axes] = by_kind
        return self._by_kind[axes]


def usual_ending(due: Due, of_variant: Mapping[tuple[str, tuple[str, ...]], Ending]) -> Ending | None:
    """Return what most of the combinations that are due ended with; None where no two of them ended alike."""
    counts = Counter(ending for pair, ending in of_variant.items() if pair in due)
    if not counts:
        return None
    most = max(counts.values())
    # Of several the first by its text, so that the choice doesn't hang on the order of the records.
    return min((ending for ending, count in counts.items() if count == most), key=repr) if most > 1 else None
