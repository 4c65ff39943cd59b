"""Inspect a model that comes from elsewhere in a process of its own: one bound for all parsers, whatever is in the files.

A parser that crashes, loops or takes all memory is the model's fault, not this machine's; one that was taken over writes nothing,
reaches nobody (Landlock, where the kernel has it), and hands back values of these types alone.
"""

from __future__ import annotations

import io
import pickle
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from harness.base.errors import HubmatrixError, MachineError, ModelError, Problem
from harness.base.files import open_regular
from harness.base.process import run_process, signal_name
from harness.models.inspect import child
from harness.models.inspect.values import Inspected

SECONDS = 120.0
"""Longer than its limit of CPU time, for a machine that is busy."""
IMPORTABLE = Path(__file__).parents[3]
START = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from harness.models.inspect.child import main
main(Path(sys.argv[2]), Path(sys.argv[3]))
"""
OWN_MODULES = ("harness.models.inspect.values", "harness.models.inspect.tree")
STANDARD_TYPES = {(PurePosixPath.__module__, "PosixPath"), ("pathlib", "PosixPath"), ("builtins", "frozenset")}


class _Values(pickle.Unpickler):
    """Reads the values of an inspection, and nothing that runs anything."""

    def find_class(self, module: str, name: str) -> Any:
        if module in OWN_MODULES or (module, name) in STANDARD_TYPES:
            value = super().find_class(module, name)
            if isinstance(value, type) and (value.__module__ in OWN_MODULES or (module, name) in STANDARD_TYPES):
                return value
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a result")


def inspect_bounded(path: Path) -> Inspected:
    """Read everything that the files of a model say, in a process of its own.

    Raises:
        ModelError: there is no model, or a damaged one, or reading it takes more than a model may take.
        MachineError: a file can't be read.
    """
    return in_child(path)


def in_child(path: Path) -> Inspected:
    """Return what the process read: apart from `inspect_bounded`, so that tests that start no process can take its part."""
    with tempfile.TemporaryDirectory(prefix="hubmatrix-") as folder:
        result = Path(folder) / "result"
        result.touch()
        # Without threads of numpy's libraries, whose stacks would count.
        completed = run_process(
            [sys.executable, "-I", "-c", START, IMPORTABLE, path.absolute(), result],
            timeout=SECONDS,
            env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        if not completed.ok:
            raise ModelError(_why(completed.code), location=str(path), hint="copy or save the model again")
        with open_regular(result, most_bytes=child.RESULT_BYTES) as file:
            answer = _values(file.read(), path)
    if isinstance(answer, Inspected):
        return answer
    is_models, problems = answer
    kind: type[HubmatrixError] = ModelError if is_models else MachineError
    raise kind.of(tuple(Problem(location=location, message=message, hint=hint) for location, message, hint in problems))


def _values(data: bytes, path: Path) -> Any:
    try:
        return _Values(io.BytesIO(data)).load()
    except Exception as error:  # whatever a pickle made to do harm raises
        raise ModelError(f"reading it gave no result: {error}", location=str(path)) from error


def _why(code: int | None) -> str:
    if code is None:
        return f"not read after {SECONDS:.0f} s"
    how = f"was ended by {signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
    limits = f"{child.MEMORY_BYTES // 2**30} GiB of memory, {child.CPU_SECONDS} s"
    return f"can't be read: the process that read it {how} (it may take {limits})"
