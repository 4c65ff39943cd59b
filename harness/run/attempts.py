"""Run one cell, from its cases to their outcomes: in a process for all of them, and in a new one after each crash.

A failure that isn't the case's own assertion is provisional until it came out twice. The running case of a process that died is
tried once more, alone in a fresh process, and what happens there counts: crashed or timed_out if it dies again. So is a case that
pytest ended without running: an error if it isn't run alone either. The other cases run in a new process. A process that dies
outside any case is run once more with what is left; if one dies so again the cell has that status, and what is left stays not_run.

So there is an end: each process settles a case (or a variant of it), makes cases that weren't yet those to be tried alone, which
they stay until they are settled, uses up the cell's one death outside any case, or ends the cell.

Over the memory limit that is more than caution: memory that cases before it left behind, or that its neighbours under
pytest-xdist hold, is not a case's own need. The limit is ours, so where a case can't be tried alone, and where a process goes over
outside any case, the cell is unavailable, and none of its cases has crashed.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.base.process import signal_name
from harness.domain import Outcome, Status, Trouble
from harness.incell.hubmatrix_failure import describe_text
from harness.incell.hubmatrix_messages import CellRequest, EndReason, EventKind, Fence, ProcessEnd, uncompiled_file
from harness.results.format import FailureRecord
from harness.run.assign import CellEnd
from harness.run.ends import KILLED, NOT_RUN, gib, how_it_ended, is_killed
from harness.run.machine import free_memory
from harness.run.output import printed
from harness.run.tasks import CaseSet, KeyedCase, Task
from harness.run.zygote import Zygote

TAIL_SECONDS = 0.1
REACHED_THE_END = (0, 1, 5)
"""pytest's exit codes after it ran all that was selected: all passed, some failed, nothing was there to run."""
EVENT_CHARACTERS = 200
"""Of a line that can't be read, in the message about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A case (or a variant of it) that has an outcome. `cpu_seconds` is None where its process did not live to tell."""

    keyed: KeyedCase
    variant: str
    outcome: Outcome
    seconds: float
    message: str
    evidence: str
    cpu_seconds: float | None = None
    measured: Mapping[str, float] = field(default_factory=dict)
    failure: FailureRecord | None = None
    unmet: tuple[str, ...] = ()
    peak_memory_bytes: int | None = None


Emit = Callable[[Finished], None]
CompileListed = Callable[[Path], Awaitable[None]]
"""Compiles, for the next processes, the sources that a fenced one lists in a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """A case that was started, and how much had been printed by then."""

    case: str
    variant: str
    printed: int

    @property
    def node(self) -> str:
        return _node(self.case, self.variant)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suspect:
    """A case that is to be tried alone: a variant of it, or the whole of it. `over_memory`: it was over our limit before."""

    case: str
    variant: str = ""
    over_memory: bool = False

    @property
    def node(self) -> str:
        return _node(self.case, self.variant)


def _node(case: str, variant: str) -> str:
    return f"{case}[{variant}]" if variant else case


@dataclass(slots=True)
class _Attempt:
    """The events that one process of the cell has written so far.

    `running` is by worker: one, or as many as pytest-xdist has. `finished` are cases that have their outcome as a whole, `variants`
    the nodeids of variants that have theirs.
    """

    cases: Mapping[str, KeyedCase]
    emit: Emit
    offset: int = 0
    rest: bytes = b""
    running: dict[str, _Running] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    variants: list[str] = field(default_factory=list)
    unreadable: str = ""

    def read(self, events: Path) -> None:
        """Take in the events written since the last look. After a line that can't be read no other one counts: `unreadable`."""
        with suppress(FileNotFoundError), events.open("rb") as file:
            file.seek(self.offset)
            data = file.read()
            self.offset += len(data)
            # The process writes while we read: what follows the last line break is the beginning of the next look's first line.
            *whole, self.rest = (self.rest + data).split(b"\n")
            for line in whole:
                self._read_line(line)

    def _read_line(self, line: bytes) -> None:
        if self.unreadable:
            return
        # A disk that is full for a moment cuts lines, and whatever runs in the cell may write into this file. That is this cell's
        # trouble alone: the run goes on. RecursionError: brackets in brackets.
        try:
            self._take(json.loads(line))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            beginning = line[:EVENT_CHARACTERS].decode("utf-8", "replace")
            self.unreadable = f"a line of the cell's events can't be read: {type(error).__name__}: {beginning}"

    def _take(self, event: Mapping[str, Any]) -> None:
        match event["event"]:
            case EventKind.STARTED:
                self.running[event["worker"]] = _Running(case=event["case"], variant=event["variant"], printed=int(event["output"]))
            case EventKind.FINISHED:
                self.running.pop(event["worker"], None)
                self._finish(event["case"], event)
            case EventKind.NOT_COLLECTED:
                # pytest names the file that it can't import, never a case in it; a nodeid with none of our cases stands for all.
                inside = [case for case in self.cases if case == event["case"] or case.startswith(event["case"] + "::")]
                for case in inside or list(self.cases):
                    self._finish(case, {**event, "outcome": Outcome.ERROR.value, "seconds": "0", "variant": ""})
            case other:
                raise ValueError(f"the recorder wrote an unknown event: {other}")

    def _finish(self, case: str, event: Mapping[str, Any]) -> None:
        if keyed := self.cases.get(case):
            if event["variant"]:
                self.variants.append(_node(case, event["variant"]))
            else:
                self.finished.add(case)
            outcome, seconds = Outcome(event["outcome"]), float(event["seconds"])
            self.emit(
                Finished(
                    keyed=keyed,
                    variant=event["variant"],
                    outcome=outcome,
                    seconds=seconds,
                    message=event["message"],
                    evidence=event["evidence"],
                    cpu_seconds=event.get("cpu_seconds"),
                    measured=event.get("measured", {}),
                    failure=_failure(event, outcome),
                    unmet=tuple(event.get("unmet", ())),
                    peak_memory_bytes=event.get("peak_memory_bytes"),
                )
            )


def _failure(event: Mapping[str, Any], outcome: Outcome) -> FailureRecord | None:
    """Return what failed; of a file that can't be collected there are pytest's words alone."""
    if outcome not in (Outcome.FAILED, Outcome.ERROR):
        return None
    described = event.get("failure") or describe_text("not_collected", event["message"])
    return FailureRecord.model_validate(described)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFrame:
    """The settings that every process of a cell is started with. `name` is the cell's, for its folders."""

    name: str
    workdir: Path
    rootdir: Path
    toolchain: Path
    modules: tuple[str, ...]
    environ: Mapping[str, str]
    case_seconds: float
    memory_bytes: int
    workers: int
    fence: Fence | None = None


async def run_cases(
    zygote: Zygote,
    task: Task[CaseSet],
    frame: CellFrame,
    prepare: Callable[[Path], None],
    emit: Emit,
    compile_listed: CompileListed | None = None,
) -> CellEnd:
    """Run all cases of a cell; return how the cell ended. `prepare` fills a fresh work folder (the hermetic Hub cache)."""
    unsettled = _Unsettled(frame=frame, emit=emit, left={keyed.case.id: keyed for keyed in task.payload.cases})
    number = 0
    while unsettled.left:
        number += 1
        attempt = _Attempt(cases=unsettled.next_cases, emit=emit)
        request = _request(frame, number, unsettled)
        end, output = await _one_process(zygote, request, attempt, prepare, compile_listed)
        if attempt.unreadable:
            return CellEnd(status=Status.UNAVAILABLE, trouble=Trouble.DISK, message=attempt.unreadable, evidence=output)
        if cell_end := unsettled.settle(attempt, end, output):
            return cell_end
    return CellEnd(status=Status.COMPLETED)


@dataclass(slots=True)
class _Unsettled:
    """The cases of a cell that have no outcome yet, and those of them that have to be tried alone (`suspects`), first of all.

    `variants` are nodeids of variants that have an outcome. A case with variants stays in `left` until a process has run to its end
    with it, because nobody outside knows how many variants it has; the next process is given `variants` to leave out.
    """

    frame: CellFrame
    emit: Emit
    left: dict[str, KeyedCase]
    variants: list[str] = field(default_factory=list)
    suspects: list[_Suspect] = field(default_factory=list)
    died_outside: bool = False

    @property
    def next_cases(self) -> Mapping[str, KeyedCase]:
        """The cases of the next process, by id."""
        cases = (self.suspects[0].case,) if self.suspects else tuple(self.left)
        return {case: self.left[case] for case in cases}

    @property
    def next_nodes(self) -> list[str]:
        """The nodeids for the next process: a single variant where only that one is to be tried alone."""
        return [self.suspects[0].node] if self.suspects else list(self.left)

    def settle(self, attempt: _Attempt, end: ProcessEnd, output: str) -> CellEnd | None:
        """Take in how a process ended; return how the cell ends where nothing more can be run in it."""
        alone = self.suspects.pop(0) if self.suspects else None
        self.variants += attempt.variants
        for case in attempt.finished:
            self.left.pop(case, None)
        self.suspects = [suspect for suspect in self.suspects if not self._settled(suspect)]
        if is_killed(end):
            # Over our limit before, and now the kernel ended it: the machine has less than the case may need.
            over = alone is not None and alone.over_memory
            trouble, message = (Trouble.MEMORY, _too_little(self.frame)) if over else (Trouble.KILLED, KILLED)
            return CellEnd(status=Status.UNAVAILABLE, trouble=trouble, message=message, evidence=output)
        stopped = [running for running in attempt.running.values() if not self._settled(running)]
        # A case that was to be tried alone as a whole may have variants: of each of these it is the first time.
        if first_time := [running for running in stopped if alone is None or running.node != alone.node]:
            return self._try_alone(first_time, alone, end, output)
        for running in stopped:
            self._settle(running, _ended(attempt.cases[running.case], running.variant, end, self.frame, output))
        if stopped:
            return None
        if end.reason is not EndReason.EXITED or end.signal:
            return self._once_more_outside(attempt, alone, end, output)
        self._settle_uncollected(attempt, alone, end, output)
        return None

    def _settled(self, node: _Running | _Suspect) -> bool:
        return node.case not in self.left or node.node in self.variants

    def _settle(self, node: _Running | _Suspect, outcome: Finished) -> None:
        """Record the outcome of a case, or of one variant: then others of the case may be still to come."""
        self.emit(outcome)
        if node.variant:
            self.variants.append(node.node)
        else:
            del self.left[node.case]

    def _try_alone(self, stopped: Sequence[_Running], alone: _Suspect | None, end: ProcessEnd, output: str) -> CellEnd | None:
        """Plan to run each case alone that was running; return how the cell ends where that can't be done."""
        over_memory = end.reason is EndReason.MEMORY
        # The limit holds for the whole process, so the running case isn't to blame before it went over it alone.
        if over_memory and free_memory() < self.frame.memory_bytes:
            message = f"{how_it_ended(end, self.frame.case_seconds, self.frame.memory_bytes)}, and {_too_little(self.frame)}"
            return CellEnd(status=Status.UNAVAILABLE, trouble=Trouble.MEMORY, message=message, evidence=output)
        suspects = [_Suspect(case=running.case, variant=running.variant, over_memory=over_memory) for running in stopped]
        self.suspects = [*suspects, *([alone] if alone else []), *self.suspects]
        return None

    def _once_more_outside(self, attempt: _Attempt, alone: _Suspect | None, end: ProcessEnd, output: str) -> CellEnd | None:
        """Plan to run once more what a process left that died outside any case; return how the cell ends if one did so before."""
        # How many variants were still to come can't be seen from outside, so a case that has some counts as unfinished.
        unfinished = not self._settled(alone) if alone else not self.left.keys().isdisjoint(attempt.cases)
        if not unfinished:
            return None
        # Over the memory limit a second time would say no more than that the limit is too low, and that is the machine's already.
        if self.died_outside or end.reason is EndReason.MEMORY:
            return _died_outside(end, self.frame, output)
        self.died_outside = True
        self.suspects = [*([alone] if alone else []), *self.suspects]
        return None

    def _settle_uncollected(self, attempt: _Attempt, alone: _Suspect | None, end: ProcessEnd, output: str) -> None:
        """Plan to run each case alone that pytest ended without running; record an error where it did so alone, never a pass."""
        for case in [case for case in attempt.cases if case in self.left]:
            node = alone or _Suspect(case=case)
            if self._settled(node):
                continue
            if not node.variant and end.code in REACHED_THE_END and any(name.startswith(f"{case}[") for name in self.variants):
                del self.left[case]  # all of its variants have an outcome
            elif alone:
                self._settle(node, _not_collected(attempt.cases[case], node.variant, end, output))
            else:
                self.suspects.append(node)


def _request(frame: CellFrame, number: int, unsettled: _Unsettled) -> CellRequest:
    work = frame.workdir / f"{frame.name}-{number}"
    return CellRequest(
        id=work.name,
        cases=unsettled.next_nodes,
        skip=list(unsettled.variants),
        rootdir=str(frame.rootdir),
        workdir=str(work),
        environ={**frame.environ, "TFHUB_CACHE_DIR": str(work / "hub")},
        toolchain=str(frame.toolchain),
        modules=frame.modules,
        workers=0 if unsettled.suspects else frame.workers,
        output=str(work / "output.txt"),
        events=str(work / "events.jsonl"),
        case_seconds=frame.case_seconds,
        memory_bytes=frame.memory_bytes,
        fence=frame.fence,
    )


async def _one_process(
    zygote: Zygote, request: CellRequest, attempt: _Attempt, prepare: Callable[[Path], None], compile_listed: CompileListed | None
) -> tuple[ProcessEnd, str]:
    """Run one process; return its end, and what was printed since the first of the cases began that were running then."""
    work, events = Path(request.workdir), Path(request.events)
    work.mkdir(parents=True)
    try:
        # A slow disk must not hold up the cells beside this one: seconds were seen for what takes milliseconds.
        await asyncio.to_thread(prepare, work)
        ended = asyncio.ensure_future(zygote.run(request))
        while not ended.done():
            # Read after each wait, and so once more after the end: the last events are written just before it.
            await asyncio.wait({ended}, timeout=TAIL_SECONDS)
            attempt.read(events)
        if compile_listed and request.fence:
            await compile_listed(Path(uncompiled_file(request)))
        start = min((running.printed for running in attempt.running.values()), default=0)
        return ended.result(), printed(Path(request.output), start)
    finally:
        await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)


def _ended(keyed: KeyedCase, variant: str, end: ProcessEnd, frame: CellFrame, output: str) -> Finished:
    """Return the outcome of a case whose process did not survive it, also alone."""
    outcome = Outcome.TIMED_OUT if end.reason is EndReason.TIMED_OUT else Outcome.CRASHED
    message = how_it_ended(end, frame.case_seconds, frame.memory_bytes)
    if end.reason is EndReason.MEMORY:
        message = f"needs more than {gib(frame.memory_bytes)} of memory, its limit, also alone in a fresh process"
    elif end.reason is EndReason.EXITED and not end.signal:
        message = f"{message} in the middle of the case"
    failure = FailureRecord.model_validate(describe_text(outcome.value, message))
    return Finished(keyed=keyed, variant=variant, outcome=outcome, seconds=0.0, message=message, evidence=output, failure=failure)


def _died_outside(end: ProcessEnd, frame: CellFrame, output: str) -> CellEnd:
    if end.reason is EndReason.TIMED_OUT:
        message = f"nothing happened outside any case for {frame.case_seconds:.0f} s"
        return CellEnd(status=Status.TIMED_OUT, message=message, evidence=output)
    if end.reason is EndReason.MEMORY:
        message = f"the process went over its memory limit ({gib(frame.memory_bytes)}) outside any case"
        return CellEnd(status=Status.UNAVAILABLE, trouble=Trouble.MEMORY, message=message, evidence=output)
    how = signal_name(end.signal) if end.signal else f"code {end.code}"
    return CellEnd(status=Status.CRASHED, message=f"the process ended by {how} outside any case", evidence=output)


def _not_collected(keyed: KeyedCase, variant: str, end: ProcessEnd, output: str) -> Finished:
    message = f"{NOT_RUN} (exit code {end.code})"
    return Finished(keyed=keyed, variant=variant, outcome=Outcome.ERROR, seconds=0.0, message=message, evidence=output)


def _too_little(frame: CellFrame) -> str:
    return f"this machine doesn't have the {gib(frame.memory_bytes)} free that it takes to try it alone"
