"""What uv's words mean. The texts are uv 0.13.8's own, but for those from PERMISSION to UNKNOWN, which are made up in its form."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import MachineError
from harness.base.process import Completed
from harness.domain import Status, Trouble
from harness.environments import uv
from harness.environments.uv import Failure, failure, headline

UNSATISFIABLE = """\
error: No solution found when resolving dependencies
  cause: Because you require packaging>=24 and packaging<20, we can conclude that your requirements are unsatisfiable.
"""
UNSATISFIABLE_LONG = """\
error: No solution found when resolving dependencies
  cause: Because tensorflow==2.16.2 depends on one of:
             protobuf>=3.20.3,<4.21.0
             protobuf>4.21.5,<5.0.0.dev0
         and you require tensorflow==2.16.2, we can conclude that you require one of:
             protobuf>=3.20.3,<4.21.0
             protobuf>4.21.5,<5.0.0.dev0

         And because you require protobuf<3, we can conclude that your requirements are unsatisfiable.

hint: `protobuf` was filtered by `exclude-newer` to only include packages uploaded before 2024-07-20T00:00:00Z.
"""
UNSATISFIABLE_TIMEOUT = """\
error: No solution found when resolving dependencies
  cause: Because you require async-timeout>=5 and async-timeout<4, we can conclude that your requirements are unsatisfiable.
"""
OFFLINE = """\
error: No solution found when resolving dependencies
  cause: Because tensorflow was not found in the cache and you require tensorflow==2.16.2, we can conclude \
that your requirements are unsatisfiable.

hint: Packages were unavailable because the network was disabled. When the network is disabled, \
registry packages may only be read from the cache.
"""
REFUSED = """\
error: Request failed after 3 retries in 6.9s
  cause: Failed to fetch: http://127.0.0.1:9/tensorflow/
  cause: error sending request for url (http://127.0.0.1:9/tensorflow/)
  cause: client error (Connect)
  cause: tcp connect error
  cause: Connection refused (os error 111)
"""
NO_DNS = """\
error: Failed to fetch: http://no-such-host.invalid/tensorflow/
  cause: error sending request for url (http://no-such-host.invalid/tensorflow/)
  cause: client error (Connect)
  cause: dns error
  cause: error resolving DNS
  cause: failed to lookup address information: Name or service not known
"""
SLOW = """\
error: Failed to download `tensorflow==2.16.2`
  cause: Failed to extract archive: tensorflow-2.16.2-cp311-cp311-manylinux_2_17_x86_64.whl
  cause: I/O operation failed during extraction
  cause: Failed to download distribution due to network timeout. Try increasing UV_HTTP_TIMEOUT (current value: 30s).
"""
BUILD = """\
error: Failed to build `bad @ file:///tmp/uvt/bad`
  cause: The build backend returned an error
  cause: Call to `nope.get_requires_for_build_wheel` failed (exit status: 1)

         [stderr]
         Traceback (most recent call last):
           File "<string>", line 8, in <module>
         ModuleNotFoundError: No module named 'nope'

hint: This error likely indicates that `bad@1` depends on `nope`, but doesn't declare it as a build dependency.
"""
DISK = """\
error: Failed to install: tensorflow-2.16.2-cp311-cp311-manylinux_2_17_x86_64.whl (tensorflow==2.16.2)
  cause: failed to copy file
  cause: No space left on device (os error 28)
"""
BROKEN_WHEEL = """\
error: Failed to install: odd-1.0-py3-none-any.whl (odd==1.0)
  cause: The wheel is invalid: Metadata file not found
"""
PERMISSION = """\
error: Failed to initialize cache at `/cache`
  cause: failed to create directory `/cache`: Permission denied (os error 13)
"""
READ_ONLY = """\
error: Failed to install: odd-1.0-py3-none-any.whl (odd==1.0)
  cause: failed to create directory `/venv/lib`: Read-only file system (os error 30)
"""
FILES = """\
error: Failed to download `odd==1.0`
  cause: failed to open file `/cache/x`: Too many open files (os error 24)
"""
NUMBER_ONLY = """\
error: failed to open file `/cache/x`
  cause: Keine Berechtigung (os error 13)
"""
OTHER_NUMBER = """\
error: Failed to install: odd-1.0-py3-none-any.whl (odd==1.0)
  cause: State not recoverable (os error 131)
"""
UNKNOWN = "error: something that nobody has seen yet\n"
CUT_OFF = """\
error: Failed to install: tensorflow-2.16.2-cp311-cp311-manylinux_2_17_x86_64.whl (tensorflow==2.16.2)
  cause: Failed to extract archive: tensorflow-2.16.2-cp311-cp311-manylinux_2_17_x86_64.whl
  cause: end of file before message length reached
"""
OTHER_HASH = """\
error: Failed to download `odd==1.0`
  cause: Hash mismatch for `odd==1.0`
"""
LOGIN_PAGE = """\
error: No solution found when resolving dependencies
  cause: Because tensorflow was not found in the package registry and you require tensorflow==2.16.2, we can conclude \
that your requirements are unsatisfiable.
"""


def ended(stderr: str, code: int | None = 1, stdout: str = "") -> Completed:
    return Completed(code=code, stdout=stdout, stderr=stderr)


@pytest.mark.parametrize(
    ("text", "of", "status", "trouble"),
    [
        pytest.param(UNSATISFIABLE, Status.LOCK_FAILED, Status.LOCK_FAILED, None, id="unsatisfiable"),
        pytest.param(UNSATISFIABLE_LONG, Status.LOCK_FAILED, Status.LOCK_FAILED, None, id="unsatisfiable-long"),
        pytest.param(UNSATISFIABLE_TIMEOUT, Status.LOCK_FAILED, Status.LOCK_FAILED, None, id="a-package-named-timeout"),
        pytest.param(OFFLINE, Status.LOCK_FAILED, Status.UNAVAILABLE, Trouble.NETWORK, id="offline"),
        pytest.param(REFUSED, Status.LOCK_FAILED, Status.UNAVAILABLE, Trouble.NETWORK, id="refused"),
        pytest.param(NO_DNS, Status.LOCK_FAILED, Status.UNAVAILABLE, Trouble.NETWORK, id="dns"),
        pytest.param(SLOW, Status.INSTALL_FAILED, Status.UNAVAILABLE, Trouble.NETWORK, id="slow-network"),
        pytest.param(BUILD, Status.LOCK_FAILED, Status.INSTALL_FAILED, None, id="build-while-locking"),
        pytest.param(BUILD, Status.INSTALL_FAILED, Status.INSTALL_FAILED, None, id="build-while-installing"),
        pytest.param(BROKEN_WHEEL, Status.INSTALL_FAILED, Status.INSTALL_FAILED, None, id="broken-wheel"),
        pytest.param(DISK, Status.INSTALL_FAILED, Status.UNAVAILABLE, Trouble.DISK, id="disk"),
        pytest.param(PERMISSION, Status.LOCK_FAILED, Status.UNAVAILABLE, None, id="permission-while-locking"),
        pytest.param(PERMISSION, Status.INSTALL_FAILED, Status.UNAVAILABLE, None, id="permission-while-installing"),
        pytest.param(READ_ONLY, Status.INSTALL_FAILED, Status.UNAVAILABLE, None, id="read-only"),
        pytest.param(FILES, Status.INSTALL_FAILED, Status.UNAVAILABLE, None, id="too-many-files"),
        pytest.param(NUMBER_ONLY, Status.INSTALL_FAILED, Status.UNAVAILABLE, None, id="the-number-says-it"),
        pytest.param(OTHER_NUMBER, Status.INSTALL_FAILED, Status.UNAVAILABLE, None, id="a-longer-number"),
        pytest.param(UNKNOWN, Status.LOCK_FAILED, Status.UNAVAILABLE, None, id="unknown-while-locking"),
        pytest.param(UNKNOWN, Status.INSTALL_FAILED, Status.UNAVAILABLE, None, id="unknown-while-installing"),
        pytest.param(CUT_OFF, Status.INSTALL_FAILED, Status.UNAVAILABLE, Trouble.NETWORK, id="cut-off-download"),
        pytest.param(OTHER_HASH, Status.INSTALL_FAILED, Status.UNAVAILABLE, Trouble.NETWORK, id="another-file-under-its-name"),
        pytest.param(LOGIN_PAGE, Status.LOCK_FAILED, Status.UNAVAILABLE, Trouble.NETWORK, id="index-without-tensorflow"),
        pytest.param(UNSATISFIABLE, Status.INSTALL_FAILED, Status.LOCK_FAILED, None, id="unsatisfiable-while-installing"),
    ],
)
def test_failure_tells_the_software_from_the_machine(text: str, of: Status, status: Status, trouble: Trouble | None) -> None:
    found = failure(ended(text), of=of, timeout=600)
    assert (found.status, found.trouble) == (status, trouble)
    assert found.evidence == text.strip()


def test_the_message_says_most_in_one_line() -> None:
    assert headline(UNSATISFIABLE) == (
        "Because you require packaging>=24 and packaging<20, we can conclude that your requirements are unsatisfiable."
    )
    assert headline(REFUSED) == "Request failed after 3 retries in 6.9s: Failed to fetch: http://127.0.0.1:9/tensorflow/"
    assert headline(BUILD) == "Failed to build `bad @ file:///tmp/uvt/bad`: The build backend returned an error"
    assert headline(DISK) == (
        "Failed to install: tensorflow-2.16.2-cp311-cp311-manylinux_2_17_x86_64.whl (tensorflow==2.16.2): failed to copy file"
    )


def test_an_explanation_of_several_lines_is_told_whole() -> None:
    assert headline(UNSATISFIABLE_LONG) == (
        "Because tensorflow==2.16.2 depends on one of: protobuf>=3.20.3,<4.21.0 protobuf>4.21.5,<5.0.0.dev0 "
        "and you require tensorflow==2.16.2, we can conclude that you require one of: protobuf>=3.20.3,<4.21.0 "
        "protobuf>4.21.5,<5.0.0.dev0 And because you require protobuf<3, we can conclude that your requirements are unsatisfiable."
    )


def test_warnings_and_hints_are_no_headline() -> None:
    text = f"warning: `VIRTUAL_ENV=x` does not match\n{UNSATISFIABLE}\nhint: try `foo`\n"
    assert headline(text) == headline(UNSATISFIABLE)


def test_uv_at_its_limit() -> None:
    """A slow index does that, and so does a machine that slept: nothing that may be kept."""
    assert failure(ended("partial", code=None), of=Status.LOCK_FAILED, timeout=600) == Failure(
        status=Status.UNAVAILABLE, trouble=Trouble.NETWORK, message="uv took longer than 600 s", evidence="partial"
    )


def test_uv_ended_by_a_signal_proves_nothing() -> None:
    """Out of memory, or ended by hand: nothing that may be kept as the resolver's proof."""
    found = failure(ended("", code=-9), of=Status.LOCK_FAILED, timeout=600)
    assert (found.status, found.trouble) == (Status.UNAVAILABLE, Trouble.KILLED)
    assert found.message == "uv was ended by SIGKILL"
    assert failure(ended("", code=-63), of=Status.LOCK_FAILED, timeout=600).message == "uv was ended by signal 63"


def test_uv_that_says_nothing() -> None:
    found = failure(ended("", code=2), of=Status.INSTALL_FAILED, timeout=600)
    assert found == Failure(status=Status.UNAVAILABLE, trouble=None, message="uv exited with 2", evidence="")
    found = failure(ended("", code=2), of=Status.LOCK_FAILED, timeout=600)
    assert found == Failure(status=Status.UNAVAILABLE, trouble=None, message="uv exited with 2", evidence="")


def test_uv_that_speaks_on_stdout_is_heard() -> None:
    assert failure(ended("", stdout=UNSATISFIABLE), of=Status.INSTALL_FAILED, timeout=600).status is Status.LOCK_FAILED


class Recorded:
    """Answers uv's calls in turn, and keeps what was asked."""

    def __init__(self, *answers: Completed) -> None:
        self.answers = list(answers)
        self.asked: list[list[str]] = []

    async def __call__(self, argv: Any, **_: Any) -> Completed:
        self.asked.append([str(one) for one in argv])
        return self.answers.pop(0)


def test_every_call_is_quiet_under_the_users_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = Recorded(ended("", 0))
    monkeypatch.setattr(uv, "run_async", recorded)
    asyncio.run(uv.call(Path("/bin/uv"), ["pip", Path("/x")], timeout=1))
    assert recorded.asked == [["/bin/uv", "pip", "/x", "--no-progress", "--color=never"]]


def test_what_is_cached_asks_no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = Recorded(ended("", 0))
    monkeypatch.setattr(uv, "run_async", recorded)
    assert asyncio.run(uv.call_offline_first(Path("uv"), ["sync"], timeout=1)).ok
    assert [("--offline" in argv) for argv in recorded.asked] == [True]


def test_what_is_not_cached_asks_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = Recorded(ended(OFFLINE), ended(REFUSED, 2))
    monkeypatch.setattr(uv, "run_async", recorded)
    assert asyncio.run(uv.call_offline_first(Path("uv"), ["sync"], timeout=1)).stderr == REFUSED
    assert [("--offline" in argv) for argv in recorded.asked] == [True, False]


def test_uv_on_path_serves_where_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setattr("shutil.which", lambda name: f"/somewhere/{name}")
    assert uv.find_uv() == Path("/somewhere/uv")


def test_no_uv_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(MachineError) as caught:
        uv.find_uv()
    assert str(caught.value) == 'uv is not installed (hint: python3 -m pip install "nox[uv]")'
    assert caught.value.exit_code == 6
