"""Where the compiler can't be had, this machine lacks a device, and says why."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.compiler import environment
from harness.domain import Status, Trouble
from harness.environments import lock
from harness.environments.uv import Failure
from harness.workspace import Workspace

PLACES = Workspace(root=Path("/nowhere"))


def ensure(found: Any) -> Any:
    return asyncio.run(environment.ensure(Path("uv"), PLACES, found))


def test_every_package_is_pinned_to_one_version() -> None:
    assert all("==" in pin and "*" not in pin for pin in environment.PINS)


@pytest.mark.parametrize(
    ("interpreters", "message"),
    [
        ({"3.11": {}}, "the TPU compiler can't be had: no CPython 3.12 or 3.13 or 3.14 on this machine"),
        ({"3.12": {"platform": "linux-aarch64"}}, "the TPU compiler can't be had: libtpu has no wheel for linux-aarch64"),
    ],
)
def test_no_interpreter_for_it(make: Any, interpreters: dict[str, Any], message: str) -> None:
    found = {minor: make.interpreter(f"{minor}.1", **values) for minor, values in interpreters.items()}
    made = ensure(found)
    assert (made.status, made.trouble, made.message) == (Status.UNAVAILABLE, Trouble.DEVICE, message)


@pytest.mark.parametrize("status", [Status.LOCK_FAILED, Status.UNAVAILABLE])
def test_packages_that_cant_be_had_say_nothing_of_any_tensorflow(
    make: Any, monkeypatch: pytest.MonkeyPatch, status: Status
) -> None:
    async def resolve(*_: object, **__: object) -> Failure:
        return Failure(status=status, trouble=None, message="network was disabled", evidence="uv's words")

    monkeypatch.setattr(lock, "resolve_wanted", resolve)
    made = ensure({"3.12": make.interpreter("3.12.1")})
    assert (made.status, made.trouble) == (Status.UNAVAILABLE, Trouble.DEVICE)
    assert (made.message, made.evidence) == ("the TPU compiler can't be had: network was disabled", "uv's words")
