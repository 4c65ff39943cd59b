"""One script, run as a program of its own in a fresh interpreter: `python -I script.py REQUEST.json`.

Its guardian starts it as it starts a cell, and keeps its limits. What the script finds is what a user's would: its own variables,
a HOME, a current folder, and nothing of this project on sys.path. Standard library only, Python 3.7 syntax.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import traceback
from typing import TYPE_CHECKING

FOLDER = os.path.dirname(os.path.abspath(__file__))
if TYPE_CHECKING or __package__:
    from harness.incell import hubmatrix_fence as fence  # the driver, and tests
    from harness.incell import hubmatrix_messages as messages
    from harness.incell.cell import redirect
else:
    sys.path.append(FOLDER)
    import hubmatrix_fence as fence
    import hubmatrix_messages as messages
    from cell import redirect


def run(request: messages.ScriptRequest) -> int:
    """Run the script; return the exit code of its interpreter."""
    redirect(request.output)
    for name in ("home", "tmp", "cwd"):
        os.makedirs(os.path.join(request.folder, name), exist_ok=True)
    os.chdir(os.path.join(request.folder, "cwd"))
    os.environ.update(request.environ)
    os.environ["HOME"] = os.path.join(request.folder, "home")
    os.environ["TMPDIR"] = os.path.join(request.folder, "tmp")
    fence.confine_script(request)
    # The script runs as a user's would: it neither sees our modules nor their request in sys.argv.
    while FOLDER in sys.path:
        sys.path.remove(FOLDER)
    sys.argv = [request.script]
    try:
        runpy.run_path(request.script, run_name="__main__")
    except SystemExit as ended:  # sys.exit("text") means exit code 1, sys.exit() means 0
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException as error:
        write_exception(request.raised, error)
        return 1
    return 0


def write_exception(path: str, error: BaseException) -> None:
    """Write the exception to a file: the names of its class and bases, its message, its traceback."""
    facts = {
        "kinds": [kind.__name__ for kind in type(error).__mro__ if kind not in (object, BaseException)],
        "message": "".join(traceback.format_exception_only(type(error), error)).strip(),
        "evidence": traceback.format_exc(),
    }
    with open(path, "w") as file:
        json.dump(facts, file)


if __name__ == "__main__":
    with open(sys.argv[1]) as request_file:
        loaded = messages.read_request(request_file.read())
    assert isinstance(loaded, messages.ScriptRequest)
    code = run(loaded)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
