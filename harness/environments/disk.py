"""Mark venvs as in use, measure free disk, and remove idle venvs when little is free. Folders of companions are treated alike.

A venv is a set of hard links into uv's cache, so removing it frees nothing while the cache holds the same files: eviction
takes the idle venvs, least recently used first, and then lets uv drop the cached wheels that no venv needs.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.environments.uv import call

PRUNE_SECONDS = 300.0


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk on which `folder` is or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


@contextmanager
def in_use(venv: Path) -> Iterator[None]:
    """Mark a venv (or, by a name that no venv has, their folder) as used by this process.

    The kernel takes the mark back if the process dies.
    """
    with _mark(venv).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        os.utime(file.fileno())  # the time of last use, by which `evict` orders
        yield


def busy(folder: Path) -> bool:
    """Return True if a run, of this process or another, has a venv of this folder in use."""
    for mark in folder.glob("*.use"):
        with mark.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


@contextmanager
def work_folder(folder: Path) -> Iterator[None]:
    """Mark a work folder as used by this process, which may create it or not, and remove it with the mark in the end.

    Those of processes that were killed before that are removed first.
    """
    sweep(folder.parent)
    with in_use(folder):
        try:
            yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            _mark(folder).unlink(missing_ok=True)


def sweep(work: Path) -> None:
    """Remove the work folders in `work` whose marks no process holds. What has no mark, as from before there were marks, stays."""
    for mark in work.glob("*.use"):
        if _remove_idle(mark.with_suffix("")):
            mark.unlink(missing_ok=True)


async def evict(uv: Path, folders: Sequence[Path], compiled: Path, *, wanted_bytes: int) -> tuple[Path, ...]:
    """Remove kept bytecode and idle venvs of these folders until `wanted_bytes` are free; return the removed venvs.

    All folders are on one disk. Nothing happens while enough is free.
    """
    removed: list[Path] = []
    if free_bytes(compiled) >= wanted_bytes:
        return ()
    # Kept bytecode goes first: its files are hard links, and would outlive the venvs that are removed below.
    shutil.rmtree(compiled, ignore_errors=True)
    marks = (mark for folder in folders for mark in folder.glob("*.use"))
    for mark in sorted(marks, key=lambda path: path.stat().st_mtime):
        venv = mark.with_suffix("")
        if venv.is_dir() and _remove_idle(venv):
            removed.append(venv)
            await call(uv, ["cache", "prune", "--ci", "--quiet"], timeout=PRUNE_SECONDS)
            if free_bytes(compiled) >= wanted_bytes:
                break
    if not removed:
        await call(uv, ["cache", "prune", "--ci", "--quiet"], timeout=PRUNE_SECONDS)
    return tuple(removed)


def _remove_idle(venv: Path) -> bool:
    with _mark(venv).open("a") as file, suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(venv, ignore_errors=True)
        return True
    return False


def _mark(venv: Path) -> Path:
    venv.parent.mkdir(parents=True, exist_ok=True)
    return venv.with_suffix(".use")
