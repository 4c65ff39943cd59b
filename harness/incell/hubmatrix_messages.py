"""Messages between the driver and the processes of an environment: the only module that knows the names of their fields.

    driver -> zygote     Setup, once; then a CellRequest or ScriptRequest for each process to start
    zygote -> driver     Opened, once; then `ended_line` for each process that is over
    guardian -> zygote   ProcessEnd, in the file `end_file` names
    recorder -> driver   lines of JSON with a field `event`, an EventKind; their other fields are those of hubmatrix_recorder.py

Both sides import it: the driver as a module of the harness, a cell by its bare name, which no package under test has. Standard
library only, Python 3.7 syntax.
"""

from __future__ import annotations

import json
import os
from enum import Enum
from typing import Any, Mapping, NamedTuple, Sequence, Union

UNCOMPILED = "uncompiled.json"
"""Lists the sources that a fenced process imported without bytecode: a zygote's is in its first folder, a cell's in `workdir`."""


class InCellProgram(str, Enum):
    """Programs that a process can run, by the file of harness/incell that starts it in an interpreter of its own."""

    CELL = "cell.py"
    SCRIPT = "script.py"


class EndReason(str, Enum):
    """Reasons for the end of a process.

    `exited`: by itself, or by a signal. `timed_out`: no event for `case_seconds`. `memory`: over `memory_bytes`. `ended`: on
    the driver's request. `lost`: its guardian or its zygote was killed, so nobody saw its end.
    """

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    MEMORY = "memory"
    ENDED = "ended"
    LOST = "lost"


class OpeningEvent(str, Enum):
    """Outcomes of a zygote's start. `toolchain_failed`: the packages can be imported, pytest beside them can't."""

    READY = "ready"
    IMPORT_FAILED = "import_failed"
    TOOLCHAIN_FAILED = "toolchain_failed"


class EventKind(str, Enum):
    """Kinds of lines that the recorder of a cell writes."""

    STARTED = "started"
    FINISHED = "finished"
    NOT_COLLECTED = "not_collected"


class Fence(NamedTuple):
    """Files and ports that a process may use beside its own folders and the system's (hubmatrix_fence.py).

    readable   files and folders that it may read
    ports      TCP ports that it may connect to; None: every port
    """

    readable: Sequence[str]
    ports: Sequence[int] | None


class Setup(NamedTuple):
    """Modules that a zygote imports first. `toolchain` is the folder that holds pytest, "" where no case will run.

    `work` is the folder that all folders of its processes are in. `fence` None: nothing is closed to it.
    """

    modules: Sequence[str]
    toolchain: str
    preload: bool
    work: str = ""
    fence: Fence | None = None


class Opened(NamedTuple):
    """The zygote's answer to its setup."""

    event: OpeningEvent
    message: str = ""
    evidence: str = ""


class CellRequest(NamedTuple):
    """A process that runs cases.

    id             the name of the process, unique in its zygote
    cases          nodeids to run: of a case, or of one of its variants
    skip           nodeids of variants to leave out
    rootdir        the project, the folder that nodeids are relative to
    workdir        the process's own folder; HOME, TMPDIR and the current folder are below it
    environ        environment variables on top of the zygote's
    toolchain      folder that holds pytest, appended to sys.path
    modules        what to import first where the process is not forked
    workers        how many pytest-xdist workers, 0 for none
    output         file that takes everything it prints
    events         file that takes what the recorder writes
    case_seconds   how long it may go without an event
    memory_bytes   how much it and all that it starts may hold
    fence          what it may use beside its own folders; None: nothing is closed to it
    """

    id: str
    cases: Sequence[str]
    skip: Sequence[str]
    rootdir: str
    workdir: str
    environ: Mapping[str, str]
    toolchain: str
    modules: Sequence[str]
    workers: int
    output: str
    events: str
    case_seconds: float
    memory_bytes: int
    program: InCellProgram = InCellProgram.CELL
    fence: Fence | None = None


class ScriptRequest(NamedTuple):
    """A process that runs one script, as `__main__`.

    folder         HOME, TMPDIR and the current folder are below it, and stay there for the next script
    raised         file that takes the exception that ended it: {"kinds": [...], "message": ..., "evidence": ...}
    events         a file that nobody writes, so that `case_seconds` counts from the start

    The other fields are those of CellRequest.
    """

    id: str
    script: str
    folder: str
    workdir: str
    environ: Mapping[str, str]
    raised: str
    output: str
    events: str
    case_seconds: float
    memory_bytes: int
    program: InCellProgram = InCellProgram.SCRIPT
    fence: Fence | None = None


Request = Union[CellRequest, ScriptRequest]


class ProcessEnd(NamedTuple):
    """End of a process, as its guardian saw it. `peak_bytes` is the most memory seen, its children's included."""

    reason: EndReason
    code: int | None = None
    signal: int | None = None
    peak_bytes: int = 0


def encode(message: Setup | Opened | Request | ProcessEnd) -> str:
    """Return a message as JSON without a line break."""
    return json.dumps(message._asdict())


def read_setup(text: str) -> Setup:
    setup = Setup(**json.loads(text))
    return setup._replace(fence=_fence(setup.fence))


def read_opened(text: str) -> Opened:
    opened = Opened(**json.loads(text))
    return opened._replace(event=OpeningEvent(opened.event))


def read_request(text: str) -> Request:
    values = json.loads(text)
    values["fence"] = _fence(values.get("fence"))
    if values["program"] == InCellProgram.SCRIPT:
        return ScriptRequest(**values)
    return CellRequest(**values)


def read_end(text: str) -> ProcessEnd:
    return _end(json.loads(text))


def ended_line(id_: str, end: ProcessEnd | None) -> str:
    """Return what a zygote says of a process that is over; `end` is None where its guardian left no word."""
    return json.dumps({"id": id_, "end": end._asdict() if end else None})


def read_ended(text: str) -> tuple[str, ProcessEnd]:
    """Return the id of a process that is over, and its end."""
    values = json.loads(text)
    return values["id"], _end(values["end"]) if values["end"] else ProcessEnd(reason=EndReason.LOST)


def end_file(request: Request) -> str:
    """Return the file in which the guardian of a process leaves its end."""
    return os.path.join(request.workdir, "end.json")


def uncompiled_file(request: CellRequest) -> str:
    """Return the file in which a fenced cell lists sources."""
    return os.path.join(request.workdir, UNCOMPILED)


def _end(values: Mapping[str, Any]) -> ProcessEnd:
    end = ProcessEnd(**values)
    return end._replace(reason=EndReason(end.reason))


def _fence(values: Sequence[Any] | None) -> Fence | None:
    """Return a fence from JSON, which has a tuple's fields by place and not by name."""
    return None if values is None else Fence(*values)
