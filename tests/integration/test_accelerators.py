"""A TPU that another process holds, by the lock that libtpu takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from harness.environments.accelerators import probe

HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("held", flush=True)
sys.stdin.read()
"""


def test_the_process_that_holds_the_lock_is_found(tmp_path: Path) -> None:
    lock = tmp_path / "tmp/libtpu_lockfile"
    lock.parent.mkdir()
    lock.touch()
    argv = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert probe(tmp_path, {}).tpu_holder == holder.pid
        holder.communicate("")
    assert probe(tmp_path, {}).tpu_holder is None
