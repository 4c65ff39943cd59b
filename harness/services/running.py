"""Services that run beside the cells, from the first to the last, because some of their cases ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from typing_extensions import assert_never

from harness.base.workspace import Workspace
from harness.domain import Limits, Service
from harness.environments import disk
from harness.environments.interpreters import Interpreter
from harness.environments.uv import Failure
from harness.environments.venv import Venv
from harness.models import replicas
from harness.services.hub_server import server
from harness.services.tpu_compiler import environment as compiler_environment
from harness.services.tpu_compiler import service as compiler_service
from harness.services.tpu_compiler import supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """`environ` tells cells the addresses of services. `names` replaces addresses in records, for they differ from run to run."""

    environ: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


async def environments(
    needed: Iterable[Service], uv: Path, workspace: Workspace, installed: Mapping[str, Interpreter]
) -> Mapping[Service, Venv | Failure]:
    """Create the virtual environment of each needed service that has one. Returns the venv, or the failure, by service."""
    if Service.TPU_COMPILER not in needed:
        return {}
    return {Service.TPU_COMPILER: await compiler_environment.ensure_compiler(uv, workspace, installed)}


@contextmanager
def running(
    needed: Iterable[Service], venvs: Mapping[Service, Venv | Failure], workspace: Workspace, workdir: Path, limits: Limits
) -> Iterator[Running]:
    """Run the needed services in threads of this process until the block ends. `workdir` is theirs."""
    environ: dict[str, str] = {}
    names: dict[str, str] = {}
    with ExitStack() as stack:
        for service in sorted(set(needed)):
            match service:
                case Service.HUB_SERVER:
                    address = stack.enter_context(server.serving(server.archives_of(replicas.every()))).address
                    environ["HUBMATRIX_HUB_SERVER"] = address
                    # Some messages have the address without its scheme.
                    names |= {address: "$HUB", address.removeprefix("http://"): "$HUB"}
                case Service.TPU_COMPILER:
                    folder = workdir / "tpu-compiler"
                    address = stack.enter_context(_compiler(venvs[service], workspace, folder, limits))
                    environ["HUBMATRIX_TPU_COMPILER"] = address
                    # Cases get the names of files in it as answers. A variable's folder is open inside the fence (run/fence.py).
                    environ["HUBMATRIX_TPU_OUTPUTS"] = str(compiler_service.outputs_of(folder))
                    names[address] = "$COMPILER"
                case _:
                    assert_never(service)
        yield Running(environ=environ, names=names)


@contextmanager
def _compiler(venv: Venv | Failure, workspace: Workspace, folder: Path, limits: Limits) -> Iterator[str]:
    """Serve the compiler, or in its place one that answers that it is missing.

    So a cell runs also without the compiler: only the cases that ask for it are unavailable.
    """
    if isinstance(venv, Failure):
        with compiler_service.serving(compiler_service.MissingCompiler(message=venv.message), folder) as address:
            yield address
        return
    # Half of a case's time: when the compiler hangs, the case hears so instead of being ended at its own limit.
    half = limits.case_seconds / 2
    bounds = supervisor.WorkerLimits(seconds=half, start_seconds=half, memory_bytes=limits.memory_bytes)
    compiler = compiler_service.compiler_in(venv, workspace, folder, bounds)
    with disk.in_use(venv.path), compiler_service.serving(compiler, folder) as address:
        yield address


@cache
def digest_of(service: Service) -> str:
    """Return the digest of everything that can change what the service does."""
    match service:
        case Service.HUB_SERVER:
            return server.server_digest()
        case Service.TPU_COMPILER:
            return compiler_service.digest_of_answers()
        case _:
            assert_never(service)
