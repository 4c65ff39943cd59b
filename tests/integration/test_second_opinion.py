"""What fails on the newest Python is tried on an older one; both are facts in one file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.domain import Outcome, Status
from harness.results.run import first_opinions
from tests.integration.conftest import install_pytest
from tests.minis.project import MINOR, Mini

CASE = {
    "test_python.py": f"""
    import sys

    def test_old(model):
        assert sys.version_info < {tuple(map(int, MINOR.split(".")))}

    def test_any(model):
        pass
    """
}
Make = Callable[..., Mini]


@pytest.fixture
def two(mini: Make) -> Make:
    """Makes a mini project whose TensorFlow has wheels for this Python and the one before it."""
    major, minor = MINOR.split(".")
    before = f"{major}.{int(minor) - 1}"

    def make(*cases: object, **options: object) -> Mini:
        project = mini(*cases, **options, python=f'{before}", "{MINOR}')
        if not install_pytest(project.toolchains, before):
            pytest.skip(f"no CPython {before} on this machine")
        return project

    return make


def test_a_failure_is_tried_on_an_older_python(two: Make) -> None:
    run = two(CASE).run()
    first, second = run.environments
    assert (first.second_opinion_on, second.second_opinion_on) == (None, first.id)
    assert first.python is not None
    assert second.python is not None
    assert first.python.startswith(f"{MINOR}.")
    assert not second.python.startswith(f"{MINOR}.")
    by_environment = {(record.environment, record.case.rpartition("::")[2]): record.outcome for record in run.cases}
    assert by_environment == {
        (first.id, "test_old"): Outcome.FAILED,
        (first.id, "test_any"): Outcome.PASSED,
        (second.id, "test_old"): Outcome.PASSED,
    }
    assert [cell.environment for cell in first_opinions(run).cells] == [first.id]


def test_what_is_known_is_not_run_again(two: Make) -> None:
    project = two(CASE)
    project.run()
    run = project.run()
    assert len(run.environments) == 2
    assert all(record.reused for record in (*run.environments, *run.cases, *run.cells))


def test_no_second_opinion_if_none_is_asked_for(two: Make) -> None:
    assert len(two(CASE).run("--no-second-opinion").environments) == 1


def test_an_import_that_fails_on_the_newest_python_alone(two: Make) -> None:
    source = f"import sys\nif sys.version_info >= {tuple(map(int, MINOR.split('.')))}: raise ImportError('too new')\n"
    run = two(CASE, tensorflow=source).run()
    assert [environment.status for environment in run.environments] == [Status.IMPORT_FAILED, Status.COMPLETED]
    assert run.cases == ()
