"""`compiler`: how long the TPU compiler takes for the forward pass of each replica, on each chip, in one warm worker."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import subject
from bench.place import PAYLOAD, ROOT, output, tell
from harness.base.errors import MachineError
from harness.base.workspace import Workspace
from harness.domain import Interface
from harness.environments import uv as uv_tool
from harness.environments import venv
from harness.environments.uv import Failure
from harness.models import cache, replicas
from harness.run.machine import machine_interpreters
from harness.services.tpu_compiler import environment, service
from harness.services.tpu_compiler.answer_store import AnswerStore
from harness.services.tpu_compiler.answers import CompilerAnswer
from harness.services.tpu_compiler.chips import CHIPS
from harness.services.tpu_compiler.supervisor import Supervisor

TARGET_SECONDS = 1.0
ENCODERS = (Interface.DICT, Interface.LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """One program on one chip. `seconds` in the compiler; `answered` from question to answer, as a case sees it."""

    tensorflow: str
    model: str
    chip: str
    outcome: str
    program: str
    reused: bool
    seconds: float
    answered: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """`started` is the time until the worker could be asked, `again` that of a question whose answer is kept."""

    started: float
    again: float
    compiled: tuple[Compiled, ...]


def measure(base: Path, versions: Sequence[str]) -> Done:
    """Every encoder of every version for every chip, once, with nothing kept before."""
    chosen = f"install=as-released and keras=default and text=without and tensorflow in ({', '.join(versions)})"
    programs = {
        (request.release.version, path.stem): path
        for request, identity in subject.identify(Workspace(root=base), chosen)
        for path in _programs(base, request.release.version, _venv(identity))
    }
    made = asyncio.run(_compilers_venv())
    supervisor = Supervisor(command=(made.python, "-I", environment.WORKER), workdir=base / "compiler")
    compiler = service.Compiler(
        supervisor=supervisor, store=AnswerStore(folder=base / "kept", compiler=environment.compiler_digest())
    )
    return asyncio.run(_compile(compiler, programs))


async def _compile(compiler: service.Compiler, programs: Mapping[tuple[str, str], Path]) -> Done:
    started = time.monotonic()
    await compiler.warm_up()
    until_ready = time.monotonic() - started
    found = []
    try:
        for (version, model), path in programs.items():
            for chip in CHIPS:
                answer, taken = await _ask(compiler, path, chip)
                tell(f"{version} {model} {chip}: {answer.outcome.value} in {answer.seconds:.2f} s")
                told = {"outcome": answer.outcome.value, "program": answer.program, "reused": answer.reused}
                times = {"seconds": answer.seconds, "answered": taken}
                found.append(Compiled(tensorflow=version, model=model, chip=chip, **told, **times))  # type: ignore[arg-type]
        _, again = await _ask(compiler, next(iter(programs.values())), next(iter(CHIPS)))
    finally:
        await compiler.close()
    return Done(started=until_ready, again=again, compiled=tuple(found))


async def _ask(compiler: service.Compiler, path: Path, chip: str) -> tuple[CompilerAnswer, float]:
    started = time.monotonic()
    answer = await compiler.answer(json.dumps({"op": "compile", "hlo": str(path), "chip": chip}).encode())
    return answer, time.monotonic() - started


def _programs(base: Path, version: str, made: venv.Venv) -> list[Path]:
    tell(f"{version}: asking TensorFlow for programs")
    chosen = [one for one in replicas.every() if one.manifest.interface in ENCODERS]
    folder = base / "programs" / version
    folder.mkdir(parents=True)
    cache.fill(base / "hub", chosen)
    manifests = [replicas.manifest_path(one.manifest.id) for one in chosen]
    environ = {"TFHUB_CACHE_DIR": str(base / "hub"), "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    output([made.python, "-I", PAYLOAD / "hlo.py", folder, *manifests], cwd=base, env=environ)
    return sorted(folder.iterdir())


def _venv(identity: Any) -> venv.Venv:
    places = Workspace(root=ROOT)
    return _had(
        asyncio.run(venv.ensure(uv_tool.find(), places.venvs, places.bytecode, identity.lock, identity.interpreter, timeout=1800))
    )


async def _compilers_venv() -> venv.Venv:
    return _had(await environment.ensure_compiler(uv_tool.find(), Workspace(root=ROOT), await machine_interpreters()))


def _had(made: venv.Venv | Failure) -> venv.Venv:
    if isinstance(made, Failure):
        raise MachineError(made.message)
    return made


def as_json(done: Done) -> dict[str, Any]:
    """Format 1. Seconds of each compile."""
    rows = [{name: getattr(one, name) for name in Compiled.__slots__} for one in done.compiled]
    ends = {"started_seconds": round(done.started, 3), "again_seconds": round(done.again, 4)}
    return {"format": 1, "benchmark": "compiler", "target_seconds": TARGET_SECONDS, **ends, "compiled": rows}


def as_text(done: Done) -> str:
    """A row a chip, then all of them."""
    fresh = [one for one in done.compiled if one.outcome == "compiled" and not one.reused]
    lines = [f"{'chip':<8}{'programs':>9}{'median s':>10}{'worst s':>9}{'answered, median s':>20}"]
    for chip in (*CHIPS, "all"):
        rows = [one for one in fresh if chip in (one.chip, "all")]
        if rows:
            seconds, answered = [one.seconds for one in rows], [one.answered for one in rows]
            lines.append(f"{chip:<8}{len(rows):>9}{median(seconds):>10.2f}{max(seconds):>9.2f}{median(answered):>20.2f}")
    other = len(done.compiled) - len(fresh)
    lines.append(
        f"worker ready after {done.started:.1f} s; a kept answer takes {done.again * 1000:.0f} ms; {other} others reused or refused"
    )
    return "\n".join([*lines, f"target: a median under {TARGET_SECONDS:.0f} s"])
