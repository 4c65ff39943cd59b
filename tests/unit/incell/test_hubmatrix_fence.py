"""What the fence opens, and what it says of a kernel; that the kernel keeps it is in tests/integration/test_fence.py."""

from __future__ import annotations

import errno
import os
import pwd
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.incell import hubmatrix_fence as fence
from harness.incell.hubmatrix_messages import Fence, Setup


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """What this machine has is asked once a process; each test has a machine of its own."""
    for function in (fence._system, fence._devices, fence._has_tpu):
        function.cache_clear()
    yield
    for function in (fence._system, fence._devices, fence._has_tpu):
        function.cache_clear()


@pytest.mark.parametrize(("kernel", "expected"), [(0, 0), (1, 0), (2, 2), (6, 6), (7, 7), (12, 7)])
def test_level_is_what_both_know(kernel: int, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(fence, "_syscall", lambda *_: kernel)
    assert fence.level() == expected


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM])
def test_a_kernel_that_refuses_has_no_fence(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(fence, "_syscall", refuse)
    assert fence.level() == 0


def test_no_fence_on_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fence, "_syscall", pytest.fail)
    assert fence.level() == 0


def test_a_failed_system_call_is_an_error() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux has these system calls")
    with pytest.raises(OSError, match="Function not implemented"):
        fence._syscall(-1)


def test_programs_and_libraries_are_open_but_no_folder_that_home_is_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "homes" / "me"
    (home / "bin").mkdir(parents=True)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_dir=str(home)))
    monkeypatch.setenv("PATH", os.pathsep.join(["/", str(home), str(tmp_path), str(home / "bin"), "relative", ""]))
    monkeypatch.setenv("LD_LIBRARY_PATH", "/cuda/lib")
    opened = fence._system()
    assert {str(home / "bin"), "/cuda/lib", sys.prefix, sys.base_prefix, "/usr"} <= set(opened)
    assert not {"/", str(home), str(tmp_path), "relative", ""} & set(opened)


def test_a_user_without_a_name_has_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> Any:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setenv("PATH", "/:/usr/bin")
    assert "/usr/bin" in fence._system()
    assert "/" not in fence._system()


def test_only_a_machine_with_tpus_opens_what_their_library_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TPU_NAME", raising=False)
    monkeypatch.setattr(fence.glob, "glob", lambda _: [])
    assert (fence._has_tpu(), "/tmp" in fence._devices()) == (False, False)
    fence._has_tpu.cache_clear()
    fence._devices.cache_clear()
    monkeypatch.setenv("TPU_NAME", "local")
    assert (fence._has_tpu(), "/tmp" in fence._devices()) == (True, True)


def test_a_fence_that_can_not_be_put_up_ends_the_process_as_if_it_was_killed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    killed: list[int] = []
    monkeypatch.setattr(fence, "put_up", refuse)
    monkeypatch.setattr(os, "kill", lambda _pid, number: killed.append(number))
    setup = Setup(modules=(), toolchain="", preload=True, work="/work", fence=Fence(readable=(), ports=()))
    fence.confine_zygote(setup)
    assert killed == [9]
    assert "the fence around this process can't be put up: [Errno 1] Operation not permitted" in capsys.readouterr().err


def test_without_a_fence_nothing_is_put_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence, "put_up", pytest.fail)
    fence.confine_zygote(Setup(modules=(), toolchain="", preload=True))
