"""Results on disk: one folder a run, one JSON line a fact, flushed as it happens.

    reports/runs/<run>/results.jsonl

A file without a footer was cut off; its facts hold all the same. A torn last line is dropped. Nothing is read back from
a file name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from harness.base.errors import MachineError, ResultsError
from harness.results.format import FORMAT, LINE, CaseRecord, CellRecord, EnvironmentRecord, Footer, Header, Line

FILE = "results.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A results file as read. `footer` is None where the run was cut off."""

    header: Header
    environments: tuple[EnvironmentRecord, ...]
    cases: tuple[CaseRecord, ...]
    cells: tuple[CellRecord, ...]
    footer: Footer | None


class Writer:
    """Appends facts. Each is written before `write` returns, so a killed driver loses nothing that it reported."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self._records = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=False)
            # Unbuffered: what `write` returned from survives SIGKILL of the driver. fsync is left to `close`: a power cut may cost
            # the last lines, which are measured again.
            self._file = path.open("xb", buffering=0)
        except OSError as trouble:
            raise self._unwritable(trouble) from trouble
        self.write(header)

    def write(self, record: Line) -> None:
        """Append one line; a full disk ends the run with the file cut at a whole line."""
        data = record.model_dump_json(exclude_defaults=False).encode() + b"\n"
        start = self._file.tell()
        try:
            written = self._file.write(data)
            if written != len(data):  # an unbuffered write to a disk that is almost full writes what fits and raises nothing
                raise OSError(28, "no space left on device")
        except OSError as trouble:
            # `truncate` alone leaves the position behind the end, and the next line would begin after a hole of zero bytes.
            self._file.truncate(self._file.seek(start))
            raise self._unwritable(trouble) from trouble
        self._records += 1

    def _unwritable(self, trouble: OSError) -> MachineError:
        hint = "fix that and run the same command again; it goes on from here"
        return MachineError(f"results can't be written: {trouble.strerror}", location=str(self.path), hint=hint)

    def close(self, *, finished: str, interrupted: bool) -> None:
        self.write(Footer(finished=finished, interrupted=interrupted, records=self._records))
        os.fsync(self._file.fileno())
        self._file.close()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()


def run_files(folder: Path) -> tuple[Path, ...]:
    """List the results files below `reports/runs`, newest first by the time of the last write."""
    return tuple(sorted(folder.glob(f"*/{FILE}"), key=lambda path: path.stat().st_mtime_ns, reverse=True))


def read_lines(path: Path) -> Iterator[Line]:
    """Read every fact of a file in order. A torn last line is dropped; a damaged line before it is an error.

    Raises:
        ResultsError: no such file, another format, or damaged.
    """
    try:
        raw = path.read_bytes()
    except OSError as trouble:
        raise ResultsError(
            f"no results file: {trouble.strerror}", location=str(path), hint="run `nox -s matrix` first"
        ) from trouble
    whole, _, _torn = raw.rpartition(b"\n")
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            yield LINE.validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ResultsError(
                f"not a line of results format {FORMAT}: {where}: {first['msg']}",
                location=f"{path}:{number}",
                hint="written by another version?",
            ) from error


def read_run(path: Path) -> Run:
    """Read a whole run, in any format of READABLE.

    Raises:
        ResultsError: no such file, no header, another format, or damaged.
    """
    header: Header | None = None
    footer: Footer | None = None
    environments: list[EnvironmentRecord] = []
    cases: list[CaseRecord] = []
    cells: list[CellRecord] = []
    for line in read_lines(path):
        match line:
            case Header():
                header = line
            case EnvironmentRecord():
                environments.append(line)
            case CaseRecord():
                cases.append(line)
            case CellRecord():
                cells.append(line)
            case Footer():
                footer = line
    if header is None:
        raise ResultsError("the file has no header line", location=str(path), hint="the run was cut off before it began; run again")
    return Run(header=header, environments=tuple(environments), cases=tuple(cases), cells=tuple(cells), footer=footer)


def newest(folder: Path) -> Path:
    """Return the newest run's results file.

    Raises:
        ResultsError: there is no run yet.
    """
    for path in run_files(folder):
        return path
    raise ResultsError("no run yet", location=str(folder), hint="run `nox -s matrix` or `hubmatrix run` first")


def first_opinions(run: Run) -> Run:
    """Return a run with what the matrix plans: without the environments made for second opinions and their cells.

    Cases stay: they are found by their keys, and an environment of the matrix may have the same ones.
    """
    seconds = {record.id for record in run.environments if record.second_opinion_on is not None}
    environments = tuple(record for record in run.environments if record.id not in seconds)
    return replace(run, environments=environments, cells=tuple(record for record in run.cells if record.environment not in seconds))
