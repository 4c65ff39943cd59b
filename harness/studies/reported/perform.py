"""One reproduction from its locks to what happened: every step in an environment of its own, all in one work folder.

Locks, environments and processes are those of the matrix: the same caches, limits and words.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache as cache_of_calls
from pathlib import Path
from typing import Any

from harness.base.process import FOR_CELLS, run_async, signal_name
from harness.base.workspace import Workspace
from harness.domain import Limits, Status, Trouble
from harness.environments import bytecode, disk, interpreters, lock, venv
from harness.environments.interpreters import Interpreter
from harness.environments.lock import Lock
from harness.environments.uv import Failure
from harness.models import cache, replicas
from harness.models.manifest import Manifest
from harness.run.keys import digest
from harness.run.prepare import NO_GPU
from harness.run.records import scrub
from harness.studies.reported.model import End, Observed, Reproduction, Step, end_of

SCRIPT = Path(__file__).parent.parent.parent / "incell" / "script.py"
IN_CELL = ("script.py", "guardian.py")
"""What can change how a script ends; of cell.py only the redirection of output is used."""
GRACE_SECONDS = 10.0
OUTPUT_BYTES = 200_000
Ready = tuple[Lock, Interpreter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every reproduction works with. `scripts` is the folder of the list."""

    uv: Path
    place: Workspace
    scripts: Path
    limits: Limits
    found: Mapping[str, Interpreter]


async def locked(bench: Bench, step: Step, *, refresh: bool) -> Ready | Failure:
    """Interpreter and lock of a step."""
    interpreter = interpreters.choose(step.pythons, step.python, bench.found)
    if interpreter is None:
        message = f"no CPython {step.python or ' or '.join(reversed(step.pythons))} on this machine"
        return Failure(status=Status.UNAVAILABLE, trouble=Trouble.INTERPRETER, message=message, evidence=message)
    answer = await lock.resolve_wanted(bench.uv, bench.place.locks, step.wanted, interpreter, refresh=refresh)
    return answer if isinstance(answer, Failure) else (answer, interpreter)


def definition(bench: Bench, reproduction: Reproduction) -> str:
    """Digest of how it is asked for: requirements, dates, scripts, models, the code that runs them. No lock is needed for it."""
    return digest(
        {
            "steps": [_asked(bench, step) for step in reproduction.steps],
            "incell": [_sha256(SCRIPT.with_name(name)) for name in IN_CELL],
            "memory": bench.limits.memory_bytes,
        }
    )


def key(bench: Bench, reproduction: Reproduction, ready: tuple[Ready, ...]) -> str:
    """Digest of everything that can change what happens."""
    installed = [[one.sha256, interpreter.label] for one, interpreter in ready]
    return digest({"definition": definition(bench, reproduction), "installed": installed})


def _asked(bench: Bench, step: Step) -> dict[str, Any]:
    return {
        "requirements": step.wanted.requirements,
        "overrides": step.wanted.overrides,
        "date": str(step.day),
        "python": [step.python, step.pythons],
        "settings": step.settings,
        "script": _sha256(bench.scripts / step.script) if step.script else None,
        "models": [[one.handle, one.tree_sha256] for one in map(_manifest, step.models)],
        "seconds": step.seconds,
    }


@cache_of_calls
def _manifest(model: str) -> Manifest:
    return replicas.find(model).manifest


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refused(failure: Failure, step: int) -> Observed:
    """What is observed where an environment can't be had."""
    return Observed(
        end=end_of(failure.status), step=step, message=failure.message, evidence=failure.evidence, trouble=failure.trouble
    )


async def perform(bench: Bench, reproduction: Reproduction, ready: tuple[Ready, ...], work: Path) -> Observed:
    """Run all steps, the next only after one that ran through. `work` is removed afterwards."""
    started = time.monotonic()
    observed = Observed(end=End.FINISHED, step=0)
    try:
        for number, (step, (known, interpreter)) in enumerate(zip(reproduction.steps, ready, strict=True)):
            observed = await _step(bench, step, known, interpreter, work, number)
            if observed.end is not End.FINISHED:
                break
    finally:
        await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)
    return replace(observed, seconds=round(time.monotonic() - started, 3))


async def _step(bench: Bench, step: Step, known: Lock, interpreter: Interpreter, work: Path, number: int) -> Observed:
    place, limits = bench.place, bench.limits
    await disk.evict(bench.uv, (place.venvs, place.companions), place.bytecode, wanted_bytes=limits.free_disk_bytes)
    with disk.in_use(venv.place(place.venvs, known, interpreter)):
        made = await venv.ensure(bench.uv, place.venvs, place.bytecode, known, interpreter, timeout=limits.install_seconds)
        if isinstance(made, Failure):
            return refused(made, number)
        if step.script is None:
            return Observed(end=End.FINISHED, step=number)
        room = work / f"step-{number}"
        request = await asyncio.to_thread(_prepare, bench, step, work, room)
        env = {**NO_GPU, "HOME": str(work / "home"), "TMPDIR": str(work / "tmp"), **dict(step.settings)}
        argv: list[str | Path] = [made.python, "-I", SCRIPT, request]
        env = {"TFHUB_CACHE_DIR": str(work / "hub"), **env}
        done = await run_async(argv, timeout=step.seconds + GRACE_SECONDS, env=env, cwd=work, allowed=FOR_CELLS)
        await asyncio.to_thread(bytecode.keep, place.bytecode, made.site_packages, known, interpreter)
        return _observed(room, number, step, done.stderr, _roots(bench, work, made.path, interpreter))


def _prepare(bench: Bench, step: Step, work: Path, room: Path) -> Path:
    room.mkdir(parents=True)
    for name in ("home", "tmp", "cwd"):
        (work / name).mkdir(exist_ok=True)
    cache.fill(work / "hub", [replicas.find(model) for model in step.models])
    request = {
        "id": room.name,
        "script": str(bench.scripts / step.script) if step.script else "",
        "workdir": str(work),
        "output": str(room / "output.txt"),
        "raised": str(room / "raised.json"),
        "events": str(room / "no-events"),
        "limits": {"case_seconds": step.seconds, "memory_bytes": bench.limits.memory_bytes},
    }
    path = room / "request.json"
    path.write_text(json.dumps(request), encoding="utf-8")
    return path


def _observed(room: Path, number: int, step: Step, said: str, roots: Mapping[str, str]) -> Observed:
    """Read what the guardian and the script left behind."""
    verdict = _json(room.parent / "verdict.json")
    (room.parent / "verdict.json").unlink(missing_ok=True)
    raised = _json(room / "raised.json")
    output = scrub(_tail(room / "output.txt") or said, roots)
    seen = Observed(end=End.FINISHED, step=number, output=output)
    match verdict.get("reason"):
        case "timed_out":
            return replace(seen, end=End.HUNG, message=f"still running after {step.seconds:.0f} s")
        case "memory":
            return replace(seen, end=End.OUT_OF_MEMORY, message="used more memory than its limit")
        case "exited" if raised:
            message, evidence = scrub(raised["message"], roots), scrub(raised["evidence"], roots)
            return replace(seen, end=End.RAISED, kinds=tuple(raised["kinds"]), message=message, evidence=evidence)
        case "exited" if verdict["signal"]:
            return replace(seen, end=End.CRASHED, message=f"the interpreter was ended by {signal_name(verdict['signal'])}")
        case "exited" if verdict["code"]:
            return replace(seen, end=End.CRASHED, message=f"the interpreter exited with code {verdict['code']}")
        case "exited":
            return seen
        case _:
            message = "killed from outside: the machine ran out of memory, or somebody ended it"
            return replace(seen, end=End.UNAVAILABLE, trouble=Trouble.KILLED, message=message)


def _roots(bench: Bench, work: Path, environment: Path, interpreter: Interpreter) -> dict[str, str]:
    roots = {str(Path.home()): "~", str(SCRIPT.parent.parent): "$HUBMATRIX", str(bench.place.root): "."}
    roots |= {str(environment): "$VENV", str(interpreter.path.parent.parent): "$PYTHON", str(work): "$WORK"}
    # "Op type not registered … in binary running on <the machine's name>"
    roots |= {f"running on {platform.node()}": "running on $HOST"}
    return roots | {os.path.relpath(environment, work / "cwd"): "$VENV"}


def _json(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        return dict(json.loads(path.read_bytes()))
    return {}


def _tail(path: Path) -> str:
    with suppress(OSError), path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - OUTPUT_BYTES))
        return file.read().decode("utf-8", "replace")
    return ""
