"""Where the compiler can't be had, this machine lacks a device, and says why."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.base.workspace import Workspace
from harness.domain import Status, Trouble
from harness.environments import lock
from harness.environments.uv import Failure
from harness.services.tpu_compiler import environment

PLACES = Workspace(root=Path("/nowhere"))


def ensure(found: Any) -> Any:
    return asyncio.run(environment.ensure_compiler(Path("uv"), PLACES, found))


def test_every_package_is_pinned_to_one_version() -> None:
    assert all("==" in pin and "*" not in pin for pin in environment.PINS)


@pytest.mark.parametrize(
    ("interpreters", "message"),
    [
        ({"3.11": {}}, "the TPU compiler isn't available: no CPython 3.12 or 3.13 or 3.14 on this machine"),
        ({"3.12": {"platform": "linux-aarch64"}}, "the TPU compiler isn't available: libtpu has no wheel for linux-aarch64"),
    ],
)
def test_no_interpreter_for_it(make: Any, interpreters: dict[str, Any], message: str) -> None:
    found = {minor: make.interpreter(f"{minor}.1", **values) for minor, values in interpreters.items()}
    made = ensure(found)
    assert (made.status, made.trouble, made.message) == (Status.UNAVAILABLE, Trouble.DEVICE, message)


def test_a_comment_in_the_worker_is_no_other_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = {}
    for name, source in (
        ("plain", "x = 1\n"),
        ("comment", "x = 1  # one\n"),
        ("docstring", '"""One."""\nx = 1\n'),
        ("code", "x = 2\n"),
    ):
        (tmp_path / name).write_text(source)
        monkeypatch.setattr(environment, "WORKER", tmp_path / name)
        told[name] = environment.compiler_digest()
    assert told["plain"] == told["comment"] == told["docstring"] != told["code"]


@pytest.mark.parametrize(
    ("status", "trouble", "expected"),
    [
        (Status.LOCK_FAILED, None, Trouble.DEVICE),
        (Status.UNAVAILABLE, Trouble.NETWORK, Trouble.NETWORK),
        (Status.UNAVAILABLE, Trouble.DISK, Trouble.DISK),
    ],
)
def test_packages_that_cant_be_had_say_nothing_of_any_tensorflow(
    make: Any, monkeypatch: pytest.MonkeyPatch, status: Status, trouble: Trouble | None, expected: Trouble
) -> None:
    async def resolve(*_: object, **__: object) -> Failure:
        return Failure(status=status, trouble=trouble, message="network was disabled", evidence="uv's words")

    monkeypatch.setattr(lock, "resolve_lock", resolve)
    made = ensure({"3.12": make.interpreter("3.12.1")})
    assert (made.status, made.trouble) == (Status.UNAVAILABLE, expected)
    assert (made.message, made.evidence) == ("the TPU compiler isn't available: network was disabled", "uv's words")
