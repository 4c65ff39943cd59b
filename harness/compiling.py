"""`hubmatrix compiler`: the TPU compiler for a person's own hands."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.compiler import environment, service
from harness.environments import disk
from harness.environments import uv as uv_tool
from harness.environments.uv import Failure
from harness.environments.venv import Venv
from harness.errors import MachineError
from harness.run.prepare import machine_interpreters
from harness.workspace import Workspace


def serve(places: Workspace, *, port: int, as_json: bool, tell: Callable[[str], None]) -> None:
    """Serve until Ctrl-C. `tell` gets one text, once the address answers."""
    with at_hand(places) as compiler:
        try:
            with service.serving(compiler, port=port) as address:
                facts = {"format": 1, "address": address}
                tell(json.dumps(facts) if as_json else _text(address))
                while True:
                    time.sleep(3600)
        except KeyboardInterrupt:
            return
        except OSError as error:
            raise MachineError(f"can't listen: {error.strerror}", place=f"port {port}", hint="0 takes a free one") from error


@contextmanager
def at_hand(places: Workspace) -> Iterator[service.Compiler]:
    """The compiler, its environment made now if it isn't there. MachineError where it can't be had."""
    made = asyncio.run(_environment(places))
    if isinstance(made, Failure):
        raise MachineError(made.message, hint=made.evidence.strip().splitlines()[-1] if made.evidence.strip() else "")
    places.work.mkdir(parents=True, exist_ok=True)
    with disk.in_use(made.path), tempfile.TemporaryDirectory(dir=places.work, prefix="tpu-compiler-") as workdir:
        yield service.compiler_in(made, places, Path(workdir))


async def _environment(places: Workspace) -> Venv | Failure:
    return await environment.ensure(uv_tool.find(), places, await machine_interpreters())


def _text(address: str) -> str:
    return f"""{address} compiles for TPUs, until Ctrl-C:

    python -m pytest cases/compiling --tpu-compiler {address} --device tpu-v5e ..."""
