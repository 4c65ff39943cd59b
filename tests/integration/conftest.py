"""Fixtures of the integration tests: real uv, real interpreters, real processes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from harness.environments import toolchain, uv
from harness.run.machine import machine_interpreters
from tests.minis.project import MINOR, Mini


def install_pytest(folder: Path, minor: str) -> bool:
    """pytest for the cells of a Python, installed once, also when tests run in parallel; false where there is no such Python."""

    async def install() -> bool:
        found = await machine_interpreters()
        if minor not in found:
            return False
        made = await toolchain.ensure_toolchain(uv.find_uv(), folder, found[minor])
        assert isinstance(made, Path), made
        return True

    with FileLock(str(folder) + ".lock"):
        return asyncio.run(install())


@pytest.fixture(scope="session")
def toolchains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toolchains that all mini projects share."""
    folder = tmp_path_factory.getbasetemp().parent / "toolchains"
    assert install_pytest(folder, MINOR)
    return folder


@pytest.fixture
def meeting_place() -> Iterator[Path]:
    """A folder that code in a cell may write, fence or not, and that is there after it."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def mini(tmp_path: Path, toolchains: Path) -> Callable[..., Mini]:
    """Makes a mini project: `mini({"test_x.py": "..."}, tensorflow="raise ImportError()")`."""

    def make(cases: Mapping[str, str], **options: Any) -> Mini:
        return Mini.make(tmp_path / "project", toolchains, cases, **options)

    return make
