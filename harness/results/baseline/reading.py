"""Read a baseline from its files. Everything that is wrong with any of them is reported at once, with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from harness.base.errors import MachineError, ResultsError
from harness.domain import InstallPolicy, Outcome
from harness.results.baseline.lines import EndingLine, EndingReader, read_cell, read_environment
from harness.results.baseline.model import (
    FORM,
    Baseline,
    CellEnding,
    Combination,
    Ending,
    EnvironmentAxes,
    EnvironmentPart,
    Scope,
    values_on,
)
from harness.results.baseline.problems import FaultyLine, Problems, unknown
from harness.results.baseline.texts import NEWER, Texts, read_texts
from harness.results.baseline.usual import DueCombinations
from harness.results.baseline.words import split, text_of
from harness.results.baseline.writing import CASES, FIRST_LINE, TEXTS
from harness.results.format import EnvironmentRecord

HEADINGS = ("tensorflow", "install", "measured", "system")


def read_files(folder: Path) -> dict[str, str]:
    """Return the text of each file of the baseline in a folder, by name; none where there is no such folder.

    Raises:
        ResultsError: a file is not in UTF-8.
        MachineError: a file can't be read.
    """
    files = {}
    for path in sorted(folder.glob("*.txt")) + sorted(folder.glob(TEXTS)):
        try:
            files[path.name] = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as trouble:
            hint = "`git checkout` the file"
            raise ResultsError(f"not text in UTF-8, from byte {trouble.start} on", location=str(path), hint=hint) from trouble
        except OSError as trouble:
            raise MachineError(f"the baseline can't be read: {trouble.strerror}", location=str(path)) from trouble
    return files


def read_baseline(folder: Path) -> Baseline:
    """Return the baseline in a folder; an empty one where there is none.

    Raises:
        ResultsError: with every line that can't be read, that contradicts another one, or that refers to a text that is missing.
        MachineError: a file can't be read.
    """
    return parse_files(folder, read_files(folder))


def parse_files(folder: Path, files: dict[str, str]) -> Baseline:
    """Return the baseline that files hold, by their names. `folder` is for messages. Raises as `read_baseline`."""
    if not files:
        return Baseline()
    problems = Problems()
    for name in (CASES, TEXTS):
        if name not in files:
            problems.add(str(folder / name), 0, "the file is missing", f"`git checkout` {name}")
    texts = read_texts(str(folder / TEXTS), files[TEXTS], problems) if TEXTS in files else Texts()
    scopes = _read_scopes(str(folder / CASES), files[CASES], problems) if CASES in files else {}
    parts: dict[str, EnvironmentPart] = {}
    line_reader = EndingReader(texts)
    for name, content in files.items():
        if name in (CASES, TEXTS):
            continue
        reader = _BaselineFile(str(folder / name), texts, scopes if CASES in files else None, line_reader, problems)
        for part in reader.parts(name, content):
            if part.id in parts:
                problems.add(str(folder / name), 0, f"the environment {part.id} is in another file too")
            parts[part.id] = part
    problems.raise_any()
    return Baseline(parts=parts, scopes=scopes, failures=texts.failures, tracebacks=texts.tracebacks)


def _read_scopes(location: str, content: str, problems: Problems) -> dict[str, Scope]:
    scopes: dict[str, Scope] = {}
    lines = content.split("\n")
    if not _is_of_this_form(location, lines[0], problems):
        return scopes
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        try:
            case, devices, models, *rest = line.split("  ")
            scope = Scope(
                devices=frozenset(map(text_of, split(devices))),
                models=frozenset(map(text_of, split(models))),
                cpu_seconds=float(rest[0].removeprefix("cpu:")) if rest else 0.0,
            )
            if text_of(case) in scopes:
                problems.add(location, number, f"{text_of(case)} is in two lines")
            scopes[text_of(case)] = scope
        except (ValueError, TypeError):
            problems.add(
                location,
                number,
                "not a line on a case: its id, its devices, its models and perhaps its time, two spaces between them",
            )
    return scopes


def _is_of_this_form(location: str, first: str, problems: Problems) -> bool:
    if first == FIRST_LINE:
        return True
    problems.add(location, 1, f"this is not form {FORM} of the baseline: its first line is {first[:60]!r}", NEWER)
    return False


_Pairs: TypeAlias = list[tuple[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class _CaseLines:
    """The lines below the heading of a case: with their numbers those that say the usual, by variant, and all others."""

    usual: dict[str, tuple[int, EndingLine]] = field(default_factory=dict)
    listed: dict[tuple[str, tuple[str, ...], str], Ending] = field(default_factory=dict)

    def has_only(self, variant: str) -> bool:
        """Return True if no line is about another variant."""
        return len(self.usual) == 1 and all(listed == variant for _, _, listed in self.listed)


class _BaselineFile:
    """Reads the file of a TensorFlow and install policy."""

    def __init__(
        self, location: str, texts: Texts, scopes: dict[str, Scope] | None, line_reader: EndingReader, problems: Problems
    ) -> None:
        self._location, self._texts, self._scopes, self._problems = location, texts, scopes, problems
        self._line_reader = line_reader
        self._due: DueCombinations | None = None
        self._labels: dict[str, str] = {}
        self._headings_read: set[tuple[str, tuple[str, ...]]] = set()
        self._ids: dict[str, str] = {}
        self._axes: dict[str, EnvironmentAxes] = {}
        self._records: dict[str, EnvironmentRecord | None] = {}
        self._cells: dict[str, dict[str, CellEnding]] = {}
        self._endings: dict[str, dict[Combination, dict[str, Ending]]] = {}
        self._lines: dict[tuple[str, tuple[str, ...], tuple[str, ...]], int] = {}
        """Where each combination of values was first seen, by label, axes and values."""

    def parts(self, name: str, content: str) -> Iterator[EnvironmentPart]:
        """Yield the environments of the file; problems are noted on the way."""
        lines = content.split("\n")
        if not _is_of_this_form(self._location, lines[0], self._problems):
            return
        headings = self._headings(lines[1:])
        if headings is None:
            return
        tensorflow, policy, measured, system = headings
        if name != f"{tensorflow}-{policy.value}.txt":
            self._note(2, f"the file is called {name}, and is about TensorFlow {tensorflow}, {policy.value}")
        for start, end in _sections(lines, len(HEADINGS) + 1):
            self._section(tensorflow, policy, lines[start].split(" ", 1)[0], start, lines[start:end])
        self._check()
        for label in self._ids:
            yield self._part(label, measured, system)

    def _part(self, label: str, measured: str, system: str) -> EnvironmentPart:
        return EnvironmentPart(
            id=self._ids[label],
            axes=self._axes[label],
            measured=measured,
            system=system,
            record=self._records[label],
            cells=self._cells[label],
            endings=self._endings[label],
        )

    def _note(self, number: int, message: str, hint: str = "") -> None:
        self._problems.add(self._location, number, message, hint)

    def _headings(self, lines: list[str]) -> tuple[str, InstallPolicy, str, str] | None:
        values = []
        for number, (name, line) in enumerate(zip(HEADINGS, [*lines, *HEADINGS], strict=False), 2):
            try:
                heading, value = split(line)
                values.append(text_of(value))
            except (ValueError, TypeError):
                heading = ""
            if heading != name:
                self._note(number, f"not the line `{name} …` that every file has here: {line[:60]!r}")
                return None
        tensorflow, policy, measured, system = values
        try:
            return tensorflow, InstallPolicy(policy), measured, system
        except ValueError:
            self._note(3, f"{policy!r} is not an install policy")
            return None

    def _section(self, tensorflow: str, policy: InstallPolicy, kind: str, start: int, lines: list[str]) -> None:
        try:
            match kind:
                case "environment":
                    self._environment(tensorflow, policy, start, lines)
                case "cells":
                    self._read_cells(start, lines[1:])
                case "case":
                    self._read_case(start, lines)
                case _:
                    unknown("the beginning of a section", kind, ("environment", "cells", "case"))
        except FaultyLine as fault:
            self._note(start + 1, fault.message, fault.hint)

    def _environment(self, tensorflow: str, policy: InstallPolicy, start: int, lines: list[str]) -> None:
        words = [text_of(written) for written in split(lines[0])[1:]]
        if len(words) != 2:
            raise FaultyLine("an environment has a label and an id")
        label, identifier = words
        if label in self._ids:
            raise FaultyLine(f"there is another environment with the label {label}")
        problems = self._problems
        axes, record = read_environment(self._location, start, lines, (identifier, tensorflow, policy), self._texts, problems)
        self._ids[label], self._axes[label], self._records[label] = identifier, axes, record
        self._cells[label], self._endings[label] = {}, {}

    def _read_cells(self, start: int, lines: list[str]) -> None:
        for number, line in enumerate(lines, start + 2):
            if not line:
                continue
            try:
                words = split(line)
                label = text_of(words[0])
                if label not in self._ids:
                    unknown("the label of an environment above", label, self._ids)
                cell = read_cell(words[1:], self._ids[label], self._records[label], self._texts)
                if cell.id in self._cells[label]:
                    raise FaultyLine(f"the cell {cell.id} is in two lines")
                self._cells[label][cell.id] = cell
            except FaultyLine as fault:
                self._note(number, fault.message, fault.hint)
            except (ValueError, TypeError, IndexError):
                self._note(number, "not a line on a cell: environment, model, format, device, then its status")

    def _read_case(self, start: int, lines: list[str]) -> None:
        words = [text_of(written) for written in split(lines[0])]
        if len(words) < 2 or (len(words) > 2 and (words[2] != "by" or len(words) == 3)):
            raise FaultyLine("not the heading of a case: `case ID`, or `case ID by AXIS …`")
        case, axes = words[1], tuple(words[3:])
        if self._scopes is not None and case not in self._scopes:
            raise FaultyLine(f"{case} is not in {CASES}, which says the cells that each case bears on")
        if (case, axes) in self._headings_read:
            raise FaultyLine(f"another heading above is of {case} too")
        self._headings_read.add((case, axes))
        read = _CaseLines()
        for number, line in enumerate(lines[1:], start + 2):
            if not line:
                continue
            try:
                self._take_line(number, self._line_reader.read(line, axes), axes, read)
            except FaultyLine as fault:
                self._note(number, fault.message, fault.hint)
            except (ValueError, TypeError, IndexError):
                self._note(number, f"not a line on a case: {' '.join(('environment', *axes, '[variant]'))}, then its outcome")
        self._spread(case, axes, read)

    def _take_line(self, number: int, line: EndingLine, axes: tuple[str, ...], read: _CaseLines) -> None:
        if line.usual_for is not None:
            if line.variant in read.usual:
                raise FaultyLine("another line above says the usual")
            read.usual[line.variant] = number, line
            return
        if line.label not in self._ids:
            unknown("the label of an environment above", line.label, self._ids)
        if (line.label, line.values, line.variant) in read.listed:
            raise FaultyLine("another line above says what came of the same")
        read.listed[line.label, line.values, line.variant] = line.ending
        self._lines.setdefault((line.label, axes, line.values), number)

    def _spread(self, case: str, axes: tuple[str, ...], read: _CaseLines) -> None:
        """Take the lines of a case over, the usual for every combination that has no line of its own."""
        for (label, values, variant), ending in read.listed.items():
            if ending.outcome is not Outcome.NOT_RUN:
                self._endings[label].setdefault(Combination(case, axes, values), {})[variant] = ending
        if not read.usual or self._scopes is None:
            return
        if self._due is None:
            self._due = DueCombinations(self._part(label, "", "") for label in self._ids)
            self._labels = {identifier: label for label, identifier in self._ids.items()}
        due = self._due.of(axes, self._scopes[case])
        for variant, (number, line) in read.usual.items():
            left = [(self._labels[name], values) for name, values in due]
            if read.listed:
                left = [pair for pair in left if (*pair, variant) not in read.listed]
            if len(left) != line.usual_for:
                message = (
                    f"this is said of {line.usual_for} combinations, and the completed cells above have {len(left)} without a line"
                )
                self._note(number, message)
            self._fill_in(case, axes, left, variant, line.ending, is_only=read.has_only(variant))

    def _fill_in(self, case: str, axes: tuple[str, ...], left: _Pairs, variant: str, ending: Ending, *, is_only: bool) -> None:
        """Take the usual ending over for these environments, by label, and values."""
        if is_only:
            # One mapping for all of them, which is faster to make, and to compare later on.
            alike = {variant: ending}
            for label, values in left:
                self._endings[label][Combination(case, axes, values)] = alike
            return
        for label, values in left:
            self._endings[label].setdefault(Combination(case, axes, values), {})[variant] = ending

    def _check(self) -> None:
        """Note combinations of values that no cell has."""
        on_cells: dict[tuple[str, tuple[str, ...]], set[tuple[str, ...]]] = {}
        for (label, axes, values), number in self._lines.items():
            if (label, axes) not in on_cells:
                cells = self._cells[label].values()
                on_cells[label, axes] = {values_on(cell, axes, self._axes[label]) for cell in cells}
            if values not in on_cells[label, axes]:
                described = " and ".join(f"{axis} {value or 'none'}" for axis, value in zip(axes, values, strict=True))
                self._note(number, f"the environment {self._ids[label]} has no cell{f' with {described}' if described else ''}")


def _sections(lines: list[str], first: int) -> Iterator[tuple[int, int]]:
    """Yield where each section begins and ends: at every line that is not indented."""
    starts = [number for number in range(first, len(lines)) if lines[number] and lines[number][0] != " "]
    yield from zip(starts, [*starts[1:], len(lines)], strict=True)
