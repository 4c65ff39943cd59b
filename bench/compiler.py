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
from bench.commands import PAYLOAD, ROOT, output, tell
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
class Compilations:
    """`started` is the time until the worker could be asked, `again` that of a question whose answer is kept."""

    started: float
    again: float
    compiled: tuple[Compiled, ...]


def measure(base: Path, versions: Sequence[str]) -> Compilations:
    """Compile every encoder of every version for every chip, once, with an empty store."""
    chosen = f"install=as-released and keras=default and text=without and tensorflow in ({', '.join(versions)})"
    programs = {
        (request.release.version, path.stem): path
        for request, identity in subject.identify(Workspace(root=base), chosen)
        for path in _programs(base, request.release.version, _venv(identity))
    }
    compiler_venv = asyncio.run(_compilers_venv())
    supervisor = Supervisor(command=(compiler_venv.python, "-I", environment.WORKER), workdir=base / "compiler")
    compiler = service.Compiler(
        supervisor=supervisor, store=AnswerStore(folder=base / "kept", compiler=environment.compiler_digest())
    )
    return asyncio.run(_compile(compiler, programs))


async def _compile(compiler: service.Compiler, programs: Mapping[tuple[str, str], Path]) -> Compilations:
    started = time.monotonic()
    await compiler.warm_up()
    until_ready = time.monotonic() - started
    compiled = []
    try:
        for (version, model), path in programs.items():
            for chip in CHIPS:
                answer, elapsed = await _ask(compiler, path, chip)
                tell(f"{version} {model} {chip}: {answer.outcome.value} in {answer.seconds:.2f} s")
                facts = {"outcome": answer.outcome.value, "program": answer.program, "reused": answer.reused}
                times = {"seconds": answer.seconds, "answered": elapsed}
                compiled.append(Compiled(tensorflow=version, model=model, chip=chip, **facts, **times))  # type: ignore[arg-type]
        _, again = await _ask(compiler, next(iter(programs.values())), next(iter(CHIPS)))
    finally:
        await compiler.close()
    return Compilations(started=until_ready, again=again, compiled=tuple(compiled))


async def _ask(compiler: service.Compiler, path: Path, chip: str) -> tuple[CompilerAnswer, float]:
    started = time.monotonic()
    answer = await compiler.answer(json.dumps({"op": "compile", "hlo": str(path), "chip": chip}).encode())
    return answer, time.monotonic() - started


def _programs(base: Path, version: str, environment_venv: venv.Venv) -> list[Path]:
    tell(f"{version}: asking TensorFlow for programs")
    chosen = [replica for replica in replicas.every() if replica.manifest.interface in ENCODERS]
    folder = base / "programs" / version
    folder.mkdir(parents=True)
    cache.fill(base / "hub", chosen)
    manifests = [replicas.manifest_path(replica.manifest.id) for replica in chosen]
    environ = {"TFHUB_CACHE_DIR": str(base / "hub"), "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    output([environment_venv.python, "-I", PAYLOAD / "hlo.py", folder, *manifests], cwd=base, env=environ)
    return sorted(folder.iterdir())


def _venv(identity: Any) -> venv.Venv:
    workspace = Workspace(root=ROOT)
    return _require(
        asyncio.run(
            venv.ensure_venv(
                uv_tool.find_uv(), workspace.venvs, workspace.bytecode, identity.lock, identity.interpreter, timeout=1800
            )
        )
    )


async def _compilers_venv() -> venv.Venv:
    return _require(await environment.ensure_compiler(uv_tool.find_uv(), Workspace(root=ROOT), await machine_interpreters()))


def _require(result: venv.Venv | Failure) -> venv.Venv:
    if isinstance(result, Failure):
        raise MachineError(result.message)
    return result


def as_json(measured: Compilations) -> dict[str, Any]:
    """Return format 1: the seconds of each compile."""
    rows = [{name: getattr(program, name) for name in Compiled.__slots__} for program in measured.compiled]
    ends = {"started_seconds": round(measured.started, 3), "again_seconds": round(measured.again, 4)}
    return {"format": 1, "benchmark": "compiler", "target_seconds": TARGET_SECONDS, **ends, "compiled": rows}


def as_text(measured: Compilations) -> str:
    """Return a row for each chip, then one for all."""
    fresh = [program for program in measured.compiled if program.outcome == "compiled" and not program.reused]
    lines = [f"{'chip':<8}{'programs':>9}{'median s':>10}{'worst s':>9}{'answered, median s':>20}"]
    for chip in (*CHIPS, "all"):
        rows = [program for program in fresh if chip in (program.chip, "all")]
        if rows:
            seconds, answered = [program.seconds for program in rows], [program.answered for program in rows]
            lines.append(f"{chip:<8}{len(rows):>9}{median(seconds):>10.2f}{max(seconds):>9.2f}{median(answered):>20.2f}")
    other = len(measured.compiled) - len(fresh)
    lines.append(
        f"worker ready after {measured.started:.1f} s; a kept answer takes {measured.again * 1000:.0f} ms; "
        f"{other} others reused or refused"
    )
    return "\n".join([*lines, f"target: a median under {TARGET_SECONDS:.0f} s"])
