"""The part that all tools have in common: environments, models and the body of a cell.

N cells of an environment are N models: copies of one replica under N ids and handles, because a case runs once for each
value that it asks for. They are put beside the replicas of a copy of harness/, which is then run as it is.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.commands import PAYLOAD, ROOT, output, tell
from harness.base.errors import MachineError
from harness.base.workspace import Workspace
from harness.domain import EnvironmentRequest, Limits, Release
from harness.environments import toolchain, venv
from harness.environments import uv as uv_tool
from harness.environments.uv import Failure
from harness.matrix import load_spec
from harness.matrix.plan import expand
from harness.models import cache, replicas
from harness.run.keys import Identity
from harness.run.machine import look_around
from harness.run.prepare import identities

MODEL = "bert-en/3"
LIMITS = "limits: {case_seconds: 300, import_seconds: 300, install_seconds: 1800, memory: 6 GiB, free_disk: 1 GiB}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One TensorFlow as released. `requirements` pins all of the lock and pytest; `venv` holds the lock alone."""

    release: Release
    interpreter: Path
    requirements: Path
    venv: Path

    @property
    def tensorflow(self) -> str:
        return self.release.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`manifests` are those of the model's copies; `environ` is what a cell needs where hubmatrix doesn't provide it."""

    base: Path
    environments: tuple[Environment, ...]
    manifests: tuple[Path, ...]
    environ: Mapping[str, str]

    @property
    def locks(self) -> Path:
        return Workspace(root=self.base).locks


def make(base: Path, versions: Sequence[str], cells: int) -> Subject:
    """Lock, fill uv's cache, copy harness/ and the models. Takes minutes on a machine that never saw these versions."""
    tell("preparing: locks and venvs")
    chosen = f"install=as-released and keras=default and text=without and tensorflow in ({', '.join(versions)})"
    identified = identify(Workspace(root=base), chosen)
    environments = tuple(_environment(base, request, identity) for request, identity in identified)
    tell(f"preparing: {cells} models")
    shutil.copytree(ROOT / "harness", base / "harness")
    manifests = tuple(_copy_model(base / "harness" / "models" / "replicas", number) for number in range(1, cells + 1))
    cache.fill(base / "hub", [replicas.find_replica(_id(number), manifests[0].parent) for number in range(1, cells + 1)])
    environ = {"TFHUB_CACHE_DIR": str(base / "hub"), "CUDA_VISIBLE_DEVICES": "-1"}
    return Subject(base=base, environments=environments, manifests=manifests, environ=environ)


def identify(workspace: Workspace, select: str) -> tuple[tuple[EnvironmentRequest, Identity], ...]:
    """Return the identity of each selected environment of the project's matrix.yaml. Takes the project's locks where it has them.

    Raises:
        MachineError: one of them has no interpreter here, or can't be locked.
    """
    project_locks = Workspace(root=ROOT).locks
    if project_locks.is_dir():
        shutil.copytree(project_locks, workspace.locks)
    spec = load_spec(ROOT / "matrix.yaml")
    requests = expand(spec, select=select).environments
    answers = asyncio.run(_identities(workspace, spec.limits, tuple(requests.values())))
    for name, answer in answers.items():
        if isinstance(answer, Failure):
            raise MachineError(answer.message, location=name, hint="leave it out with --tensorflow or --select")
    return tuple((requests[name], answer) for name, answer in answers.items() if isinstance(answer, Identity))


async def _identities(
    workspace: Workspace, limits: Limits, requests: Sequence[EnvironmentRequest]
) -> Mapping[str, Identity | Failure]:
    machine = await look_around(workspace, limits)
    return await identities(machine, requests, refresh=False, tell=lambda name, stage: tell(f"{name}: {stage.value}"))


def _environment(base: Path, request: EnvironmentRequest, identity: Identity) -> Environment:
    installed = install(base / "venvs", identity)
    asyncio.run(toolchain.ensure_toolchain(uv_tool.find_uv(), base / "toolchains", identity.interpreter))
    requirements = base / "requirements" / f"{request.release.version}.txt"
    requirements.parent.mkdir(exist_ok=True)
    pins = [f"{name}=={version}" for name, version in identity.lock.packages]
    source = requirements.with_suffix(".in")
    source.write_text("\n".join([*pins, *(toolchain.pins(identity.interpreter.minor) or ())]) + "\n")
    uv = uv_tool.find_uv()
    python = identity.interpreter.path
    argv: list[str | Path] = [uv, "pip", "compile", "--quiet", "--no-config", "--no-header", "--no-annotate", "--python", python]
    requirements.write_text(output([*argv, source], cwd=base))
    spare = base / "spare"
    output([uv, "venv", "--quiet", "--no-project", "--clear", "--python", python, spare], cwd=base)
    output([uv, "pip", "install", "--quiet", "--no-config", "--python", spare, "-r", requirements], cwd=base)
    shutil.rmtree(spare)
    return Environment(release=request.release, interpreter=python, requirements=requirements, venv=installed.path)


def install(venvs: Path, identity: Identity) -> venv.Venv:
    """Create the venv of an identity unless it exists."""
    result = asyncio.run(
        venv.ensure_venv(uv_tool.find_uv(), venvs, venvs / "bytecode", identity.lock, identity.interpreter, timeout=1800)
    )
    if isinstance(result, Failure):
        raise MachineError(result.message, location=str(venvs))
    return result


def _id(number: int) -> str:
    return f"bench-{number:03}/1"


def _handle(number: int) -> str:
    return f"https://tfhub.dev/bench/{number:03}/1"


def _copy_model(folder: Path, number: int) -> Path:
    source = replicas.manifest_path(MODEL, folder)
    copied = replicas.manifest_path(_id(number), folder)
    manifest = json.loads(source.read_text(encoding="utf-8"))
    copied.write_text(json.dumps({**manifest, "id": _id(number), "handle": _handle(number)}), encoding="utf-8")
    shutil.copy2(replicas.archive_path(source), replicas.archive_path(copied))
    return copied


def project(subject: Subject, folder: Path, cells: int) -> Path:
    """Write a project of hubmatrix with `cells` cells in each environment: matrix.yaml, cases and locks. Returns `folder`."""
    copy_cases(folder)
    (folder / "matrix.yaml").write_text(
        _matrix([environment.release for environment in subject.environments], cells), encoding="utf-8"
    )
    shutil.copytree(subject.locks, Workspace(root=folder).locks)
    return folder


def copy_cases(folder: Path) -> None:
    """Copy the body, as a test that pytest finds."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(PAYLOAD / "cases", folder / "cases", ignore=shutil.ignore_patterns("__pycache__"))


def _matrix(releases: Sequence[Release], cells: int) -> str:
    lines = ["version: 1", "axes:", "  tensorflow:"]
    for release in releases:
        pythons = ", ".join(f'"{minor}"' for minor in release.pythons)
        lines.append(
            f'    - {{version: "{release.version}", package: {release.package}, released: {release.released}, '
            f"pythons: [{pythons}]}}"
        )
    lines += ["  install: [as-released]", "  keras: [default]", "  model:"]
    for number in range(1, cells + 1):
        lines.append(f"    {_id(number)}: {{handle: {_handle(number)!r}, format: saved_model_2, interface: dict}}")
    lines += ["  format: [savedmodel]", "  device: [cpu]", "tiers:"]
    lines += [f"  {tier}: {{title: all of it, select: ''}}" for tier in ("quick", "full")] + [LIMITS]
    return "\n".join(lines) + "\n"
