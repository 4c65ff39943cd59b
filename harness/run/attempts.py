"""One cell, from its tasks to its records: a process for all of them, a new one after each crash.

The running case of a process that died is recorded as crashed or timed_out; the cases after it run in a new process. A
process that dies outside any case gives the cell its status, and the cases that are left stay not_run.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.base.process import signal_name
from harness.domain import Outcome, Status, Trouble
from harness.incell.hubmatrix_failure import describe_text
from harness.results.format import Failure
from harness.run.assign import CellEnd, CellJob, Task
from harness.run.zygote import Verdict, Zygote

TAIL_SECONDS = 0.1
OUTPUT_BYTES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A case (or a variant of it) that has an outcome. `cpu_seconds` is None where its process did not live to tell."""

    task: Task
    variant: str
    outcome: Outcome
    seconds: float
    message: str
    evidence: str
    cpu_seconds: float | None = None
    measured: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None
    unmet: tuple[str, ...] = ()
    peak_memory_bytes: int | None = None


Emit = Callable[[Finished], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """A case that was started, and how much had been printed by then."""

    case: str
    variant: str
    printed: int

    @property
    def node(self) -> str:
        return f"{self.case}[{self.variant}]" if self.variant else self.case


@dataclass(slots=True)
class _Attempt:
    """What one process of the cell has told so far. `running` is by worker: one, or as many as pytest-xdist has."""

    tasks: Mapping[str, Task]
    emit: Emit
    offset: int = 0
    rest: bytes = b""
    running: dict[str, _Running] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    variants: list[str] = field(default_factory=list)

    def read(self, events: Path) -> None:
        """Take in the events written since the last look."""
        with suppress(FileNotFoundError), events.open("rb") as file:
            file.seek(self.offset)
            data = file.read()
            self.offset += len(data)
            *whole, self.rest = (self.rest + data).split(b"\n")
            for line in whole:
                self._take(json.loads(line))

    def _take(self, event: Mapping[str, Any]) -> None:
        match event["event"]:
            case "started":
                self.running[event["worker"]] = _Running(case=event["case"], variant=event["variant"], printed=int(event["output"]))
            case "finished":
                self.running.pop(event["worker"], None)
                self._finish(event["case"], event)
            case "not_collected":
                inside = [case for case in self.tasks if case == event["case"] or case.startswith(event["case"] + "::")]
                for case in inside or list(self.tasks):
                    self._finish(case, {**event, "outcome": Outcome.ERROR.value, "seconds": "0", "variant": ""})
            case other:
                raise ValueError(f"the recorder wrote an event that nobody knows: {other}")

    def _finish(self, case: str, event: Mapping[str, Any]) -> None:
        if task := self.tasks.get(case):
            self.told.add(case)
            if event["variant"]:
                self.variants.append(f"{case}[{event['variant']}]")
            outcome, seconds = Outcome(event["outcome"]), float(event["seconds"])
            self.emit(
                Finished(
                    task=task,
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


def _failure(event: Mapping[str, Any], outcome: Outcome) -> Failure | None:
    """Return what failed; of a file that can't be collected there are pytest's words alone."""
    if outcome not in (Outcome.FAILED, Outcome.ERROR):
        return None
    described = event.get("failure") or describe_text("not_collected", event["message"])
    return Failure.model_validate(described)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every process of a cell is started with."""

    workdir: Path
    rootdir: Path
    toolchain: Path
    modules: tuple[str, ...]
    environ: Mapping[str, str]
    case_seconds: float
    memory_bytes: int
    workers: int


async def run_cell(zygote: Zygote, job: CellJob, frame: Frame, prepare: Callable[[Path], None], emit: Emit) -> CellEnd:
    """Run all tasks of a job. `prepare` fills a fresh work folder (the hermetic Hub cache)."""
    left = {task.case.id: task for task in job.tasks}
    done_variants: list[str] = []
    number = 0
    while left:
        number += 1
        attempt = _Attempt(tasks=dict(left), emit=emit)
        verdict, output = await _one_process(zygote, job.cell.id, number, attempt, frame, prepare, done_variants)
        stopped = tuple(attempt.running.values())
        done_variants += attempt.variants
        again = {one.case for one in stopped}
        left = {case: task for case, task in left.items() if case not in attempt.told or case in again}
        if verdict.reason == "lost" or (verdict.reason == "exited" and verdict.signal == signal.SIGKILL):
            return CellEnd(status=Status.UNAVAILABLE, trouble=Trouble.KILLED, message=KILLED, evidence=output)
        for one in stopped:
            emit(_ended(attempt.tasks[one.case], one.variant, verdict, frame, output))
            done_variants.append(one.node)
            if not one.variant:
                del left[one.case]
        if stopped:
            continue
        if verdict.reason != "exited" or verdict.signal:
            # Variants that were still to come can't be told from outside, so a case that has some counts as unfinished.
            return _died_outside(verdict, frame, output) if left or attempt.variants else CellEnd(status=Status.COMPLETED)
        for case, task in left.items():
            if not any(variant.startswith(f"{case}[") for variant in done_variants):
                emit(_not_collected(task, verdict, output))
        left = {}
    return CellEnd(status=Status.COMPLETED)


KILLED = "killed from outside (SIGKILL): the machine ran out of memory, or somebody ended it"


async def _one_process(
    zygote: Zygote, cell: str, number: int, attempt: _Attempt, frame: Frame, prepare: Callable[[Path], None], skip: list[str]
) -> tuple[Verdict, str]:
    work = frame.workdir / f"{cell}-{number}"
    work.mkdir(parents=True)
    events = work / "events.jsonl"
    output = work / "output.txt"
    request = {
        "id": work.name,
        "cases": list(attempt.tasks),
        "rootdir": str(frame.rootdir),
        "workdir": str(work),
        "environ": {**frame.environ, "TFHUB_CACHE_DIR": str(work / "hub")},
        "skip": list(skip),
        "toolchain": str(frame.toolchain),
        "modules": list(frame.modules),
        "workers": frame.workers,
        "events": str(events),
        "output": str(output),
        "limits": {"case_seconds": frame.case_seconds, "memory_bytes": frame.memory_bytes},
    }
    try:
        # A slow disk must not hold up the cells beside this one: seconds were seen for what takes milliseconds.
        await asyncio.to_thread(prepare, work)
        ended = asyncio.ensure_future(zygote.run(request))
        while not ended.done():
            await asyncio.wait({ended}, timeout=TAIL_SECONDS)
            attempt.read(events)
        return ended.result(), _printed(output, min((one.printed for one in attempt.running.values()), default=0))
    finally:
        await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)


def _printed(output: Path, start: int) -> str:
    """What was printed since `start`: by the case that was running, or by the whole process."""
    with suppress(FileNotFoundError), output.open("rb") as file:
        file.seek(max(start, file.seek(0, 2) - OUTPUT_BYTES))
        return file.read().decode("utf-8", "replace")
    return ""


def _ended(task: Task, variant: str, verdict: Verdict, frame: Frame, output: str) -> Finished:
    """The outcome of a case whose process did not survive it."""
    outcome = Outcome.CRASHED
    if verdict.reason == "timed_out":
        outcome, message = Outcome.TIMED_OUT, f"still running after {frame.case_seconds:.0f} s"
    elif verdict.reason == "memory":
        message = f"used {_gib(verdict.peak_bytes)} of memory, the limit is {_gib(frame.memory_bytes)}"
    elif frame.workers and not verdict.signal:
        message = "the interpreter of its pytest-xdist worker died"
    elif verdict.signal:
        message = f"the interpreter was ended by {signal_name(verdict.signal)}"
    else:
        message = f"the interpreter exited with code {verdict.code} in the middle of the case"
    failure = Failure.model_validate(describe_text(outcome.value, message))
    return Finished(task=task, variant=variant, outcome=outcome, seconds=0.0, message=message, evidence=output, failure=failure)


def _died_outside(verdict: Verdict, frame: Frame, output: str) -> CellEnd:
    if verdict.reason == "timed_out":
        message = f"nothing happened outside any case for {frame.case_seconds:.0f} s"
        return CellEnd(status=Status.TIMED_OUT, message=message, evidence=output)
    how = f"by {signal_name(verdict.signal)}" if verdict.signal else f"over its memory limit ({_gib(frame.memory_bytes)})"
    return CellEnd(status=Status.CRASHED, message=f"the process ended {how} outside any case", evidence=output)


def _not_collected(task: Task, verdict: Verdict, output: str) -> Finished:
    message = f"pytest did not run this case (exit code {verdict.code})"
    return Finished(task=task, variant="", outcome=Outcome.ERROR, seconds=0.0, message=message, evidence=output)


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
