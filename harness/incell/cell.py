"""One cell: set up this process as the cell's own, then run its cases under pytest.

Called in a forked child of the zygote, or as a program (`cell.py REQUEST.json`) where fork is not used; both end in the
same function. Standard library only, Python 3.7 syntax.
"""

from __future__ import annotations

import io
import json
import os
import random
import sys
import tempfile
from typing import TYPE_CHECKING

FOLDER = os.path.dirname(os.path.abspath(__file__))
if TYPE_CHECKING or __package__:
    from harness.incell import hubmatrix_bytecode as bytecode  # the driver, and tests
    from harness.incell import hubmatrix_fence as fence
    from harness.incell import hubmatrix_messages as messages
else:
    if FOLDER not in sys.path:
        sys.path.append(FOLDER)
    import hubmatrix_bytecode as bytecode
    import hubmatrix_fence as fence
    import hubmatrix_messages as messages


def run(request: messages.CellRequest) -> int:
    """Run the cases; returns pytest's exit code. Does not return where the process dies, which its guardian sees."""
    before = set(sys.modules)  # of a fork, all that the zygote imported
    enter(request)
    fence.confine_cell(request)
    for module in request.modules:  # a fork has them
        __import__(module)
    extend_path(request.toolchain)
    import pytest

    code = int(pytest.main(arguments(request)))
    if request.fence:
        bytecode.write_uncompiled(messages.uncompiled_file(request), before)
    return code


def enter(request: messages.CellRequest) -> None:
    """Set up folders, variables, output and random numbers of this cell's own, so that nothing is shared with other cells."""
    redirect(request.output)
    for name in ("home", "tmp", "cwd"):
        os.makedirs(os.path.join(request.workdir, name), exist_ok=True)
    os.chdir(os.path.join(request.workdir, "cwd"))
    os.environ.update(request.environ)
    # Plugins that come with a package under test aren't part of what is tested.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["HUBMATRIX_EVENTS"] = request.events
    os.environ["HUBMATRIX_OUTPUT"] = request.output
    os.environ["HOME"] = os.path.join(request.workdir, "home")
    os.environ["TMPDIR"] = os.path.join(request.workdir, "tmp")
    os.environ["HUBMATRIX_SELECTION"] = os.path.join(request.workdir, "selection.json")
    with open(os.environ["HUBMATRIX_SELECTION"], "w") as file:
        json.dump({"cases": request.cases, "skip": request.skip}, file)
    tempfile.tempdir = None  # the module remembers the zygote's
    # A fork starts with the zygote's random state: cells would draw equal numbers.
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "random"):
        numpy.random.seed()


def redirect(output: str) -> None:
    """Send everything printed, also by C++ code, to a file, and leave standard input empty."""
    sys.stdout.flush()
    sys.stderr.flush()
    written = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.close(written)
    os.close(empty)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what was printed before a crash is evidence


def extend_path(toolchain: str) -> None:
    """Append pytest's folder and ours to sys.path: where the packages under test bring the same module, theirs wins."""
    for folder in (toolchain, FOLDER):
        if folder not in sys.path:
            sys.path.append(folder)


def arguments(request: messages.CellRequest) -> list[str]:
    """Return pytest's command line: whole files, of which the recorder picks the cases."""
    argv = sorted({os.path.join(request.rootdir, case.partition("::")[0]) for case in request.cases})
    argv += ["--rootdir", request.rootdir, "-c", os.path.join(FOLDER, "pytest.ini")]
    argv += ["-p", "hubmatrix_recorder", "-p", "no:cacheprovider", "--import-mode=importlib", "--continue-on-collection-errors"]
    # Python's own traceback: for its own, pytest parses the source of each frame, up to 0.5 s where TensorFlow raises.
    argv += ["--capture=no", "--tb=native", "-q", "--basetemp", os.path.join(request.workdir, "tmp", "pytest")]
    if request.workers:
        argv += ["-p", "xdist.plugin", "-n", str(request.workers)]
    return argv


if __name__ == "__main__":
    with open(sys.argv[1]) as request_file:
        loaded = messages.read_request(request_file.read())
    assert isinstance(loaded, messages.CellRequest)
    code = run(loaded)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
