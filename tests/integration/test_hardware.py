"""Environments for hardware, with a machine that has it pretended: up to what a real index resolves for them."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest

from harness.domain import Accelerator, Device, EnvironmentRequest, InstallPolicy, KerasChoice, Release, Status, Trouble
from harness.environments import accelerators, lock, uv
from harness.environments.accelerators import MachineFacts
from harness.environments.interpreters import newest_first
from harness.environments.lock import Lock
from harness.environments.uv import Failure
from harness.run.machine import machine_interpreters

pytestmark = pytest.mark.tensorflow
PRETENDED = MachineFacts(system="Linux", nodes=("accel0",))


def resolved(folder: Path, version: str, released: date, pythons: tuple[str, ...]) -> Lock | Failure:
    """What the index gives for the device `tpu` of a TensorFlow as released."""
    assert accelerators.lacking([Device.TPU], PRETENDED) == {}
    request = EnvironmentRequest(
        id=f"tf-{version}-tpu",
        release=Release(version=version, package="tensorflow", released=released, pythons=pythons),
        install=InstallPolicy.AS_RELEASED,
        keras=KerasChoice.DEFAULT,
        accelerator=Accelerator.TPU,
        python=None,
        hub=None,
    )
    found = asyncio.run(_resolve(folder, request))
    if isinstance(found, Failure) and found.trouble is Trouble.NETWORK:
        pytest.skip(f"no package index: {found.message}")
    return found


async def _resolve(folder: Path, request: EnvironmentRequest) -> Lock | Failure:
    interpreter = next(iter(newest_first(request.release.pythons, None, await machine_interpreters())), None)
    if interpreter is None:
        pytest.skip(f"no Python of {request.release.pythons} on this machine")
    return await lock.resolve_lock(uv.find_uv(), folder, lock.lock_request(request), interpreter, refresh=False)


def test_tensorflow_for_tpus_alone(tmp_path: Path) -> None:
    """tensorflow-tpu with its libtpu and the tf-keras of its minor, and nothing that brings `tensorflow` as well."""
    found = resolved(tmp_path, "2.19.1", date(2025, 8, 13), ("3.10", "3.11", "3.12"))
    assert isinstance(found, Lock), found
    packages = dict(found.packages)
    assert packages["tensorflow-tpu"] == "2.19.1"
    assert packages["tf-keras"].startswith("2.19.")
    assert {"libtpu", "tensorflow-hub"} <= packages.keys()
    assert "tensorflow" not in packages


def test_where_there_is_no_such_package_the_resolver_says_so(tmp_path: Path) -> None:
    found = resolved(tmp_path, "2.15.1", date(2024, 3, 8), ("3.10", "3.11"))
    assert isinstance(found, Failure), found
    assert found.status is Status.LOCK_FAILED
    assert "tensorflow-tpu==2.15.1" in found.message
