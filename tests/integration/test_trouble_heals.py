"""Trouble of the machine, once: never the software's failure, and the next run measures what there is to measure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.domain import Outcome, Status, Trouble
from harness.results.format import EnvironmentRecord
from harness.results.run import Run
from tests.minis.project import CONFTEST, Mini, outcomes

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
def test_an_import_that_fails_once_is_tried_again(mini: Make, meeting_place: Path, trouble: str) -> None:
    run = mini(CASE, tensorflow=ONCE.format(marker=str(meeting_place / "failed-once"), trouble=trouble)).run()
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
def test_an_import_short_of_something_heals(mini: Make, meeting_place: Path, error: str, trouble: Trouble) -> None:
    project = mini(CASE, tensorflow=ONCE.format(marker=str(meeting_place / "failed-once"), trouble=f"raise {error}"))
    first = environment_of(project.run())
    assert (first.status, first.trouble) == (Status.UNAVAILABLE, trouble)
    assert environment_of(project.run()).status is Status.COMPLETED


@pytest.mark.parametrize("error", ["OSError(24, 'Too many open files')", "OSError(5, 'Input/output error')", "MemoryError()"])
def test_a_case_short_of_something_heals(mini: Make, meeting_place: Path, error: str) -> None:
    """Whatever the case declares: the class would fit the declaration."""
    marker = str(meeting_place / "failed-once")
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


@pytest.mark.parametrize(
    "trouble",
    ["os.abort()", "os._exit(120)", "time.sleep(600)", "os.kill(os.getpid(), signal.SIGBUS)"],
    ids=["aborts", "exits", "hangs", "bus error"],
)
def test_a_case_that_dies_once_is_passed(mini: Make, meeting_place: Path, trouble: str) -> None:
    cases = f"""
        import os, signal, time
        MARKER = {str(meeting_place / "died-once")!r}
        def test_before(): pass
        def test_dies():
            if not os.path.exists(MARKER):
                open(MARKER, "w").close()
                {trouble}
        def test_after(): pass
    """
    run = mini({"test_one.py": cases}, case_seconds=2).run()
    assert [cell.status for cell in run.cells] == [Status.COMPLETED]
    assert outcomes(run) == {"test_before": "passed", "test_dies": "passed", "test_after": "passed"}


def test_a_case_that_is_killed_once_heals(mini: Make, meeting_place: Path) -> None:
    """SIGKILL is the kernel's, or a person's: it isn't tried again by the run that may lack the memory."""
    trouble = "import signal; os.kill(os.getpid(), signal.SIGKILL)"
    body = ONCE.format(marker=str(meeting_place / "killed-once"), trouble=trouble).replace("\n", "\n    ")
    project = mini({"test_one.py": f"def test_one():{body}\ndef test_two(): pass\n"})
    killed = project.run()
    assert [(cell.status, cell.trouble) for cell in killed.cells] == [(Status.UNAVAILABLE, Trouble.KILLED)]
    assert outcomes(killed) == {}
    assert outcomes(project.run()) == {"test_one": "passed", "test_two": "passed"}


def test_a_process_that_dies_once_outside_any_case_completes(mini: Make, meeting_place: Path) -> None:
    conftest = CONFTEST + ONCE.format(marker=str(meeting_place / "died-once"), trouble="os.abort()")
    run = mini({**CASE, "conftest.py": conftest}).run()
    assert [(cell.status, cell.message) for cell in run.cells] == [(Status.COMPLETED, "")]
    assert outcomes(run) == {"test_one": "passed"}


@pytest.mark.parametrize("trouble", ["raise pytest.UsageError('once')", "raise MemoryError"], ids=["usage", "memory"])
def test_cases_that_pytest_does_not_run_once_are_passed(mini: Make, meeting_place: Path, trouble: str) -> None:
    conftest = CONFTEST + ONCE.format(marker=str(meeting_place / "broke-off-once"), trouble=trouble)
    run = mini({"test_one.py": "def test_one(): pass\ndef test_two(): pass\n", "conftest.py": conftest}).run()
    assert [cell.status for cell in run.cells] == [Status.COMPLETED]
    assert outcomes(run) == {"test_one": "passed", "test_two": "passed"}


@pytest.mark.parametrize("name", ["conftest.py", "test_one.py"])
def test_cases_that_pytest_has_no_memory_to_import_heal(mini: Make, meeting_place: Path, name: str) -> None:
    """Also alone: nothing of that is recorded, and the next run measures them."""
    short = meeting_place / "short"
    short.touch()
    files = {"test_one.py": "import os\ndef test_one(): pass\n", "conftest.py": CONFTEST}
    files[name] += f"if os.path.exists({str(short)!r}): raise MemoryError\n"
    project = mini(files)
    first = project.run()
    short.unlink()
    assert [(cell.status, cell.trouble, cell.message) for cell in first.cells] == [
        (Status.UNAVAILABLE, Trouble.MEMORY, "out of memory while the cell ran")
    ]
    assert outcomes(first) == {}
    assert outcomes(project.run()) == {"test_one": "passed"}
