"""An environment that can't be had is a result: its status, whose fault, the tool's own words, and no case ran."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.domain import Outcome, Status, Trouble
from tests.minis import packages
from tests.minis.project import Mini

CASE = {"test_one.py": "def test_one(model): pass\n"}
Make = Callable[..., Mini]


def test_unsatisfiable_request(mini: Make) -> None:
    run = mini(CASE, requires=["no-such-thing>=1"]).run()
    (environment,) = run.environments
    assert (environment.status, environment.trouble) == (Status.LOCK_FAILED, None)
    assert "no-such-thing was not found" in environment.message
    assert "No solution found when resolving dependencies" in environment.evidence
    (cell,) = run.cells
    assert cell.status is Status.LOCK_FAILED
    assert [(ref.case, ref.key) for ref in cell.cases] == [("cases/test_one.py::test_one", None)]


def test_build_that_fails(mini: Make) -> None:
    project = mini(CASE, requires=["skyless==1.0"])
    packages.source_that_does_not_build(project.root / "index", "skyless", "1.0")
    (environment,) = project.run().environments
    assert (environment.status, environment.trouble) == (Status.INSTALL_FAILED, None)
    assert "no compiler for the sky" in environment.evidence
    assert "Failed to build" in environment.message


def test_missing_interpreter(mini: Make) -> None:
    run = mini(CASE, python="3.99").run()
    (environment,) = run.environments
    assert (environment.status, environment.trouble) == (Status.UNAVAILABLE, Trouble.INTERPRETER)
    assert environment.message == "no CPython 3.99 on this machine"
    assert "uv python install 3.99" in environment.evidence


def test_index_that_can_not_be_reached(mini: Make) -> None:
    project = mini(CASE)
    project.env |= {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/", "UV_FIND_LINKS": ""}
    (environment,) = project.run().environments
    assert (environment.status, environment.trouble) == (Status.UNAVAILABLE, Trouble.NETWORK)
    assert "Connection refused" in environment.evidence


def test_offline_runs_what_is_locked_and_cached(mini: Make) -> None:
    project = mini(CASE)
    assert project.run().cells[0].status is Status.COMPLETED
    project.env |= {"UV_OFFLINE": "1", "UV_FIND_LINKS": ""}
    run = project.run("--rerun")
    assert [record.outcome for record in run.cases] == [Outcome.PASSED]


def test_import_that_raises(mini: Make) -> None:
    run = mini(CASE, tensorflow="raise ImportError('built for another sky')").run()
    (environment,) = run.environments
    assert (environment.status, environment.trouble) == (Status.IMPORT_FAILED, None)
    assert environment.message == "ImportError: built for another sky"
    assert environment.evidence.startswith("Traceback (most recent call last):")
    assert run.cells[0].status is Status.IMPORT_FAILED
    assert run.cases == ()


def test_import_that_crashes(mini: Make) -> None:
    source = "import os, sys\nprint('last words', file=sys.stderr, flush=True)\nos.abort()\n"
    (environment,) = mini(CASE, tensorflow=source).run().environments
    assert environment.status is Status.IMPORT_FAILED
    assert environment.message == "import ended by SIGABRT"
    assert "last words" in environment.evidence


def test_import_that_hangs(mini: Make) -> None:
    (environment,) = mini(CASE, tensorflow="import time\ntime.sleep(600)\n").run().environments
    assert (environment.status, environment.message) == (Status.TIMED_OUT, "import took longer than 5 s")


def test_import_that_fails_without_zygote(mini: Make) -> None:
    (environment,) = mini(CASE, tensorflow="raise ImportError('built for another sky')").run("--no-zygote").environments
    assert (environment.status, environment.message) == (Status.IMPORT_FAILED, "ImportError: built for another sky")


@pytest.mark.parametrize("mode", [(), ("--no-zygote",)], ids=["zygote", "fresh"])
def test_pytest_that_can_not_be_imported_is_not_the_softwares_fault(mini: Make, mode: tuple[str, ...]) -> None:
    """The packages under test win on `sys.path`; where that breaks pytest, the cell says nothing about them."""
    project = mini(CASE, requires=["pluggy"])
    packages.wheel(project.root / "index", "pluggy", "0.1", {"pluggy/__init__.py": "raise RuntimeError('too old')\n"})
    (environment,) = project.run(*mode).environments
    assert (environment.status, environment.trouble) == (Status.UNAVAILABLE, Trouble.TOOLCHAIN)
    assert environment.message == "pytest can't be imported beside these packages: RuntimeError: too old"


def test_pytest_that_can_not_be_installed_is_not_the_softwares_fault(mini: Make) -> None:
    project = mini(CASE)
    (project.root / ".hubmatrix" / "toolchains").unlink()
    (environment,) = project.run().environments
    assert (environment.status, environment.trouble) == (Status.UNAVAILABLE, Trouble.TOOLCHAIN)
    assert environment.message.startswith("pytest for the cells can't be installed: ")
