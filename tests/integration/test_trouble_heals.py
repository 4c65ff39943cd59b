"""Trouble of the machine, once: never the software's failure, and the next run measures what there is to measure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.domain import Outcome, Status, Trouble
from harness.results.format import EnvironmentRecord
from harness.results.run import Run
from tests.minis.project import Mini

CASE = {"test_one.py": "def test_one(model): pass\n"}
Make = Callable[..., Mini]
ONCE = """
import os
if not os.path.exists({marker!r}):
    open({marker!r}, "w").close()
    {trouble}
"""


def environment_of(run: Run) -> EnvironmentRecord:
    (environment,) = run.environments
    return environment


@pytest.mark.parametrize(
    "trouble",
    ["raise ImportError('libsky.so: cannot open shared object file')", "os.abort()", "raise ValueError('bad marshal data')"],
    ids=["raises", "crashes", "bytecode"],
)
def test_an_import_that_fails_once_is_tried_again(mini: Make, tmp_path: Path, trouble: str) -> None:
    run = mini(CASE, tensorflow=ONCE.format(marker=str(tmp_path / "failed-once"), trouble=trouble)).run()
    assert environment_of(run).status is Status.COMPLETED
    assert [case.outcome for case in run.cases] == [Outcome.PASSED]


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        ("OSError(28, 'No space left on device')", Trouble.DISK),
        ("OSError(24, 'Too many open files')", Trouble.LIMITS),
        ("OSError(12, 'Cannot allocate memory')", Trouble.MEMORY),
        ("MemoryError()", Trouble.MEMORY),
        ('RuntimeError("can\'t start new thread")', Trouble.LIMITS),
    ],
)
def test_an_import_short_of_something_heals(mini: Make, tmp_path: Path, error: str, trouble: Trouble) -> None:
    project = mini(CASE, tensorflow=ONCE.format(marker=str(tmp_path / "failed-once"), trouble=f"raise {error}"))
    first = environment_of(project.run())
    assert (first.status, first.trouble) == (Status.UNAVAILABLE, trouble)
    assert environment_of(project.run()).status is Status.COMPLETED


@pytest.mark.parametrize("error", ["OSError(24, 'Too many open files')", "OSError(5, 'Input/output error')", "MemoryError()"])
def test_a_case_short_of_something_heals(mini: Make, tmp_path: Path, error: str) -> None:
    """Whatever the case declares: the class would fit the declaration."""
    marker = str(tmp_path / "failed-once")
    declared = '@pytest.mark.declared(raises=("OSError", "MemoryError"), match="o|^$", instead="Buy more.")\n'
    body = ONCE.format(marker=marker, trouble=f"raise {error}").replace("\n", "\n    ")
    project = mini(
        {"test_one.py": f"import pytest\n\n{declared}def test_one(model):{body}\n    raise OSError(2, 'no such file')\n"}
    )
    (cell,) = project.run().cells
    assert cell.status is Status.UNAVAILABLE
    second = project.run()
    assert [(case.outcome, case.message) for case in second.cases] == [
        (Outcome.FAILED, "FileNotFoundError: [Errno 2] no such file")
    ]


def test_a_file_of_a_venv_that_was_cut_off_heals(mini: Make) -> None:
    """Through its hard link it is cut off in uv's cache too."""
    project = mini(CASE, tensorflow="VALUE = 'long enough to be cut off'\n")
    assert environment_of(project.run()).status is Status.COMPLETED
    (source,) = (project.root / ".hubmatrix" / "venvs").glob("*/lib/python*/site-packages/tensorflow/__init__.py")
    with source.open("r+") as file:
        file.truncate(9)
    damaged = environment_of(project.run("--rerun"))
    assert (damaged.status, damaged.trouble) == (Status.UNAVAILABLE, Trouble.DISK)
    assert damaged.message == "files are not as installed: tensorflow/__init__.py; the next run installs them anew"
    healed = project.run("--rerun")
    assert environment_of(healed).status is Status.COMPLETED
    assert [case.outcome for case in healed.cases] == [Outcome.PASSED]
