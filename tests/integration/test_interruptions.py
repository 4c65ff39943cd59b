"""Nothing is lost and nothing is twice: SIGKILL at any moment, Ctrl-C, two runs at once, a changed case, a changed lock."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.test_cells_fail import processes_of
from tests.minis import packages
from tests.minis.project import Mini, forget_runs, runs_of

Make = Callable[..., Mini]
CASES = {
    "test_a.py": """
        import os, time, pytest
        def test_model(model): time.sleep(0.2)
        def test_format(model, save_format):
            time.sleep(0.2)
            assert save_format != "keras"
        @pytest.mark.parametrize("n", [1, 2, 3])
        def test_variants(save_format, n): time.sleep(0.1)
    """,
    "test_b.py": """
        import os
        def test_crash(save_format):
            if save_format == "h5": os.abort()
        def test_after(save_format): pass
        """,
}
FORMATS = "h5, keras, savedmodel"
# Seconds after the results file appears. The first three find nothing locked or installed.
MOMENTS = (0.0, 0.3, 1.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3, 1.6)


def settled(project: Mini, seconds: float = 10.0) -> bool:
    """All processes of a killed run are gone by themselves."""
    deadline = time.monotonic() + seconds
    while processes_of(project):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 60.0) -> None:
    """Wait for something that a running command does; a command that ended without it fails the test, with its words."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def recorded_twice(project: Mini) -> list[tuple[str, str]]:
    run = project.newest()
    counts = Counter((record.key, record.variant) for record in run.cases)
    return [name for name, count in counts.items() if count > 1]


def test_sigkill_at_ten_moments(mini: Make) -> None:
    project = mini(CASES, formats=FORMATS)
    project.run("--jobs", "2")
    undisturbed = project.results()
    cut_off = 0
    for number, moment in enumerate(MOMENTS):
        if number < 3:
            shutil.rmtree(project.root / ".hubmatrix" / "locks")
            shutil.rmtree(project.root / ".hubmatrix" / "venvs")
        forget_runs(project.root)
        process = project.start("run", "--plain", "--no-report", "--jobs", "2")
        wait_until(lambda: bool(runs_of(project.root)), process)
        time.sleep(moment)
        process.kill()
        process.communicate()
        assert settled(project), f"processes outlived the driver killed after {moment} s"
        cut_off += project.newest().footer is None
        project.run("--jobs", "2")
        assert project.results() == undisturbed, f"killed after {moment} s"
        assert recorded_twice(project) == []
    assert cut_off >= 3, "the moments don't fall into the run"
    assert list((project.root / ".hubmatrix" / "work").iterdir()) == [], "what killed runs left was not removed by the next"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_gone_on(mini: Make, number: signal.Signals) -> None:
    project = mini(CASES, formats=FORMATS)
    project.run()
    undisturbed = project.results()
    forget_runs(project.root)
    process = project.start("run", "--plain", "--no-report", "--jobs", "1")
    wait_until(lambda: any(run.cases for run in runs_of(project.root)), process)
    process.send_signal(number)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted; everything measured so far is kept (hint: the same command goes on from here)" in told
    assert processes_of(project) == []
    first = project.newest()
    assert first.footer is not None
    assert first.footer.interrupted
    project.run()
    assert project.results() == undisturbed
    assert any(record.reused for record in project.newest().cases)


def test_nothing_changed_runs_nothing(mini: Make) -> None:
    project = mini(CASES, formats=FORMATS)
    first = project.run()
    second = project.run()
    assert all(record.reused for record in (*second.environments, *second.cases, *second.cells))
    assert {record.run for record in second.cases} == {first.header.run}


def test_changed_case_runs_again_alone(mini: Make) -> None:
    project = mini(CASES, formats=FORMATS)
    project.run()
    project.write_cases({"test_b.py": CASES["test_b.py"] + "# another comment\n"})
    again = project.run()
    new = {record.case for record in again.cases if not record.reused}
    assert new == {"cases/test_b.py::test_crash", "cases/test_b.py::test_after"}


def test_changed_lock_runs_again(mini: Make) -> None:
    project = mini({"test_x.py": "def test_one(): pass\n"})
    before = project.run().environments[0].lock
    packages.wheel(project.root / "index", "tensorflow-hub", "0.99.1", {"tensorflow_hub/__init__.py": ""})
    assert project.run().environments[0].lock == before, "a lock of today holds for today"
    again = project.run("--refresh")
    assert again.environments[0].lock != before
    assert [record.reused for record in again.cases] == [False]


def test_without_zygote_the_same(mini: Make) -> None:
    project = mini(CASES, formats=FORMATS)
    project.run()
    with_zygote = project.results()
    project.run("--rerun", "--no-zygote")
    assert project.results() == with_zygote


def test_two_runs_at_once(mini: Make) -> None:
    project = mini(CASES, formats=FORMATS)
    processes = [project.start("run", "--plain", "--no-report") for _ in range(2)]
    told = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    runs = runs_of(project.root)
    assert len(runs) == 2
    ended = [{(record.id, record.status) for record in run.cells} for run in runs]
    assert ended[0] == ended[1]
    assert len(ended[0]) == 3


def test_results_that_can_not_be_written(mini: Make, tmp_path: Path) -> None:
    project = mini({"test_x.py": "def test_one(): pass\n"})
    (project.root / ".hubmatrix" / "results").write_text("a file where a folder should be")
    ended = project.command("run", "--plain", "--no-report")
    assert ended.code == 6
    assert "error: " in ended.stderr
    assert "Traceback" not in ended.stderr
