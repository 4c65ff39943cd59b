"""Run uv, and interpret its failures: blame on the software needs proof, and anything unknown is the machine's.

The only module that reads uv's words. uv 0.13 exits with 1 when it has proved a request unsatisfiable, but also when a build
failed or the network is off: only the text tells them apart.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import MachineError
from harness.base.process import Completed, run_async, signal_name
from harness.domain import Status, Trouble

NETWORK = re.compile(
    r"Failed to fetch|error sending request|dns error|Connection (refused|reset)|(?<![\w-])time(d )?out|network was disabled|"
    r"Network connectivity is disabled|HTTP status (server error|client error \((401|403|407|408|429))|tls handshake|certificate",
    re.IGNORECASE,
)
UNSATISFIABLE = re.compile(r"No solution found")
# Its last cause, which may have several paragraphs.
EXPLANATION = re.compile(r".*^\s*cause: (.*?)(?=^\s*(?:hint|warning): |\Z)", re.MULTILINE | re.DOTALL)
BUILD = re.compile(r"Failed to (build|download and build)|build backend|Call to `.*` failed", re.IGNORECASE)
# What is read from an index or its cache, and is not what the lock's hash says or can't be unpacked.
DAMAGED = re.compile(
    r"Failed to (download|extract)|hash mismatch|end of file before message|invalid package format|unexpected end|bad CRC",
    re.IGNORECASE,
)
INVALID_WHEEL = re.compile(r"The wheel is invalid")
# Every index has these: one without them answers with an empty list, a login page or an error that uv takes for "no such package".
EVERYWHERE = ("tensorflow", "tensorflow-cpu", "tensorflow-hub", "tensorflow-text", "tf-keras", "numpy", "protobuf", "setuptools")
LISTS_NOTHING = re.compile(rf"\b({'|'.join(EVERYWHERE)}) was not found in the package registry")
MACHINE = re.compile(r"Permission denied|Read-only file system|Too many open files|os error (13|24|30)\b", re.IGNORECASE)
DISK = re.compile(r"No space left on device|os error 28|Disk quota exceeded", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failed lock, installation or import: its status, the machine's trouble if that was why, one line, and the tool's words."""

    status: Status
    trouble: Trouble | None
    message: str
    evidence: str


def find_uv() -> Path:
    """Return the uv that came with nox[uv], or the one on PATH.

    Raises:
        MachineError: there is none.
    """
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        executable = shutil.which("uv")
    if not executable:
        raise MachineError("uv is not installed", hint='python3 -m pip install "nox[uv]"')
    return Path(executable)


async def call(uv: Path, argv: Sequence[str | Path], *, timeout: float, env: Mapping[str, str] | None = None) -> Completed:
    """Run one uv command, under the user's own settings of uv (a mirror, say)."""
    return await run_async([uv, *argv, "--no-progress", "--color=never"], timeout=timeout, env=env, with_driver=True)


async def call_offline_first(
    uv: Path, argv: Sequence[str | Path], *, timeout: float, env: Mapping[str, str] | None = None
) -> Completed:
    """Run a uv command on its cache, and with the index only where that fails.

    So a machine without network still runs, and one with it asks for nothing twice.
    """
    completed = await call(uv, [*argv, "--offline"], timeout=timeout, env=env)
    return completed if completed.ok else await call(uv, argv, timeout=timeout, env=env)


def failure(completed: Completed, *, of: Status, timeout: float) -> Failure:
    """Return what a failed uv command means. `of` is the status of that stage, if the text doesn't say otherwise."""
    text = completed.stderr.strip() or completed.stdout.strip()
    if completed.code is None:
        # A slow index or a machine that slept does that too, so it says nothing about the packages.
        message = f"uv took longer than {timeout:.0f} s"
        return Failure(status=Status.UNAVAILABLE, trouble=Trouble.NETWORK, message=message, evidence=text)
    if completed.code < 0:
        message = f"uv was ended by {signal_name(-completed.code)}"
        return Failure(status=Status.UNAVAILABLE, trouble=Trouble.KILLED, message=message, evidence=text)
    trouble = _trouble(text)
    status = Status.UNAVAILABLE if trouble or MACHINE.search(text) else _blame(text, of)
    return Failure(status=status, trouble=trouble, message=headline(text) or f"uv exited with {completed.code}", evidence=text)


def _trouble(text: str) -> Trouble | None:
    """Return the machine's trouble that a text speaks of; None if it speaks of none."""
    if DISK.search(text):
        return Trouble.DISK
    if MACHINE.search(text):
        return None
    # A build may fail because its own downloads do, but the words of its backend are any words at all.
    if NETWORK.search(text) or LISTS_NOTHING.search(text) or (DAMAGED.search(text) and not BUILD.search(text)):
        return Trouble.NETWORK
    return None


def _blame(text: str, of: Status) -> Status:
    """Return the status that is the software's fault; UNAVAILABLE unless the text proves one."""
    if UNSATISFIABLE.search(text):
        return Status.LOCK_FAILED
    if BUILD.search(text) or (INVALID_WHEEL.search(text) and of is Status.INSTALL_FAILED):
        return Status.INSTALL_FAILED
    return Status.UNAVAILABLE


def headline(text: str) -> str:
    """Return the most telling line: the resolver's whole explanation, else the first error and its cause."""
    if UNSATISFIABLE.search(text) and (explanation := EXPLANATION.search(text)):
        return " ".join(explanation[1].split())
    body = [line.strip() for line in text.splitlines() if not line.lstrip().startswith(("warning:", "hint:"))]
    causes = [line.removeprefix("cause:").strip() for line in body if line.startswith("cause:")]
    errors = [line.removeprefix("error:").strip() for line in body if line.startswith("error:")]
    return ": ".join((errors + causes)[:2])
