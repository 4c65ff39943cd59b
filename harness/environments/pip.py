"""Ask pip itself what it would install: the pip that `python -m venv` brings, by `ask_pip.py`, which installs nothing.

    .hubmatrix/locks/pip-<interpreter>/     a venv as that interpreter makes it, and never changed

uv finds another solution than pip where both have to go back on a choice: for TensorFlow 2.4.4 on Python 3.8, in November 2026,
pip took protobuf 3.20.3 and tensorboard 2.11.2, which import, and uv protobuf 5.29.6 and tensorboard 2.9.0, which don't. So pip
has to be asked. It takes 35 to 65 s where uv takes 2, once a day for each environment of today.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from filelock import AsyncFileLock
from packaging.utils import canonicalize_name
from packaging.version import Version

from harness.base.files import write_atomically
from harness.base.process import Completed, run_async, signal_name
from harness.domain import Status, Trouble
from harness.environments.interpreters import Interpreter
from harness.environments.seeds import INSTALLER
from harness.environments.uv import DISK, NETWORK, Failure

SCRIPT = Path(__file__).with_name("ask_pip.py")
COMPLETE = ".hubmatrix-complete"
VENV_SECONDS = 120.0
RESOLVER_SINCE = Version("20.3")
"""Older pips have no resolver that could be asked; of the CPythons used here only 3.6 brings such a pip."""
IMPOSSIBLE = re.compile(r"ResolutionImpossible|conflicting dependencies")
BUILD = re.compile(r"metadata-generation-failed|subprocess-exited-with-error|Failed to build")


def can_tell(interpreter: Interpreter) -> bool:
    """Return True if this interpreter's venvs have a pip whose resolver can be asked."""
    return any(seed.name == INSTALLER and Version(seed.version) >= RESOLVER_SINCE for seed in interpreter.seeds)


async def choices(
    folder: Path, interpreter: Interpreter, requirements: Sequence[str], *, timeout: float
) -> Mapping[str, str] | Failure:
    """Return the version of each package that `pip install` of these requirements would leave in a new venv.

    `folder` holds the venv whose pip is asked, made at the first call.
    """
    python = await _venv(folder, interpreter)
    if isinstance(python, Failure):
        return python
    # The venv is shared and never changed; a folder for each call, because several environments ask at the same time.
    work = Path(tempfile.mkdtemp(prefix="pip-", dir=folder))
    try:
        answer = work / "answer.json"
        argv: list[str | Path] = [python, "-I", SCRIPT, answer, "--quiet", *requirements]
        environ = {**settings(os.environ), "TMPDIR": str(work)}
        completed = await run_async(argv, timeout=timeout, env=environ, cwd=work, with_driver=True)
        # By the answer and not by the exit code: ask_pip.py ends pip from inside its resolver.
        if not answer.is_file():
            return _failure(completed, timeout)
        chosen = json.loads(answer.read_bytes())
        return {canonicalize_name(name): version for name, version in chosen.items() if name != INSTALLER}
    finally:
        shutil.rmtree(work, ignore_errors=True)


def settings(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return pip's variables: the index of uv's variables, and no settings or constraints from files of this machine."""
    own = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    index = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL") or environ.get("PIP_INDEX_URL", "")
    more = " ".join(entry.rpartition("=")[2] for entry in environ.get("UV_INDEX", "").split())
    values = {
        "PIP_INDEX_URL": index,
        "PIP_EXTRA_INDEX_URL": " ".join(filter(None, (more, environ.get("UV_EXTRA_INDEX_URL", "")))),
        "PIP_FIND_LINKS": " ".join(filter(None, environ.get("UV_FIND_LINKS", "").split(","))),
        "PIP_CERT": environ.get("SSL_CERT_FILE", ""),
    }
    return own | {name: value for name, value in values.items() if value}


async def _venv(folder: Path, interpreter: Interpreter) -> Path | Failure:
    path = folder / f"pip-{interpreter.label}"
    async with AsyncFileLock(path.with_suffix(".lock")):
        if not (path / COMPLETE).is_file():
            shutil.rmtree(path, ignore_errors=True)
            completed = await run_async([interpreter.path, "-m", "venv", path], timeout=VENV_SECONDS, with_driver=True)
            if not completed.ok:
                return _failure(completed, VENV_SECONDS)
            write_atomically(path / COMPLETE, interpreter.label)
    return path / "bin" / "python"


def _failure(completed: Completed, timeout: float) -> Failure:
    """Return what the end of a pip without an answer means. uv has found a solution by then, so the index is reachable."""
    text = completed.stderr.strip() or completed.stdout.strip()
    if completed.code is None:
        return Failure(status=Status.TIMED_OUT, trouble=None, message=f"pip took longer than {timeout:.0f} s", evidence=text)
    if completed.code < 0:
        message = f"pip was ended by {signal_name(-completed.code)}"
        return Failure(status=Status.UNAVAILABLE, trouble=Trouble.KILLED, message=message, evidence=text)
    errors = [line.removeprefix("ERROR:").strip() for line in text.splitlines() if line.startswith("ERROR:")]
    message = f"pip: {errors[-1] if errors else f'exited with {completed.code}'}"
    if IMPOSSIBLE.search(text):
        return Failure(status=Status.LOCK_FAILED, trouble=None, message=message, evidence=text)
    if BUILD.search(text):
        return Failure(status=Status.INSTALL_FAILED, trouble=None, message=message, evidence=text)
    trouble = Trouble.DISK if DISK.search(text) else Trouble.NETWORK if NETWORK.search(text) else None
    return Failure(status=Status.UNAVAILABLE, trouble=trouble, message=message, evidence=text)
