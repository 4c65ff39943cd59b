"""A case may crash, hang, eat memory, shout, fork or litter: its own outcome says so, and nothing else is touched."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from harness.domain import Status
from tests.minis.project import Mini, outcomes

Make = Callable[..., Mini]
MODES = pytest.mark.parametrize("mode", [(), ("--no-zygote",)], ids=["zygote", "fresh"])


@MODES
def test_crash_ends_one_case(mini: Make, mode: tuple[str, ...]) -> None:
    cases = """
        import os, sys
        def test_before(): pass
        def test_crash():
            print("about to go", flush=True)
            os.abort()
        def test_exit(): os._exit(3)
        def test_after(): pass
    """
    run = mini({"test_x.py": cases}).run(*mode)
    assert outcomes(run) == {"test_before": "passed", "test_crash": "crashed", "test_exit": "crashed", "test_after": "passed"}
    told = {record.case.rpartition("::")[2]: record for record in run.cases}
    assert told["test_crash"].message == "the interpreter was ended by SIGABRT"
    assert "about to go" in told["test_crash"].evidence
    assert told["test_exit"].message == "the interpreter exited with code 3 in the middle of the case"
    assert run.cells[0].status is Status.COMPLETED


@MODES
def test_hang_ends_one_case(mini: Make, mode: tuple[str, ...]) -> None:
    cases = """
        import signal, time
        def test_hang():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        def test_after(): pass
    """
    run = mini({"test_x.py": cases}, case_seconds=2).run(*mode)
    assert outcomes(run) == {"test_hang": "timed_out", "test_after": "passed"}
    assert run.cases[0].message == "still running after 2 s"


@MODES
def test_memory_ends_one_case(mini: Make, mode: tuple[str, ...]) -> None:
    cases = """
        import time
        def test_eats():
            eaten = []
            while True:
                eaten.append(bytearray(b"x") * (8 << 20))
                time.sleep(0.01)
        def test_after(): pass
    """
    run = mini({"test_x.py": cases}, memory="300 MiB").run(*mode)
    assert outcomes(run) == {"test_eats": "crashed", "test_after": "passed"}
    assert run.cases[0].message == "needs more than 0.3 GiB of memory, its limit, also alone in a fresh process"


@MODES
def test_memory_that_a_case_before_it_holds_is_not_its_own_need(mini: Make, mode: tuple[str, ...]) -> None:
    cases = """
        import time
        KEPT = []
        def test_keeps(): KEPT.append(bytearray(b"x") * (160 << 20))
        def test_needs_as_much():
            needed = bytearray(b"x") * (160 << 20)
            time.sleep(0.5)
            assert not KEPT
        def test_after(): pass
    """
    run = mini({"test_x.py": cases}, memory="300 MiB").run(*mode)
    assert outcomes(run) == {"test_keeps": "passed", "test_needs_as_much": "passed", "test_after": "passed"}


def test_a_variant_over_the_limit_is_tried_alone(mini: Make) -> None:
    cases = """
        import pytest, time
        KEPT = []
        @pytest.mark.parametrize("n", [1, 2, 3])
        def test_some(n):
            KEPT.append(bytearray(b"x") * (120 << 20))
            time.sleep(0.3)
            assert n != 3
    """
    run = mini({"test_x.py": cases}, memory="300 MiB").run()
    assert outcomes(run) == {"test_some[1]": "passed", "test_some[2]": "passed", "test_some[3]": "failed"}


def test_garbage_on_stdout_is_evidence_only(mini: Make) -> None:
    cases = """
        import os, sys
        def test_shouts():
            os.write(1, bytes(range(256)) * 400)
            print('{"event": "finished", "outcome": "passed"}')
            os.write(2, b"\\xff\\xfe\\n")
        def test_fails_after_shouting():
            print("said before it failed")
            assert 1 == 2
    """
    run = mini({"test_x.py": cases}).run()
    assert outcomes(run) == {"test_shouts": "passed", "test_fails_after_shouting": "failed"}
    assert "said before it failed" in run.cases[1].evidence


def test_children_do_not_outlive_the_cell(mini: Make, meeting_place: Path) -> None:
    pids = meeting_place / "pids"
    script = f"import os, time; os.setsid(); open({str(pids)!r}, 'a').write('%d\\n' % os.getpid()); time.sleep(600)"
    cases = f"""
        import os, subprocess, sys
        SLEEP = [sys.executable, "-c", {script!r}]
        def test_forks():
            subprocess.Popen(SLEEP)
            if os.fork() == 0:
                os.setsid()
                subprocess.Popen(SLEEP)
                os._exit(0)
            while not os.path.exists({str(pids)!r}) or len(open({str(pids)!r}).readlines()) < 2: pass
    """
    run = mini({"test_x.py": cases}).run()
    assert outcomes(run) == {"test_forks": "passed"}
    started = [int(line) for line in pids.read_text().splitlines()]
    assert len(started) == 2
    assert not [pid for pid in started if psutil.pid_exists(pid)]


def test_files_do_not_outlive_the_cell(mini: Make) -> None:
    cases = """
        import os, tempfile
        def test_litters(save_format):
            home = os.path.expanduser("~")
            assert os.listdir(home) == []
            assert os.listdir(".") == []
            for folder in (home, ".", tempfile.gettempdir(), os.environ["TFHUB_CACHE_DIR"]):
                with open(os.path.join(folder, "litter"), "w") as file:
                    file.write("x")
    """
    project = mini({"test_x.py": cases}, formats="h5, keras")
    run = project.run("--jobs", "1")
    assert [record.outcome.value for record in run.cases] == ["passed", "passed"]
    assert list((project.root / ".hubmatrix" / "work").iterdir()) == []


def test_nothing_collected_is_an_error(mini: Make) -> None:
    hide = "def pytest_collection_modifyitems(items):\n    items.clear()\n"
    run = mini({"test_x.py": "def test_one(): pass\n", "conftest.py": hide}).run()
    assert outcomes(run) == {"test_one": "error"}
    assert run.cases[0].message == "pytest did not run this case (exit code 5)"


def test_file_that_can_not_be_imported(mini: Make) -> None:
    cases = {"test_bad.py": "import no_such_module\ndef test_one(): pass\n", "test_good.py": "def test_two(): pass\n"}
    run = mini(cases).run()
    assert outcomes(run) == {"test_one": "error", "test_two": "passed"}
    assert run.cases[0].message == "E   ModuleNotFoundError: No module named 'no_such_module'"


def test_death_outside_any_case_is_the_cells_status(mini: Make) -> None:
    project = mini({"test_x.py": "def test_one(): pass\n", "conftest.py": "import os\nos.abort()\n"})
    run = project.run()
    assert run.cases == ()
    (cell,) = (cell for cell in run.cells if cell.cases)
    assert (cell.status, cell.message) == (Status.CRASHED, "the process ended by SIGABRT outside any case")
    (again,) = (cell for cell in project.run().cells if cell.cases)
    assert (again.status, again.reused) == (Status.CRASHED, True)


def test_kill_from_outside_is_trouble_of_the_machine(mini: Make) -> None:
    cases = "import os, signal\ndef test_one(): os.kill(os.getpid(), signal.SIGKILL)\ndef test_two(): pass\n"
    run = mini({"test_x.py": cases}).run()
    assert run.cases == ()
    assert run.cells[0].status is Status.UNAVAILABLE
    assert "killed from outside" in run.cells[0].message


def test_full_disk_is_trouble_of_the_machine(mini: Make) -> None:
    cases = "def test_one():\n    with open('/dev/full', 'w') as file:\n        file.write('x' * 100000)\n"
    run = mini({"test_x.py": cases}).run()
    assert run.cases == ()
    assert (run.cells[0].status.value, run.cells[0].message) == ("unavailable", "no space left on device while the cell ran")


def test_variants_of_a_case(mini: Make) -> None:
    cases = """
        import os, pytest
        @pytest.mark.parametrize("n", [1, 2, 3, 4])
        def test_some(n):
            if n == 2: os.abort()
            assert n != 3
        def test_after(): pass
    """
    run = mini({"test_x.py": cases}).run()
    assert outcomes(run) == {
        "test_some[1]": "passed",
        "test_some[2]": "crashed",
        "test_some[3]": "failed",
        "test_some[4]": "passed",
        "test_after": "passed",
    }


def test_outcomes_of_pytest(mini: Make) -> None:
    cases = """
        import pytest
        @pytest.fixture
        def broken(): raise RuntimeError("in a fixture")
        def test_error(broken): pass
        def test_skip(): pytest.skip("no reason")
        @pytest.mark.declared(raises="ValueError", match="as declared", instead="Nothing.")
        def test_declared(): raise ValueError("as declared")
        def test_unmet(request):
            request.node.user_properties.append(("hubmatrix_unmet", "hub.Module"))
            pytest.skip("not applicable: needs hub.Module")
    """
    run = mini({"test_x.py": cases}).run()
    assert outcomes(run) == {
        "test_error": "error",
        "test_skip": "skipped",
        "test_declared": "failed",
        "test_unmet": "not_applicable",
    }
    messages = [record.message for record in run.cases]
    assert messages == [
        "RuntimeError: in a fixture",
        "Skipped: no reason",
        "ValueError: as declared",
        "Skipped: not applicable: needs hub.Module",
    ]
    kinds = [record.failure.kinds[0] if record.failure else "" for record in run.cases]
    assert kinds == ["builtins.RuntimeError", "", "builtins.ValueError", ""]


def test_xdist_where_cores_would_be_idle(mini: Make, meeting_place: Path) -> None:
    log, dies = meeting_place / "workers", meeting_place / "dies"
    body = f"""
        import os, time
        def work(n):
            time.sleep(3.2)
            if n == 1 and os.path.exists({str(dies)!r}):
                os.abort()
            with open({str(log)!r}, "a") as file:
                file.write(os.environ.get("PYTEST_XDIST_WORKER", "none") + "\\n")
            print("printed by", n)
            assert n != 2
    """
    bodies = textwrap.dedent(body) + "".join(f"def test_{n}(): work({n})\n" for n in range(4))
    project = mini({"test_x.py": bodies})
    alone = project.run("--jobs", "1")
    together = project.run("--jobs", "4", "--rerun")
    expected = {"test_0": "passed", "test_1": "passed", "test_2": "failed", "test_3": "passed"}
    assert outcomes(alone) == outcomes(together) == expected
    assert log.read_text().split()[:4] == ["none"] * 4
    assert sorted(log.read_text().split()[4:]) == ["gw0", "gw1", "gw2", "gw3"]
    assert all("printed by 2" in record.evidence for record in together.cases if record.outcome.value == "failed")
    dies.touch()
    crashed = project.run("--jobs", "4", "--rerun")
    assert outcomes(crashed) == {**expected, "test_1": "crashed"}
    (message,) = (record.message for record in crashed.cases if record.outcome.value == "crashed")
    assert message == "the interpreter was ended by SIGABRT", "it was tried once more, alone"
    assert crashed.cells[0].status is Status.COMPLETED


def test_no_process_is_left(mini: Make) -> None:
    project = mini({"test_x.py": "def test_one(): pass\n"})
    project.run()
    time.sleep(0.2)
    assert processes_of(project) == []


def processes_of(project: Mini) -> list[psutil.Process]:
    """Processes that belong to a mini project, by their command line or folder."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), process.cwd()]
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            continue
        if process.pid != os.getpid() and any(str(project.root) in text for text in told):
            found.append(process)
    return found
