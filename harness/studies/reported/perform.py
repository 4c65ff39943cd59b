"""One reproduction: its steps as tasks, run one after another in one work folder, and the observation.

Environments, processes and limits are those of the matrix. The next step runs only after one that ran through.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import cache as cache_of_calls
from functools import partial
from pathlib import Path

from typing_extensions import assert_never

from harness.domain import Trouble
from harness.environments.uv import Failure
from harness.incell.hubmatrix_messages import EndReason, Setup
from harness.models import cache, replicas
from harness.models.manifest import Manifest
from harness.run.ends import how_it_ended, is_killed
from harness.run.fence import fence_of
from harness.run.installed import environment_of
from harness.run.keys import INCELL, Identity, digest, file_digest
from harness.run.machine import Machine
from harness.run.records import scrub
from harness.run.scripts import ScriptEnd, ScriptFrame, incell_digests, run_script, script_key
from harness.run.tasks import Script, Task
from harness.run.zygote import running_zygote
from harness.studies.reported.model import End, Reproduction, ReproductionOutcome, Step, end_of

FOLDER = "."
"""The output of every step but the last: its whole folder, for the next step to find."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTask:
    """A step, and what the engine runs for it."""

    step: Step
    task: Task[Script | None]


def definition(machine: Machine, reproduction: Reproduction) -> str:
    """Return a digest of a reproduction as it is written: requirements, dates, scripts, models, and the code that runs them.

    It needs no lock, so that the newest observation can be found without resolving anything.
    """
    return digest(
        {
            "steps": [_step_facts(machine, step) for step in reproduction.steps],
            "incell": incell_digests(),
            "memory": machine.limits.memory_bytes,
        }
    )


def _step_facts(machine: Machine, step: Step) -> dict[str, object]:
    return {
        "requirements": step.requirements.requirements,
        "overrides": step.requirements.overrides,
        "date": str(step.day),
        "python": [step.python, step.pythons],
        "settings": step.settings,
        "script": file_digest(machine.workspace.reported / step.script) if step.script else None,
        # By handle and files: what else a manifest says can't change how a script ends.
        "models": [[manifest.handle, manifest.tree_sha256] for manifest in map(_manifest, step.models)],
        "seconds": step.seconds,
    }


def tasks_of(machine: Machine, reproduction: Reproduction, identities: tuple[Identity, ...]) -> tuple[StepTask, ...]:
    """Return the tasks of a reproduction. The folder that a step leaves is an input of the next, by the key of its task."""
    tasks: list[StepTask] = []
    last = len(reproduction.steps) - 1
    for number, (step, identity) in enumerate(zip(reproduction.steps, identities, strict=True)):
        models = [digest([manifest.handle, manifest.tree_sha256]) for manifest in map(_manifest, step.models)]
        before = [script_key(tasks[-1].task, machine.limits.memory_bytes)] if tasks else []
        script = Script(path=machine.workspace.reported / step.script, seconds=step.seconds) if step.script else None
        outputs = (FOLDER,) if number < last else ()
        tasks.append(
            StepTask(step=step, task=Task(environment=identity, payload=script, inputs=(*models, *before), outputs=outputs))
        )
    return tuple(tasks)


def reproduction_key(machine: Machine, tasks: tuple[StepTask, ...]) -> str:
    """Return a digest of everything that can change the observation: the last task's key, which holds those of earlier steps."""
    return script_key(tasks[-1].task, machine.limits.memory_bytes)


# Cached, since `replicas.find_replica` digests the whole archive and most reports ask for the same few models.
@cache_of_calls
def _manifest(model: str) -> Manifest:
    return replicas.find_replica(model).manifest


def refused(failure: Failure, number: int) -> ReproductionOutcome:
    """Return the observation of a step whose environment failed."""
    return ReproductionOutcome(
        end=end_of(failure.status), step=number, message=failure.message, evidence=failure.evidence, trouble=failure.trouble
    )


async def perform(machine: Machine, tasks: tuple[StepTask, ...], work: Path) -> ReproductionOutcome:
    """Run all steps, the next only after one that ran through. `work` is removed afterwards."""
    started = time.monotonic()
    observed = ReproductionOutcome(end=End.FINISHED, step=0)
    try:
        for number, step in enumerate(tasks):
            observed = await _run_step(machine, step, work, number)
            if observed.end is not End.FINISHED:
                break
    finally:
        # In a thread: on a slow disk it would hold up the other reproductions.
        await asyncio.to_thread(shutil.rmtree, work, ignore_errors=True)
    return replace(observed, seconds=round(time.monotonic() - started, 3))


async def _run_step(machine: Machine, step_task: StepTask, work: Path, number: int) -> ReproductionOutcome:
    identity, script = step_task.task.environment, step_task.task.payload
    async with AsyncExitStack() as stack:
        environment = await stack.enter_async_context(environment_of(machine, identity))
        if isinstance(environment, Failure):
            return refused(environment, number)
        if script is None:
            return ReproductionOutcome(end=End.FINISHED, step=number)
        room = work / f"step-{number}"
        room.mkdir(parents=True)
        # Nothing is imported in advance: the import may be what fails.
        fence = fence_of(machine.fence, machine.workspace, (), connects=serves(script.path))
        setup = Setup(modules=(), toolchain="", preload=False, work=str(work), fence=fence)
        python, log, seconds = environment.python, room / "zygote.txt", machine.limits.import_seconds
        zygote = await stack.enter_async_context(running_zygote(python, setup, dict(identity.settings), log, timeout=seconds))
        if isinstance(zygote, Failure):
            return refused(zygote, number)
        frame = ScriptFrame(
            folder=work,
            workdir=room / "process",
            environ={"TFHUB_CACHE_DIR": str(work / "hub")},
            memory_bytes=machine.limits.memory_bytes,
            fence=fence,
        )
        task = Task(environment=identity, payload=script, inputs=step_task.task.inputs, outputs=step_task.task.outputs)
        end = await run_script(zygote, task, frame, partial(_bring_models, step_task.step))
        roots = _roots(machine, work, environment.path, identity)
        return _observed(end, number, script.seconds, machine.limits.memory_bytes, roots)


def serves(script: Path) -> bool:
    """Return whether a script starts a server of its own, which it then asks at a port that nobody can know before."""
    return "http.server" in script.read_text(encoding="utf-8")


def _bring_models(step: Step, work: Path) -> None:
    cache.fill(work / "hub", [replicas.find_replica(model) for model in step.models])


def _observed(end: ScriptEnd, number: int, seconds: float, memory_bytes: int, roots: Mapping[str, str]) -> ReproductionOutcome:
    """Return the observation that a script's end amounts to."""
    process, output = end.process, scrub(end.output, roots)
    seen = ReproductionOutcome(end=End.FINISHED, step=number, output=output)
    ended = how_it_ended(process, seconds, memory_bytes)
    # Killed from outside: that says nothing about the software.
    if is_killed(process):
        return replace(seen, end=End.UNAVAILABLE, trouble=Trouble.KILLED, message=ended)
    match process.reason:
        case EndReason.TIMED_OUT:
            return replace(seen, end=End.HUNG, message=ended)
        case EndReason.MEMORY:
            return replace(seen, end=End.OUT_OF_MEMORY, message=ended)
        case EndReason.EXITED | EndReason.LOST | EndReason.ENDED:
            if raised := end.exception:
                message, evidence = scrub(raised.message, roots), scrub(raised.evidence, roots)
                return replace(seen, end=End.RAISED, kinds=raised.kinds, message=message, evidence=evidence)
            return replace(seen, end=End.CRASHED, message=ended) if process.signal or process.code else seen
        case _:
            assert_never(process.reason)


def _roots(machine: Machine, work: Path, venv: Path, identity: Identity) -> dict[str, str]:
    """Return the texts that replace folders and the name of this machine in records."""
    roots = {str(Path.home()): "~", str(INCELL.parent): "$HUBMATRIX", str(machine.workspace.root): "."}
    roots |= {str(venv): "$VENV", str(identity.interpreter.path.parent.parent): "$PYTHON", str(work): "$WORK"}
    # "Op type not registered … in binary running on <the machine's name>"
    roots |= {f"running on {platform.node()}": "running on $HOST"}
    return roots | {os.path.relpath(venv, work / "cwd"): "$VENV"}
