"""One script, run as a program of its own in a fresh interpreter, under a guardian.

    python -I script.py REQUEST.json

A request is a dict:
    script      the file to run, as `__main__`
    workdir     HOME, TMPDIR and the current folder are below it, and stay there for the next script
    output      file that takes everything it prints
    raised      file that takes the exception that ended it: {"kinds": [...], "message": ..., "evidence": ...}
    events      a file that nobody writes, so that `case_seconds` counts from the start
    limits      case_seconds and memory_bytes, kept by the guardian, which leaves its verdict in workdir

Standard library only, Python 3.7 syntax.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import traceback
from typing import Any, Dict

Request = Dict[str, Any]
HERE = os.path.dirname(os.path.abspath(__file__))


def main() -> None:
    with open(sys.argv[1]) as file:
        request = json.load(file)
    sys.path.append(HERE)
    import guardian

    pid = os.fork()  # a guardian makes its own process group, which the leader of a session can't
    if not pid:
        guardian.guard(request, run)
    os.waitpid(pid, 0)


def run(request: Request) -> int:
    """Run the script; returns the exit code of its interpreter."""
    import cell

    cell.redirect(request["output"])
    for name in ("home", "tmp", "cwd"):
        os.makedirs(os.path.join(request["workdir"], name), exist_ok=True)
    os.chdir(os.path.join(request["workdir"], "cwd"))
    sys.path.remove(HERE)
    sys.argv = [request["script"]]
    try:
        runpy.run_path(request["script"], run_name="__main__")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException as error:
        tell(request, error)
        return 1
    return 0


def tell(request: Request, error: BaseException) -> None:
    """Leave the exception: its class and that class's bases by name, its last words, its traceback."""
    told = {
        "kinds": [kind.__name__ for kind in type(error).__mro__ if kind not in (object, BaseException)],
        "message": "".join(traceback.format_exception_only(type(error), error)).strip(),
        "evidence": traceback.format_exc(),
    }
    with open(request["raised"], "w") as file:
        json.dump(told, file)


if __name__ == "__main__":
    main()
