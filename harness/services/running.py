"""What runs beside the cells because some of their cases ask for it, from the first cell to the last."""

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
    """`environ` tells cells where services are. `names` is what records say instead of addresses, which differ from run to run."""

    environ: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


async def environments(
    needed: Iterable[Service], uv: Path, places: Workspace, found: Mapping[str, Interpreter]
) -> Mapping[Service, Venv | Failure]:
    """What the services that are needed run in, where that is an environment of their own; or why it can't be had."""
    if Service.TPU_COMPILER not in needed:
        return {}
    return {Service.TPU_COMPILER: await compiler_environment.ensure(uv, places, found)}


@contextmanager
def running(
    needed: Iterable[Service], made: Mapping[Service, Venv | Failure], places: Workspace, workdir: Path, limits: Limits
) -> Iterator[Running]:
    """The services that are needed, in threads of this process, until the block ends. `workdir` is theirs."""
    environ: dict[str, str] = {}
    names: dict[str, str] = {}
    with ExitStack() as stack:
        for service in sorted(set(needed)):
            match service:
                case Service.HUB_SERVER:
                    address = stack.enter_context(server.serving(server.shelf(replicas.every()))).address
                    environ["HUBMATRIX_HUB_SERVER"] = address
                    names |= {address: "$HUB", address.removeprefix("http://"): "$HUB"}
                case Service.TPU_COMPILER:
                    environ["HUBMATRIX_TPU_COMPILER"] = address = stack.enter_context(
                        _compiler(made[service], places, workdir, limits)
                    )
                    names[address] = "$COMPILER"
                case _:
                    assert_never(service)
        yield Running(environ=environ, names=names)


@contextmanager
def _compiler(made: Venv | Failure, places: Workspace, workdir: Path, limits: Limits) -> Iterator[str]:
    """Cells of which only some cases want the compiler run without it; it says to those cases that it isn't there."""
    if isinstance(made, Failure):
        with compiler_service.serving(compiler_service.Absent(message=made.message)) as address:
            yield address
        return
    # Half of what the case has: it shall hear that the compiler hangs, not be taken for what hangs itself.
    half = limits.case_seconds / 2
    bounds = supervisor.Limits(seconds=half, start_seconds=half, memory_bytes=limits.memory_bytes)
    compiler = compiler_service.compiler_in(made, places, workdir / "tpu-compiler", bounds)
    with disk.in_use(made.path), compiler_service.serving(compiler) as address:
        yield address


@cache
def digest_of(service: Service) -> str:
    """Of everything that can change what the service does."""
    match service:
        case Service.HUB_SERVER:
            return server.digest()
        case Service.TPU_COMPILER:
            return compiler_service.digest_of_answers()
        case _:
            assert_never(service)
