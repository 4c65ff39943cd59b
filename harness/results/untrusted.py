"""Read files of results that somebody else wrote: within limits, from the first line to the last, or not at all.

What a file says is checked against the plan elsewhere (`foreign`). Nothing in it is ever taken for a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from harness.base.errors import ResultsError
from harness.base.files import open_regular
from harness.results.format import CaseRecord, Footer, Header, Line
from harness.results.lines import parse_lines, run_from
from harness.results.run import Run

FILE_BYTES = 2**30
LINE_BYTES = 4 * 2**20
"""A line of the full tier has at most 40 kB: 300 references to cases, or a message and evidence at their limits."""
RUN_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._-]{0,99}", re.ASCII)
HOST = re.compile(r"[\w .+-]{0,100}", re.ASCII)
DIGEST = re.compile(r"([0-9a-f]{64})?", re.ASCII)
FENCE = re.compile(r"(off|landlock-[0-9]{1,3})?", re.ASCII)
AHEAD = timedelta(days=1)
"""How far the clock of another machine may be ahead. The newest measurement counts: one from the year 2999 would do so for ever."""
CUT_OFF = "run that shard again: the same command goes on where it stopped"


def read_untrusted(path: Path, now: datetime) -> Run:
    """Return the run of a file that is whole: header first, footer last, as many facts as that says, none of the future.

    Raises:
        ResultsError: it isn't, or it is larger than a file of results can be.
    """
    location = str(path)
    run = run_from(_in_order(parse_lines(_bounded(path), location), location), location)
    facts = (*run.environments, *run.cases, *run.cells, *run.attempts)
    if run.footer is None:
        raise ResultsError("the file has no last line: the run was cut off, or the file is torn", location=location, hint=CUT_OFF)
    if run.footer.records != len(facts) + 1:
        message = f"the last line counts {run.footer.records} records, and {len(facts) + 1} are there"
        raise ResultsError(message, location=location, hint="copy the file again")
    _check_header(run.header, location)
    names = {run.header.run, *(fact.run for fact in facts if isinstance(fact, CaseRecord))}
    if not all(RUN_NAME.fullmatch(name) for name in names):
        raise ResultsError("the name of a run isn't one that hubmatrix gives", location=location)
    for moment in {run.header.started, run.footer.finished, *(fact.recorded for fact in facts)}:
        _check_moment(moment, now, location)
    return run


def _bounded(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file. A last one without its line break is torn."""
    location = str(path)
    try:
        with open_regular(path, most_bytes=FILE_BYTES) as file:
            for number in range(1, FILE_BYTES):
                line = file.readline(LINE_BYTES)
                if not line:
                    return
                if not line.endswith(b"\n"):
                    torn = len(line) < LINE_BYTES
                    message = "the line is torn" if torn else f"longer than {LINE_BYTES // 2**20} MiB: no line of results is"
                    raise ResultsError(message, location=f"{location}:{number}", hint=CUT_OFF if torn else "")
                yield line
    except OSError as trouble:
        raise ResultsError(f"can't be read: {trouble.strerror}", location=location) from trouble


def _in_order(lines: Iterable[Line], location: str) -> Iterator[Line]:
    """Yield the lines of one run: of two files in one, the facts of the first would be said to be of the second's plan."""
    after_footer = False
    for index, line in enumerate(lines):
        if isinstance(line, Header) != (index == 0) or after_footer:
            raise ResultsError("not one run: a header comes first, a footer last, each once", location=location)
        after_footer = isinstance(line, Footer)
        yield line


def _check_header(header: Header, location: str) -> None:
    """Refuse a header whose texts aren't those that hubmatrix writes. What only this plan can tell is checked by the merge."""
    host = (header.host.system, header.host.machine, header.host.python, header.host.processor)
    digests = (*header.digests.model_dump().values(), *((header.part.plan, header.part.locks) if header.part else ()))
    if not (all(map(HOST.fullmatch, host)) and all(map(DIGEST.fullmatch, digests)) and FENCE.fullmatch(header.fence)):
        raise ResultsError("its header isn't one that hubmatrix writes", location=location)


def _check_moment(moment: str, now: datetime, location: str) -> None:
    try:
        parsed = datetime.fromisoformat(moment)
        late = parsed > now + AHEAD  # raises TypeError where the moment has no time zone
    except (ValueError, TypeError):
        raise ResultsError(f"not a moment: {moment[:40]}", location=location) from None
    if late:
        raise ResultsError(f"recorded in the future: {moment[:40]}", location=location, hint="which machine's clock is wrong?")
