"""The folder of a benchmark, removed at the end, and the clock around one command.

Commands get the environment that `harness.base.process` allows, and pip's own variables. So PYTHON* variables of the caller,
which speed up or slow down one tool more than another, reach none of them.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.base.process import run_process

ROOT = Path(__file__).parents[1]
PAYLOAD = Path(__file__).parent / "payload"
COMMAND_SECONDS = 3600.0
TAIL = 3000


class CommandFailed(Exception):
    """A command that is timed did not do its work, so its time says nothing."""


@contextmanager
def folder(inside: Path, *, keep: bool) -> Iterator[Path]:
    """Make a new folder and remove it at the end. It has to be on the file system of uv's cache: hard links don't leave one."""
    inside.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="bench-", dir=inside.resolve()))
    try:
        yield path
    finally:
        if keep:
            tell(f"kept: {path}")
        else:
            shutil.rmtree(path, ignore_errors=True)


def timed(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """Run a command and return the seconds that it takes, from a disk that has nothing left to write.

    Raises:
        CommandFailed: it exited with something else than 0, or took longer than an hour.
    """
    os.sync()  # or the command would wait for what others wrote
    started = time.monotonic()
    output(argv, cwd=cwd, env=env)
    return time.monotonic() - started


def output(argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command and return its standard output."""
    completed = run_process(argv, timeout=COMMAND_SECONDS, env={**_surroundings(), **(env or {})}, cwd=cwd)
    if not completed.ok:
        how = "took longer than an hour" if completed.code is None else f"exited with {completed.code}"
        raise CommandFailed(f"{' '.join(map(str, argv))} {how}\n{completed.stdout[-TAIL:]}\n{completed.stderr[-TAIL:]}")
    return completed.stdout


def tell(text: str) -> None:
    """Print a line of progress."""
    print(text, file=sys.stderr, flush=True)


def _surroundings() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    scripts = str(Path(sys.executable).parent)
    return {**own, "PATH": os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)]), "UV_LINK_MODE": "hardlink"}
