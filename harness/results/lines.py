"""Results as a file: JSON lines, the form in which runs are exchanged, kept for long, and read by other programs.

A header first, a footer last, one line a fact between them. References to cases come once, before the first cell that has them. A
file without a footer was cut off; its facts hold all the same. A torn last line is dropped. Nothing is read back from a file name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from harness.base.errors import ResultsError
from harness.results.format import (
    FORMAT,
    LINE,
    CaseRecord,
    CaseRef,
    CellRecord,
    EnvironmentRecord,
    Footer,
    Header,
    Line,
    Record,
    ReferenceSet,
)
from harness.results.run import Run, run_of


def lines_of(run: Run) -> Iterator[str]:
    """Yield the lines of a run's file, each with its line break."""
    ids: dict[tuple[CaseRef, ...], int] = {}
    yield _line(run.header)
    for fact in (*run.environments, *run.cases, *(attempt for attempt in run.attempts if attempt.type != "cell")):
        yield _line(fact)
    for cell in (*run.cells, *(attempt for attempt in run.attempts if attempt.type == "cell")):
        if cell.cases and cell.cases not in ids:
            ids[cell.cases] = len(ids) + 1
            yield _line(ReferenceSet(id=ids[cell.cases], cases=cell.cases))
        yield _line(cell.model_copy(update={"cases": (), "references": ids.get(cell.cases)}))
    if run.footer:
        yield _line(run.footer)


def _line(record: Record) -> str:
    return record.model_dump_json(exclude_defaults=False) + "\n"


def read_lines(path: Path) -> Iterator[Line]:
    """Read every fact of a file in order, cells with their references.

    A torn last line is dropped; a damaged line before it is an error.

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
    return parse_lines(whole.splitlines(), str(path))


def parse_lines(lines: Iterable[bytes], location: str) -> Iterator[Line]:
    """Yield what each line says, cells with their references. `location` is the file's, for errors.

    Raises:
        ResultsError: a line is damaged, or of another format.
    """
    references: dict[int, tuple[CaseRef, ...]] = {}
    for number, line in enumerate(lines, 1):
        try:
            record = LINE.validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ResultsError(
                f"not a line of results format {FORMAT}: {where}: {first['msg']}",
                location=f"{location}:{number}",
                hint="written by another version?",
            ) from error
        match record:
            case ReferenceSet():
                references[record.id] = record.cases
            case CellRecord(references=int(identifier)):
                if identifier not in references:
                    raise ResultsError(
                        f"no references have the id {identifier}", location=f"{location}:{number}", hint="a line is missing"
                    )
                yield record.model_copy(update={"cases": references[identifier], "references": None})
            case _:
                yield record


def read_run(path: Path) -> Run:
    """Read a whole run, in any format of READABLE.

    Raises:
        ResultsError: no such file, no header, another format, or damaged.
    """
    return run_from(read_lines(path), str(path))


def run_from(lines: Iterable[Line], location: str) -> Run:
    """Return the run that lines hold. `location` is the file's, for errors.

    Raises:
        ResultsError: there is no header.
    """
    header: Header | None = None
    footer: Footer | None = None
    facts: list[EnvironmentRecord | CaseRecord | CellRecord] = []
    for line in lines:
        match line:
            case Header():
                header = line
            case EnvironmentRecord() | CaseRecord() | CellRecord():
                facts.append(line)
            case Footer():
                footer = line
            case ReferenceSet():
                pass
    if header is None:
        raise ResultsError("the file has no header line", location=location, hint="the run was cut off before it began; run again")
    return run_of(header, facts, footer)
