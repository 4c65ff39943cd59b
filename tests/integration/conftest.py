"""Fixtures of the integration tests: real uv, real interpreters, real processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from harness.environments import toolchain, uv
from harness.run.prepare import machine_interpreters
from tests.minis.project import MINOR, Mini


@pytest.fixture(scope="session")
def toolchains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pytest for the cells of this Python, installed once, also when tests run in parallel."""
    folder = tmp_path_factory.getbasetemp().parent / "toolchains"

    async def install() -> None:
        found = await machine_interpreters()
        made = await toolchain.ensure(uv.find(), folder, found[MINOR])
        assert isinstance(made, Path), made

    with FileLock(str(folder) + ".lock"):
        asyncio.run(install())
    return folder


@pytest.fixture
def mini(tmp_path: Path, toolchains: Path) -> Callable[..., Mini]:
    """Makes a mini project: `mini({"test_x.py": "..."}, tensorflow="raise ImportError()")`."""

    def make(cases: Mapping[str, str], **options: Any) -> Mini:
        return Mini.make(tmp_path / "project", toolchains, cases, **options)

    return make
