"""A case that fails for want of disk or compiler is no failure of the software under test."""

from __future__ import annotations

import pytest

from harness.domain import Outcome, Status, Trouble
from harness.environments import companions
from harness.environments.uv import Failure
from harness.judge.attribution import machine_trouble
from harness.run.ends import NOT_RUN

GONE = "RuntimeError: tpu compiler unavailable: the compiler was killed from outside (SIGKILL)"


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR])
def test_a_compiler_that_is_gone(outcome: Outcome) -> None:
    lacking = machine_trouble(outcome, GONE, "")
    assert lacking is not None
    assert (lacking.trouble,) == (Trouble.DEVICE,)
    assert lacking.message == "the TPU compiler is missing: the compiler was killed from outside (SIGKILL)"


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR])
@pytest.mark.parametrize(
    ("failure", "trouble", "why"),
    [
        (
            Failure(status=Status.UNAVAILABLE, trouble=Trouble.NETWORK, message="Connection refused", evidence=""),
            Trouble.NETWORK,
            "Connection refused",
        ),
        (Failure(status=Status.INSTALL_FAILED, trouble=None, message="no (wheel): x", evidence=""), None, "no (wheel): x"),
    ],
    ids=["network", "unknown"],
)
def test_a_companion_that_could_not_be_installed(outcome: Outcome, failure: Failure, trouble: Trouble | None, why: str) -> None:
    """In the words that the fixtures in cases/ are given."""
    lacking = machine_trouble(outcome, f"RuntimeError: transformers {companions.variable_value(failure)}", "")
    assert lacking is not None
    assert (lacking.trouble,) == (trouble,)
    assert lacking.message == f"transformers can't be installed beside the environment: {why}"


JAX = "RuntimeError: Unable to initialize backend 'tpu': "


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR])
@pytest.mark.parametrize("printed", [False, True], ids=["raised", "printed"])
@pytest.mark.parametrize(
    ("said", "words"),
    [
        pytest.param(
            f"{JAX}ABORTED: The TPU is already in use by process with pid 2718466. Not attempting to load libtpu.so in this",
            "The TPU is already in use by process with pid 2718466",
            id="sgl-project/sglang-jax#857",
        ),
        pytest.param(
            'AbortedError: The TPU is already in use or the lock file is stale. Run "$ sudo lsof -w /dev/accel0" to figure out',
            "The TPU is already in use",
            id="openxla/xla, tpu_initializer_helper.cc",
        ),
        pytest.param(
            f'{JAX}ABORTED: Internal error when accessing libtpu multi-process lockfile. Run "$ sudo rm /tmp/libtpu_lockfile".',
            "Internal error when accessing libtpu multi-process lockfile",
            id="libtpu 0.0.51, here",
        ),
        pytest.param(
            "libtpu.so already in use by another process probably owned by another user. Not attempting to load libtpu.so",
            "libtpu.so already in use by another process",
            id="jax-ml/jax#10192",
        ),
        pytest.param(
            "libtpu.so already in used by another process. Not attempting to load libtpu.so in this process.",
            "libtpu.so already in used by another process",
            id="pytorch/xla#3214",
        ),
        pytest.param(
            "Failed to initialize TPU system with error: FAILED_PRECONDITION: open(/dev/vfio/0): Device or resource busy: Device or"
            " resource busy; Couldn't open iommu group /dev/vfio/0",
            "open(/dev/vfio/0): Device or resource busy",
            id="marin-community/marin#2618",
        ),
        pytest.param(
            f"{JAX}UNKNOWN: TPU initialization failed: open(/dev/vfio/1): Device or resource busy: Device or resource busy; Coul",
            "open(/dev/vfio/1): Device or resource busy",
            id="google/gvisor#11545",
        ),
        pytest.param(
            "PERMISSION_DENIED: open(/dev/accel0): Operation not permitted: Operation not permitted; Couldn't open device: /dev/ac",
            "open(/dev/accel0): Operation not permitted",
            id="pytorch/xla#3947",
        ),
        pytest.param(
            "Invalid argument: Invalid fd: -1; Couldn't open device: /dev/accel0 (Operation not permitted); Unable to create Node",
            "Couldn't open device: /dev/accel0 (Operation not permitted)",
            id="pytorch/xla#3883",
        ),
    ],
)
def test_a_tpu_that_another_process_holds(outcome: Outcome, said: str, words: str, printed: bool) -> None:
    """The fixture `strategy` of cases/distributing fails; the same words may be in the library's log alone."""
    message = "InternalError: RET_CHECK failure" if printed else said
    lacking = machine_trouble(outcome, message, f"--- output ---\nI0000 {said}" if printed else "")
    assert lacking is not None
    assert (lacking.trouble,) == (Trouble.DEVICE,)
    assert lacking.message == f"the TPU can't be opened: {words}"


@pytest.mark.parametrize(
    ("outcome", "message", "evidence"),
    [
        pytest.param(Outcome.PASSED, GONE, "", id="passed"),
        pytest.param(Outcome.FAILED, "AssertionError: refused: custom emitter not found", "", id="the compiler's verdict"),
        pytest.param(Outcome.FAILED, "AssertionError: 1 != 2", f"    raise {GONE}", id="source text in a traceback"),
        pytest.param(Outcome.FAILED, "AssertionError: tpu compiler unavailable", "", id="no reason given"),
        pytest.param(Outcome.ERROR, "OSError: [Errno 16] Device or resource busy: '/dev/sda'", "", id="another device"),
        pytest.param(Outcome.FAILED, "RuntimeError: The TPU system has not been initialized.", "", id="a TPU nobody initialized"),
        pytest.param(Outcome.ERROR, "ImportError: transformers 4.2 wants numpy", "", id="a companion's import"),
        pytest.param(Outcome.SKIPPED, "Skipped: unsatisfiable: Because x, no.", "", id="the resolver's proof"),
    ],
)
def test_anything_else_is_the_softwares(outcome: Outcome, message: str, evidence: str) -> None:
    assert machine_trouble(outcome, message, evidence) is None


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR])
def test_a_full_disk(outcome: Outcome) -> None:
    lacking = machine_trouble(outcome, "OSError", "OSError: [Errno 28] No space left on device: 'x'")
    assert lacking is not None
    assert (lacking.trouble, lacking.message) == (
        Trouble.DISK,
        "no space left on device while the cell ran",
    )


NO_PYTEST = f"{NOT_RUN} (exit code 70)"


@pytest.mark.parametrize(
    ("printed", "trouble", "words"),
    [
        ("Traceback (most recent call last):\n  import pytest\nMemoryError\n", Trouble.MEMORY, "out of memory"),
        ("MemoryError: Unable to allocate 4 MiB", Trouble.MEMORY, "out of memory"),
        (
            "ImportError while loading conftest 'conftest.py'.\nconftest.py:1: in <module>\nE   MemoryError",
            Trouble.MEMORY,
            "out of memory",
        ),
        ("OSError: [Errno 24] Too many open files: 'conftest.py'", Trouble.LIMITS, "too many open files"),
    ],
)
def test_a_case_that_pytest_was_too_short_of_something_to_run(printed: str, trouble: Trouble, words: str) -> None:
    """Nothing is raised in a case then; what ended pytest is in the output."""
    lacking = machine_trouble(Outcome.ERROR, NO_PYTEST, printed)
    assert lacking is not None
    assert (lacking.trouble, lacking.message) == (trouble, f"{words} while the cell ran")


@pytest.mark.parametrize(
    ("message", "printed"),
    [
        pytest.param(NO_PYTEST, "ERROR: usage: pytest", id="nothing is short"),
        pytest.param("AssertionError: 1 != 2", "MemoryError", id="the case itself went on after it"),
    ],
)
def test_what_is_printed_counts_only_where_pytest_did_not_run_the_case(message: str, printed: str) -> None:
    assert machine_trouble(Outcome.ERROR, message, printed) is None


def test_a_file_that_there_is_no_memory_to_import() -> None:
    """Its message is a line of pytest's, with pytest's mark."""
    lacking = machine_trouble(Outcome.ERROR, "E   MemoryError", "")
    assert lacking is not None
    assert (lacking.trouble, lacking.message) == (Trouble.MEMORY, "out of memory while the cell ran")
