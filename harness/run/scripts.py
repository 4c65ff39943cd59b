"""Run a script from its task to its end: in a fresh interpreter under a guardian, as a cell without preloading is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.incell.hubmatrix_messages import Fence, ProcessEnd, ScriptRequest
from harness.run.keys import INCELL, digest, file_digest
from harness.run.output import printed
from harness.run.tasks import Script, Task
from harness.run.zygote import Zygote

IN_SCRIPT = ("script.py", "guardian.py", "hubmatrix_messages.py")
"""The in-cell code that can change how a script ends. Left out: cell.py, used for redirecting output alone, and zygote.py, which
only starts the guardian; so a change of either measures no report of a user again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFrame:
    """The folders, variables and limit that a script's process is started with.

    HOME, TMPDIR and the current folder are below `folder`, which it may share with scripts before it; `workdir` is its own.
    """

    folder: Path
    workdir: Path
    environ: Mapping[str, str]
    memory_bytes: int
    fence: Fence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedException:
    """The exception that ended a script. `kinds` are the names of its class and that class's bases."""

    kinds: tuple[str, ...]
    message: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptEnd:
    """The end of a script's process, with the exception that ended it and its output."""

    process: ProcessEnd
    exception: RaisedException | None
    output: str


def incell_digests() -> list[str]:
    """Return digests of the code that a script runs under, which has no pytest in it."""
    return [file_digest(INCELL / name) for name in IN_SCRIPT]


def script_key(task: Task[Script | None], memory_bytes: int) -> str:
    """Return the key of a script in its environment: everything that can change how it ends."""
    environment, script = task.environment, task.payload
    return digest(
        {
            "installed": [environment.lock.sha256, environment.interpreter.label, environment.settings],
            "script": [file_digest(script.path), script.seconds, memory_bytes, incell_digests()] if script else None,
            "inputs": task.inputs,
        }
    )


async def run_script(zygote: Zygote, task: Task[Script], frame: ScriptFrame, prepare: Callable[[Path], None]) -> ScriptEnd:
    """Run a script to its end. `prepare` fills `folder` (the hermetic Hub cache); both folders are the caller's to remove."""
    output, raised = frame.workdir / "output.txt", frame.workdir / "raised.json"
    frame.workdir.mkdir(parents=True)
    await asyncio.to_thread(prepare, frame.folder)
    request = ScriptRequest(
        id=frame.workdir.name,
        script=str(task.payload.path),
        folder=str(frame.folder),
        workdir=str(frame.workdir),
        environ=frame.environ,
        raised=str(raised),
        output=str(output),
        events=str(frame.workdir / "no-events"),
        case_seconds=task.payload.seconds,
        memory_bytes=frame.memory_bytes,
        fence=frame.fence,
    )
    end = await zygote.run(request)
    return ScriptEnd(process=end, exception=_exception(raised), output=printed(output))


def _exception(path: Path) -> RaisedException | None:
    """Read the exception that ended the script; None where none did, or its process died while it wrote."""
    with suppress(OSError, ValueError):
        facts = json.loads(path.read_bytes())
        return RaisedException(kinds=tuple(facts["kinds"]), message=facts["message"], evidence=facts["evidence"])
    return None
