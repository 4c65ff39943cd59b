"""CPU time of the fence around a cell: `python bench/fence.py [processes]`.

Forks processes that put the fence of a cell up, as a zygote's cells do, inside another fence as they have it, and that read a
file many times, without and with it. Bound: 5 ms a cell.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from harness.base.workspace import Workspace
from harness.incell import hubmatrix_fence
from harness.incell.hubmatrix_messages import CellRequest, Setup
from harness.run.fence import fence_here, fence_of

FILES = 2000


def cell_request(work: Path) -> CellRequest:
    """Return the request of a cell in a work folder of its own, with the fence that a run here would give it."""
    environ = {"HUBMATRIX_HUB_SERVER": "http://127.0.0.1:8700", "HUBMATRIX_TPU_COMPILER": "127.0.0.1:8701"}
    return CellRequest(
        id="cell",
        cases=(),
        skip=(),
        rootdir=str(work),
        workdir=str(work),
        environ=environ,
        toolchain="",
        modules=(),
        workers=0,
        output=str(work / "output.txt"),
        events=str(work / "events.jsonl"),
        case_seconds=1,
        memory_bytes=1,
        fence=fence_of(fence_here(asked_for=True), Workspace(root=Path(__file__).parents[1]), [environ]),
    )


def in_a_fork(act: Callable[[], list[float]]) -> list[float]:
    """Call a function in a forked process; return what it returns."""
    readable, writable = os.pipe()
    if os.fork() == 0:
        with os.fdopen(writable, "w") as pipe:
            json.dump(act(), pipe)
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as pipe:
        seconds: list[float] = json.load(pipe)
    os.wait()
    return seconds


def seconds_of(act: Callable[[], object]) -> list[float]:
    started = time.process_time()
    act()
    return [time.process_time() - started]


def open_many() -> None:
    for _ in range(FILES):
        os.close(os.open(os.__file__, os.O_RDONLY))


def times(request: CellRequest, count: int) -> list[float]:
    """Return the CPU seconds that the fence took in each of so many cells, and last of opening files in a cell."""
    setup = Setup(modules=(), toolchain="", preload=True, work=request.workdir, fence=request.fence)
    hubmatrix_fence.confine_zygote(setup)

    def open_in_a_cell() -> list[float]:
        hubmatrix_fence.confine_cell(request)
        return seconds_of(open_many)

    seconds = [in_a_fork(lambda: seconds_of(lambda: hubmatrix_fence.confine_cell(request)))[0] for _ in range(count)]
    return [*seconds, min(in_a_fork(open_in_a_cell)[0] for _ in range(5))]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        request = cell_request(Path(folder))
        if request.fence is None:
            sys.exit("no fence: this kernel has no Landlock of level 2 or later")
        *fences, inside = in_a_fork(lambda: times(request, count))
        outside = min(in_a_fork(lambda: seconds_of(open_many))[0] for _ in range(5))
    median, slowest = 1000 * statistics.median(fences), 1000 * max(fences)
    print(f"{fence_here(asked_for=True)}, {count} cells: median {median:.2f} ms, slowest {slowest:.2f} ms")
    print(f"opening a file: {1e6 * inside / FILES:.1f} µs in a cell, {1e6 * outside / FILES:.1f} µs without a fence")


if __name__ == "__main__":
    main()
