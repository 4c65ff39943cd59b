"""The program that inspects one model, in a process of its own: main(MODEL, RESULT)

It writes a pickle to RESULT: the `Inspected`, or the problems of an error. Its limits are set before any file of the model is
opened. What is asked of it, and what its end means, is in `bounded`.
"""

from __future__ import annotations

import pickle
import resource
from contextlib import suppress
from pathlib import Path

from harness.base.errors import HubmatrixError, ModelError
from harness.incell import hubmatrix_fence
from harness.models.inspect.find import inspect

CPU_SECONDS = 20
MEMORY_BYTES = 2**30
RESULT_BYTES = 64 * 2**20
TIMES_OF_A_GRAPH = 3
"""What reading a graph takes, as a multiple of its size: a sound one of 1 GiB may be read."""


def confine(model: Path, result: Path) -> None:
    """Set the limits of this process, and a fence in which it writes nothing but its result and reaches nobody."""
    graph = model / "saved_model.pb"
    more = TIMES_OF_A_GRAPH * min(graph.stat().st_size, MEMORY_BYTES) if graph.is_file() else 0
    limits = {
        resource.RLIMIT_AS: MEMORY_BYTES + more,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: RESULT_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        with suppress(OSError, ValueError):  # a lower limit of the user's own, or a system without this one
            resource.setrlimit(kind, (limit, limit))
    if hubmatrix_fence.level():
        # The links of a model may lead anywhere, so it reads what the user can read; there is no way out for it.
        hubmatrix_fence.put_up(readable=["/"], folders=[], files=[str(result)], ports=[])


def main(model: Path, result: Path) -> None:
    """Inspect a model, within limits, and write what came out. Whatever a parser raises is the model's fault."""
    confine(model, result)
    try:
        answer: object = inspect(model)
    except HubmatrixError as error:
        answer = (isinstance(error, ModelError), [(problem.location, problem.message, problem.hint) for problem in error.problems])
    except MemoryError:
        answer = (True, [(str(model), f"takes more than {MEMORY_BYTES // 2**30} GiB of memory to read", "")])
    except Exception as error:  # noqa: BLE001  (libraries raise what they like for files made to break them)
        answer = (True, [(str(model), f"damaged: {type(error).__name__}: {error}", "copy or save the model again")])
    with result.open("wb") as file:
        pickle.dump(answer, file, protocol=4)
