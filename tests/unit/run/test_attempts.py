"""A cell from its tasks to outcomes, with a zygote that does what the test says."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.domain import Outcome, Status, Trouble
from harness.incell.hubmatrix_messages import CellRequest, EndReason, ProcessEnd
from harness.run import attempts, ends
from harness.run.assign import CellEnd
from harness.run.attempts import CellFrame, Finished, run_cases
from harness.run.tasks import CaseSet, KeyedCase, Task

A, B, C = (f"cases/test_x.py::test_{name}" for name in "abc")
ENDED, FAILED = ProcessEnd(reason=EndReason.EXITED, code=0), ProcessEnd(reason=EndReason.EXITED, code=1)
SEGFAULT = ProcessEnd(reason=EndReason.EXITED, signal=signal.SIGSEGV)
KILLED = ProcessEnd(reason=EndReason.EXITED, signal=signal.SIGKILL)
TIMED_OUT = ProcessEnd(reason=EndReason.TIMED_OUT)
MEMORY = ProcessEnd(reason=EndReason.MEMORY, peak_bytes=5 * 2**30)
LOST = ProcessEnd(reason=EndReason.LOST)
NOTHING_RUN = ProcessEnd(reason=EndReason.EXITED, code=5)
USAGE = ProcessEnd(reason=EndReason.EXITED, code=4)
BROKEN = ProcessEnd(reason=EndReason.EXITED, code=70)


def started(case: str, variant: str = "", *, worker: str = "", output: int = 0) -> dict[str, Any]:
    return {"event": "started", "worker": worker, "case": case, "variant": variant, "output": output}


def finished(case: str, outcome: str = "passed", variant: str = "", *, worker: str = "", **values: Any) -> dict[str, Any]:
    told = {"outcome": outcome, "seconds": 0.5, "message": "", "evidence": "", **values}
    return {"event": "finished", "worker": worker, "case": case, "variant": variant, **told}


def ended(case: str, outcome: str = "passed", variant: str = "", *, worker: str = "", **values: Any) -> list[dict[str, Any]]:
    return [started(case, variant, worker=worker), finished(case, outcome, variant, worker=worker, **values)]


def not_collected(node: str) -> dict[str, Any]:
    return {"event": "not_collected", "case": node, "message": "ImportError: x", "evidence": "Traceback"}


class Script:
    """A zygote. Each of its processes plays one act: events (bytes are written as they are), a verdict, what it prints."""

    def __init__(self, *acts: tuple[Sequence[Any], ProcessEnd]) -> None:
        self.acts = list(acts)
        self.requests: list[CellRequest] = []

    async def run(self, request: CellRequest) -> ProcessEnd:
        self.requests.append(request)
        events, verdict = self.acts.pop(0)
        assert Path(request.workdir, "prepared").is_file()
        Path(request.output).write_text("printed")
        for event in events:
            with Path(request.events).open("ab") as file:
                file.write(event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n")
            await asyncio.sleep(0)
        return verdict


def flat(*parts: Any) -> list[Any]:
    return [event for part in parts for event in (part if isinstance(part, list) else [part])]


@pytest.fixture
def play(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[CellEnd, list[Finished], Script]]:
    """`play((events, verdict), ...)`: a cell with the cases A, B and C, and how it ended."""
    monkeypatch.setattr(attempts, "TAIL_SECONDS", 0.001)
    known: dict[str, Any] = {
        "name": "cell-1",
        "workdir": tmp_path / "work",
        "rootdir": tmp_path,
        "toolchain": tmp_path / "pytest",
        "modules": ("tensorflow",),
        "environ": {"HUBMATRIX_FORMAT": "h5"},
        "case_seconds": 60.0,
        "memory_bytes": 4 * 2**30,
        "workers": 0,
        "fence": None,
    }
    frame = CellFrame(**{field.name: known[field.name] for field in dataclasses.fields(CellFrame)})

    def one(
        *acts: Any, cases: Sequence[str] = (A, B, C), workers: int = 0, script: Script | None = None
    ) -> tuple[CellEnd, list[Finished], Script]:
        keyed = tuple(KeyedCase(case=make.case(case), key=case, uses={}) for case in cases)
        task = Task(environment=make.identity(), payload=CaseSet(cases=keyed))
        script, told = script or Script(*acts), list[Finished]()

        def prepare(work: Path) -> None:
            work.joinpath("prepared").touch()

        framed = dataclasses.replace(frame, workers=workers)
        end = asyncio.run(run_cases(script, task, framed, prepare, told.append))  # type: ignore[arg-type]
        assert script.acts == [], "fewer processes than expected"
        assert not any((tmp_path / "work").glob("*")), "a work folder was left behind"
        return end, told, script

    return one


def outcomes(told: list[Finished]) -> list[tuple[str, str]]:
    return [(one.keyed.case.id[-1] + (f"[{one.variant}]" if one.variant else ""), one.outcome.value) for one in told]


def test_all_in_one_process(play: Any) -> None:
    end, told, script = play((flat(ended(A), ended(B, "failed", message="no"), ended(C, "skipped")), FAILED))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "passed"), ("b", "failed"), ("c", "skipped")]
    assert (told[1].message, told[0].seconds) == ("no", 0.5)
    (request,) = script.requests
    assert request.cases == [A, B, C]
    assert request.environ["TFHUB_CACHE_DIR"].startswith(request.workdir)
    assert request.environ["HUBMATRIX_FORMAT"] == "h5"


def test_what_a_case_measured_is_told_and_a_crash_tells_nothing(play: Any) -> None:
    measured = ended(A, measured={"drift": 1e-7}, cpu_seconds=0.25)
    _, told, _ = play((flat(measured, started(B)), SEGFAULT), ([started(B)], SEGFAULT), (ended(C), ENDED))
    assert [(one.measured, one.cpu_seconds) for one in told] == [({"drift": 1e-7}, 0.25), ({}, None), ({}, None)]


@pytest.mark.parametrize(
    ("verdict", "outcome", "message"),
    [
        (SEGFAULT, "crashed", "the interpreter was ended by SIGSEGV"),
        (ProcessEnd(reason=EndReason.EXITED, signal=63), "crashed", "the interpreter was ended by signal 63"),
        (FAILED, "crashed", "the interpreter exited with code 1 in the middle of the case"),
        (ProcessEnd(reason=EndReason.EXITED, code=3), "crashed", "the interpreter exited with code 3 in the middle of the case"),
        (TIMED_OUT, "timed_out", "still running after 60 s"),
    ],
)
def test_the_running_case_takes_the_blame_and_the_rest_runs_in_a_new_process(
    play: Any, verdict: ProcessEnd, outcome: str, message: str
) -> None:
    end, told, script = play((flat(ended(A), started(B)), verdict), ([started(B)], verdict), (ended(C), ENDED))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "passed"), ("b", outcome), ("c", "passed")]
    assert (told[1].message, told[1].evidence) == (message, "printed")
    assert [request.cases for request in script.requests] == [[A, B, C], [B], [C]]
    assert len({request.id for request in script.requests}) == 3


@pytest.mark.parametrize("verdict", [SEGFAULT, FAILED, TIMED_OUT])
@pytest.mark.parametrize("outcome", ["passed", "failed", "error", "skipped", "not_applicable"])
def test_a_case_that_died_once_has_the_outcome_of_its_second_process(play: Any, verdict: ProcessEnd, outcome: str) -> None:
    again = ended(B, outcome, measured={"drift": 1e-7})
    end, told, script = play((flat(ended(A), started(B)), verdict), (again, FAILED), (ended(C), ENDED))
    assert (end.status, end.message) == (Status.COMPLETED, "")
    assert outcomes(told) == [("a", "passed"), ("b", outcome), ("c", "passed")]
    assert told[1].measured == {"drift": 1e-7}
    assert [request.cases for request in script.requests] == [[A, B, C], [B], [C]]


@pytest.mark.parametrize(
    ("first", "second", "outcome", "message"),
    [
        (SEGFAULT, TIMED_OUT, "timed_out", "still running after 60 s"),
        (TIMED_OUT, SEGFAULT, "crashed", "the interpreter was ended by SIGSEGV"),
    ],
)
def test_of_two_deaths_the_second_counts(play: Any, first: ProcessEnd, second: ProcessEnd, outcome: str, message: str) -> None:
    _, told, _ = play(([started(A)], first), ([started(A)], second), cases=(A,))
    assert [(record.outcome.value, record.message) for record in told] == [(outcome, message)]


def test_every_case_may_crash(play: Any) -> None:
    end, told, script = play(*(([started(case)], SEGFAULT) for case in (A, A, B, B, C, C)))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "crashed"), ("b", "crashed"), ("c", "crashed")]
    assert [request.cases for request in script.requests] == [[A, B, C], [A], [B, C], [B], [C], [C]]


def test_a_crash_after_the_last_case_loses_nothing(play: Any) -> None:
    end, told, _ = play((flat(ended(A), ended(B), ended(C)), SEGFAULT))
    assert end.status is Status.COMPLETED
    assert len(told) == 3


@pytest.mark.parametrize(
    ("verdict", "status", "message"),
    [
        (SEGFAULT, Status.CRASHED, "the process ended by SIGSEGV outside any case"),
        (ProcessEnd(reason=EndReason.EXITED, signal=63), Status.CRASHED, "the process ended by signal 63 outside any case"),
        (TIMED_OUT, Status.TIMED_OUT, "nothing happened outside any case for 60 s"),
    ],
)
def test_a_process_that_dies_outside_any_case_ends_the_cell(play: Any, verdict: ProcessEnd, status: Status, message: str) -> None:
    end, told, script = play((ended(A), verdict), ([], verdict))
    assert (end.status, end.trouble, end.message, end.evidence) == (status, None, message, "printed")
    assert outcomes(told) == [("a", "passed")]
    assert [request.cases for request in script.requests] == [[A, B, C], [B, C]]


@pytest.mark.parametrize("verdict", [SEGFAULT, TIMED_OUT])
def test_a_process_that_died_outside_any_case_once_is_forgotten(play: Any, verdict: ProcessEnd) -> None:
    end, told, script = play((ended(A), verdict), (flat(ended(B), ended(C)), ENDED))
    assert (end.status, end.message) == (Status.COMPLETED, "")
    assert outcomes(told) == [("a", "passed"), ("b", "passed"), ("c", "passed")]
    assert [request.cases for request in script.requests] == [[A, B, C], [B, C]]


def test_a_cell_has_one_death_outside_any_case(play: Any) -> None:
    """Also where cases got their outcomes in between."""
    end, told, _ = play((ended(A), SEGFAULT), (ended(B), TIMED_OUT))
    assert (end.status, outcomes(told)) == (Status.TIMED_OUT, [("a", "passed"), ("b", "passed")])


def test_a_case_stays_to_be_tried_alone_where_its_process_dies_outside_it(play: Any) -> None:
    end, told, script = play(([started(A)], SEGFAULT), ([], SEGFAULT), ([started(A)], SEGFAULT), (flat(ended(B), ended(C)), ENDED))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "crashed"), ("b", "passed"), ("c", "passed")]
    assert [request.cases for request in script.requests] == [[A, B, C], [A], [A], [B, C]]


@pytest.mark.parametrize("verdict", [KILLED, LOST])
@pytest.mark.parametrize("events", [[], ended(A), [started(A)]])
def test_killed_from_outside_blames_no_case(play: Any, verdict: ProcessEnd, events: list[Any]) -> None:
    end, told, _ = play((events, verdict))
    assert (end.status, end.trouble) == (Status.UNAVAILABLE, Trouble.KILLED)
    assert end.message == "killed from outside (SIGKILL): the machine ran out of memory, or somebody ended it"
    assert all(one.outcome is Outcome.PASSED for one in told)


@pytest.mark.parametrize("verdict", [KILLED, LOST])
def test_killed_while_it_is_tried_alone_blames_no_case(play: Any, verdict: ProcessEnd) -> None:
    """It was not over the memory limit before, so the machine need not be short of that."""
    end, told, _ = play((flat(ended(A), started(B)), SEGFAULT), ([started(B)], verdict))
    assert (end.status, end.trouble, end.message) == (Status.UNAVAILABLE, Trouble.KILLED, ends.KILLED)
    assert outcomes(told) == [("a", "passed")]


def test_a_file_that_does_not_import_is_an_error_of_all_its_cases(play: Any) -> None:
    other = "cases/test_y.py::test_d"
    end, told, _ = play((flat(not_collected("cases/test_x.py"), ended(other)), FAILED), cases=(A, B, other))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "error"), ("b", "error"), ("d", "passed")]
    assert (told[0].message, told[0].evidence) == ("ImportError: x", "Traceback")


def test_a_case_that_pytest_did_not_run_is_an_error_not_a_pass(play: Any) -> None:
    end, told, script = play((ended(A), USAGE), ([], NOTHING_RUN), cases=(A, B))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "passed"), ("b", "error")]
    assert (told[1].message, told[1].evidence) == ("pytest did not run this case (exit code 5)", "printed")
    assert [request.cases for request in script.requests] == [[A, B], [B]]


@pytest.mark.parametrize("verdict", [ENDED, FAILED, NOTHING_RUN, USAGE, BROKEN])
def test_a_case_that_pytest_did_not_run_once_is_tried_alone(play: Any, verdict: ProcessEnd) -> None:
    end, told, script = play((ended(A), verdict), (ended(B, "failed"), FAILED), (ended(C), ENDED), workers=2)
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "passed"), ("b", "failed"), ("c", "passed")]
    assert [(request.cases, request.workers) for request in script.requests] == [([A, B, C], 2), ([B], 0), ([C], 0)]


def test_a_case_that_was_not_run_and_then_dies_is_crashed(play: Any) -> None:
    end, told, _ = play(([], BROKEN), ([started(A)], SEGFAULT), cases=(A,))
    assert (end.status, outcomes(told)) == (Status.COMPLETED, [("a", "crashed")])


@pytest.mark.parametrize("run_alone", [True, False])
def test_of_214_cases_that_pytest_did_not_run_none_is_lost(play: Any, run_alone: bool) -> None:
    """So many were recorded as errors for good when memory was short for a moment."""
    cases = [f"cases/test_x.py::test_{number}" for number in range(214)]
    acts = [(ended(case), ENDED) if run_alone else ([], BROKEN) for case in cases]
    end, told, script = play(([], BROKEN), *acts, cases=cases, workers=2)
    assert end.status is Status.COMPLETED
    assert [record.keyed.case.id for record in told] == cases
    assert {record.outcome for record in told} == {Outcome.PASSED if run_alone else Outcome.ERROR}
    assert [request.cases for request in script.requests] == [cases, *([case] for case in cases)]


@pytest.mark.parametrize("verdict", [SEGFAULT, USAGE, FAILED])
def test_a_case_that_was_not_run_may_have_variants(play: Any, verdict: ProcessEnd) -> None:
    """It is tried alone as a whole; of a variant that dies then it is the first time, so it is tried alone in its turn."""
    end, told, script = play(
        ([], USAGE),
        (flat(ended(A, variant="x"), started(A, "y")), verdict),
        (ended(A, variant="y"), ENDED),
        ([started(A, "z")], verdict),
        ([started(A, "z")], SEGFAULT),
        ([], NOTHING_RUN),
        (ended(B), ENDED),
        cases=(A, B),
    )
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a[x]", "passed"), ("a[y]", "passed"), ("a[z]", "crashed"), ("b", "passed")]
    assert [request.cases for request in script.requests] == [[A, B], [A], [f"{A}[y]"], [A], [f"{A}[z]"], [A], [B]]
    assert [len(request.skip) for request in script.requests] == [0, 0, 1, 2, 2, 3, 3]


def test_variants_that_pytest_broke_off_before_are_tried_alone(play: Any) -> None:
    """Nobody knows how many were to come, so the case as a whole is tried: with exit code 5 there were none."""
    first = (ended(A, variant="x"), BROKEN)
    end, told, script = play(first, (ended(A, variant="y"), ENDED), cases=(A,))
    assert (end.status, outcomes(told)) == (Status.COMPLETED, [("a[x]", "passed"), ("a[y]", "passed")])
    assert [request.skip for request in script.requests] == [[], [f"{A}[x]"]]
    end, told, _ = play(first, ([], NOTHING_RUN), cases=(A,))
    assert (end.status, outcomes(told)) == (Status.COMPLETED, [("a[x]", "passed")])
    end, told, _ = play(first, ([], BROKEN), cases=(A,))
    assert (end.status, outcomes(told)) == (Status.COMPLETED, [("a[x]", "passed"), ("a", "error")])


def test_a_file_that_no_longer_imports_ends_all_that_was_to_be_tried_alone(play: Any) -> None:
    events = [started(A, "x", worker="gw0"), started(A, "y", worker="gw1")]
    end, told, _ = play((events, SEGFAULT), ([not_collected("cases/test_x.py")], FAILED), cases=(A,), workers=2)
    assert (end.status, outcomes(told)) == (Status.COMPLETED, [("a", "error")])


def test_variants_are_one_case(play: Any) -> None:
    end, told, _ = play((flat(ended(A, variant="x"), ended(A, "failed", variant="y"), ended(B)), FAILED), cases=(A, B))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a[x]", "passed"), ("a[y]", "failed"), ("b", "passed")]


def test_after_a_variant_crashed_the_other_variants_still_run(play: Any) -> None:
    end, told, script = play(
        (flat(ended(A, variant="x"), started(A, "y")), SEGFAULT),
        ([started(A, "y")], SEGFAULT),
        (flat(ended(A, variant="z"), ended(B)), ENDED),
        cases=(A, B),
    )
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a[x]", "passed"), ("a[y]", "crashed"), ("a[z]", "passed"), ("b", "passed")]
    assert [request.cases for request in script.requests] == [[A, B], [f"{A}[y]"], [A, B]]
    assert [request.skip for request in script.requests] == [[], [f"{A}[x]"], [f"{A}[x]", f"{A}[y]"]]


def test_when_the_last_variant_crashed_nothing_is_left(play: Any) -> None:
    end, told, _ = play(
        (flat(ended(A, variant="x"), started(A, "y")), SEGFAULT), ([started(A, "y")], SEGFAULT), ([], NOTHING_RUN), cases=(A,)
    )
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a[x]", "passed"), ("a[y]", "crashed")]


@pytest.mark.parametrize(
    ("verdict", "status", "message"),
    [
        (SEGFAULT, Status.CRASHED, "the process ended by SIGSEGV outside any case"),
        (TIMED_OUT, Status.TIMED_OUT, "nothing happened outside any case for 60 s"),
    ],
)
def test_variants_that_may_be_missing_leave_the_cell_unfinished(
    play: Any, verdict: ProcessEnd, status: Status, message: str
) -> None:
    """Every case has told something, but nobody knows how many variants were still to come."""
    end, told, script = play((flat(ended(B), ended(A, variant="x")), verdict), ([], verdict), cases=(A, B))
    assert (end.status, end.trouble, end.message, end.evidence) == (status, None, message, "printed")
    assert outcomes(told) == [("b", "passed"), ("a[x]", "passed")]
    assert [(request.cases, request.skip) for request in script.requests] == [([A, B], []), ([A], [f"{A}[x]"])]


def test_variants_that_may_be_missing_are_looked_for_once_more(play: Any) -> None:
    end, told, _ = play((ended(A, variant="x"), SEGFAULT), (ended(A, variant="y"), ENDED), cases=(A,))
    assert (end.status, outcomes(told)) == (Status.COMPLETED, [("a[x]", "passed"), ("a[y]", "passed")])


def test_variants_may_come_after_other_cases(play: Any) -> None:
    """pytest sorts by the parameters of fixtures, and pytest-xdist runs them anywhere: a crash in between must not lose them."""
    end, told, script = play(
        (flat(ended(A, variant="x"), started(B)), SEGFAULT),
        (ended(B), ENDED),
        (flat(ended(A, variant="y"), ended(C)), ENDED),
    )
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a[x]", "passed"), ("b", "passed"), ("a[y]", "passed"), ("c", "passed")]
    assert [request.cases for request in script.requests] == [[A, B, C], [B], [A, C]]


def test_where_no_variants_came_after_other_cases_nothing_is_missing(play: Any) -> None:
    first, second = (flat(ended(A, variant="x"), started(B)), SEGFAULT), ([started(B)], SEGFAULT)
    end, told, _ = play(first, second, (ended(C), SEGFAULT), ([], NOTHING_RUN))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a[x]", "passed"), ("b", "crashed"), ("c", "passed")]


@pytest.mark.parametrize(
    ("verdict", "outcome", "message"),
    [
        (SEGFAULT, "crashed", "the interpreter was ended by SIGSEGV"),
        (TIMED_OUT, "timed_out", "still running after 60 s"),
        (FAILED, "crashed", "the interpreter exited with code 1 in the middle of the case"),
    ],
)
def test_every_case_that_was_running_is_tried_alone(play: Any, verdict: ProcessEnd, outcome: str, message: str) -> None:
    """pytest-xdist runs several at once; when nothing has happened for the limit, nothing has in any of them."""
    together = [started(A, worker="gw0"), started(B, worker="gw1")]
    end, told, script = play(
        (together, verdict), ([started(A)], verdict), (ended(B), ENDED), (ended(C, worker="gw0"), ENDED), workers=2
    )
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", outcome), ("b", "passed"), ("c", "passed")]
    assert (told[0].message, told[0].evidence) == (message, "printed")
    assert [request.cases for request in script.requests] == [[A, B, C], [A], [B], [C]]
    assert [request.workers for request in script.requests] == [2, 0, 0, 2]


def test_only_the_case_of_the_worker_that_died_is_tried_again(play: Any) -> None:
    """pytest-xdist puts another worker in its place, runs the rest there, and exits with 1."""
    events = flat(started(A, worker="gw0"), ended(B, worker="gw1"), ended(C, "failed", worker="gw2"))
    end, told, script = play((events, FAILED), ([started(A)], SEGFAULT), workers=2)
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("b", "passed"), ("c", "failed"), ("a", "crashed")]
    assert told[2].message == "the interpreter was ended by SIGSEGV"
    assert [request.cases for request in script.requests] == [[A, B, C], [A]]
    _, told, _ = play((events, FAILED), (ended(A), ENDED), workers=2)
    assert outcomes(told) == [("b", "passed"), ("c", "failed"), ("a", "passed")]


def test_a_worker_that_finished_ends_its_own_case_only(play: Any) -> None:
    """The workers' events come in any order."""
    events = [started(A, worker="gw0"), started(B, worker="gw1"), finished(A, worker="gw0"), started(C, worker="gw0")]
    end, told, _ = play(([*events, finished(B, worker="gw1")], SEGFAULT), ([started(C)], SEGFAULT), workers=2)
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "passed"), ("b", "passed"), ("c", "crashed")]


def test_variants_of_one_case_may_crash_at_once(play: Any) -> None:
    events = [started(A, "x", worker="gw0"), started(A, "y", worker="gw1")]
    end, told, script = play(
        (events, SEGFAULT),
        ([started(A, "x")], SEGFAULT),
        (ended(A, variant="y"), ENDED),
        (flat(ended(A, variant="z"), ended(B)), ENDED),
        cases=(A, B),
        workers=2,
    )
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a[x]", "crashed"), ("a[y]", "passed"), ("a[z]", "passed"), ("b", "passed")]
    assert [request.cases for request in script.requests] == [[A, B], [f"{A}[x]"], [f"{A}[y]"], [A, B]]
    assert [request.skip for request in script.requests] == [[], [], [f"{A}[x]"], [f"{A}[x]", f"{A}[y]"]]


@pytest.mark.parametrize("verdict", [KILLED, LOST])
def test_killed_from_outside_blames_no_workers_case(play: Any, verdict: ProcessEnd) -> None:
    end, told, _ = play(([started(A, worker="gw0"), started(B, worker="gw1")], verdict), workers=2)
    assert (end.status, end.trouble, told) == (Status.UNAVAILABLE, Trouble.KILLED, [])


def test_evidence_is_what_was_printed_since_the_case_began_alone(play: Any) -> None:
    """All workers print to one file: there, what one of them printed can't be told from what the others did."""
    events = [*ended(C, worker="gw2"), started(A, worker="gw0", output=5), started(B, worker="gw1", output=2)]
    _, told, _ = play((events, SEGFAULT), ([started(A, output=3)], SEGFAULT), ([started(B, output=5)], SEGFAULT), workers=3)
    assert [(record.keyed.case.id, record.evidence) for record in told[1:]] == [(A, "nted"), (B, "ed")]


def test_events_may_come_in_pieces_and_the_last_may_be_torn(play: Any) -> None:
    line = json.dumps(ended(A)[1]).encode() + b"\n"
    pieces = [started(A), line[:7], line[7:30], line[30:], json.dumps(started(B)).encode()[:10]]
    end, told, script = play((pieces, SEGFAULT), (ended(B), ENDED), cases=(A, B))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "passed"), ("b", "passed")]
    assert [request.cases for request in script.requests] == [[A, B], [B]]


def test_nothing_to_run_starts_nothing(play: Any) -> None:
    end, told, script = play(cases=())
    assert (end.status, told, script.requests) == (Status.COMPLETED, [], [])


ALSO_ALONE = "needs more than 4.0 GiB of memory, its limit, also alone in a fresh process"
PLENTY, LITTLE = 8 * 2**30, 2**30


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`free(bytes)`: how much memory the machine has left; plenty unless a test says so."""

    def set_free(size: int) -> None:
        monkeypatch.setattr(attempts, "free_memory", lambda: size)

    set_free(PLENTY)
    return set_free


def test_a_case_over_the_memory_limit_is_tried_alone_and_that_counts(play: Any, free: Any) -> None:
    """What the cases before it left in the process is not its own need."""
    end, told, script = play((flat(ended(A), started(B)), MEMORY), (ended(B, "failed"), FAILED), (ended(C), ENDED))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "passed"), ("b", "failed"), ("c", "passed")]
    assert [request.cases for request in script.requests] == [[A, B, C], [B], [C]]


def test_a_case_that_needs_it_alone_too_has_crashed(play: Any, free: Any) -> None:
    end, told, _ = play((flat(ended(A), started(B)), MEMORY), ([started(B)], MEMORY), (ended(C), ENDED))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "passed"), ("b", "crashed"), ("c", "passed")]
    assert (told[1].message, told[1].evidence) == (ALSO_ALONE, "printed")


def test_workers_over_the_limit_together_are_tried_one_by_one(play: Any, free: Any) -> None:
    together = [started(A, worker="gw0"), started(B, worker="gw1")]
    end, told, script = play((together, MEMORY), (ended(A), ENDED), ([started(B)], FAILED), (ended(C), ENDED), workers=2)
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "passed"), ("b", "crashed"), ("c", "passed")]
    assert told[1].message == "the interpreter exited with code 1 in the middle of the case"
    assert [(request.cases, request.workers) for request in script.requests] == [([A, B, C], 2), ([A], 0), ([B], 0), ([C], 2)]


def test_a_variant_over_the_limit_is_tried_alone_and_the_other_variants_after_it(play: Any, free: Any) -> None:
    first = (flat(ended(A, variant="x"), started(A, "y")), MEMORY)
    end, told, script = play(first, (ended(A, variant="y"), ENDED), (flat(ended(A, variant="z"), ended(B)), ENDED), cases=(A, B))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a[x]", "passed"), ("a[y]", "passed"), ("a[z]", "passed"), ("b", "passed")]
    assert [request.cases for request in script.requests] == [[A, B], [f"{A}[y]"], [A, B]]
    assert script.requests[2].skip == [f"{A}[x]", f"{A}[y]"]


def test_a_crash_after_a_case_that_was_tried_alone_loses_nothing(play: Any, free: Any) -> None:
    end, told, _ = play(([started(A)], MEMORY), (ended(A), SEGFAULT), (flat(ended(B), ended(C)), ENDED))
    assert end.status is Status.COMPLETED
    assert outcomes(told) == [("a", "passed"), ("b", "passed"), ("c", "passed")]


def test_a_case_that_pytest_does_not_run_alone_is_an_error(play: Any, free: Any) -> None:
    _, told, _ = play(([started(A)], MEMORY), ([], NOTHING_RUN), (flat(ended(B), ended(C)), ENDED))
    assert outcomes(told) == [("a", "error"), ("b", "passed"), ("c", "passed")]


def test_where_too_little_is_free_to_try_it_alone_the_cell_is_unavailable(play: Any, free: Any) -> None:
    free(LITTLE)
    end, told, _ = play((flat(ended(A), started(B)), MEMORY))
    assert (end.status, end.trouble) == (Status.UNAVAILABLE, Trouble.MEMORY)
    assert end.message == (
        "used 5.0 GiB of memory, the limit is 4.0 GiB, and this machine doesn't have the 4.0 GiB free that it takes to try it alone"
    )
    assert outcomes(told) == [("a", "passed")]


@pytest.mark.parametrize("verdict", [KILLED, LOST])
def test_a_case_that_is_killed_while_it_is_tried_alone_leaves_the_cell_unavailable(
    play: Any, free: Any, verdict: ProcessEnd
) -> None:
    end, told, _ = play(([started(A)], MEMORY), ([started(A)], verdict))
    assert (end.status, end.trouble, told) == (Status.UNAVAILABLE, Trouble.MEMORY, [])


def test_memory_outside_any_case_is_no_crash_of_the_software(play: Any, free: Any) -> None:
    end, _, _ = play((ended(A), MEMORY))
    assert (end.status, end.trouble) == (Status.UNAVAILABLE, Trouble.MEMORY)
    assert end.message == "the process went over its memory limit (4.0 GiB) outside any case"


def test_a_variant_of_a_case_that_was_not_run_is_tried_alone_too_before_its_memory_counts(play: Any, free: Any) -> None:
    """Variants before it, in the process of the whole case, may hold what it lacks."""
    over = (flat(ended(A, variant="x"), started(A, "y")), MEMORY)
    end, told, script = play(([], BROKEN), over, (ended(A, variant="y"), ENDED), ([], NOTHING_RUN), cases=(A,))
    assert (end.status, outcomes(told)) == (Status.COMPLETED, [("a[x]", "passed"), ("a[y]", "passed")])
    assert [request.cases for request in script.requests] == [[A], [A], [f"{A}[y]"], [A]]


def test_little_free_memory_is_nothing_to_a_case_that_crashed(play: Any, free: Any) -> None:
    free(LITTLE)
    end, told, _ = play(([started(A)], SEGFAULT), (ended(A), ENDED), cases=(A,))
    assert (end.status, outcomes(told)) == (Status.COMPLETED, [("a", "passed")])


VARIANTS = {A: [A], B: [f"{B}[x]", f"{B}[y]", f"{B}[z]"], C: [C]}
IN_A_CASE, BEFORE_A_CASE = (SEGFAULT, TIMED_OUT, MEMORY, FAILED), (SEGFAULT, TIMED_OUT, USAGE, BROKEN)


class Unruly(Script):
    """A zygote whose processes run what pytest would, and end wherever hypothesis likes."""

    def __init__(self, data: st.DataObject) -> None:
        super().__init__()
        self.data = data

    async def run(self, request: CellRequest) -> ProcessEnd:
        nodes = [node for case, variants in VARIANTS.items() for node in variants if {case, node} & {*request.cases}]
        events, verdict = list[Any](), ENDED if nodes else NOTHING_RUN
        for node in nodes:
            case, _, variant = node.rstrip("]").partition("[")
            if node in request.skip:
                continue
            if (death := self.data.draw(st.sampled_from([None, None, "in", "before"]))) is not None:
                events += [started(case, variant)] if death == "in" else []
                verdict = self.data.draw(st.sampled_from(IN_A_CASE if death == "in" else BEFORE_A_CASE))
                break
            events += ended(case, variant=variant)
        self.acts = [(events, verdict)]
        return await super().run(request)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_however_processes_end_each_case_is_settled_once_or_the_cell_is_not_completed(play: Any, free: Any, data: Any) -> None:
    """There is an end, too: the eight that can be tried (three cases, five nodes) once together and once alone, and one death."""
    unruly = Unruly(data)
    end, told, _ = play(script=unruly)
    assert len(unruly.requests) <= 8 + 8 + 1
    nodes = [f"{record.keyed.case.id}[{record.variant}]" if record.variant else record.keyed.case.id for record in told]
    assert len(nodes) == len(set(nodes))
    if end.status is Status.COMPLETED:
        assert all(case in nodes or set(variants) <= set(nodes) for case, variants in VARIANTS.items())
    else:
        assert end.status in (Status.CRASHED, Status.TIMED_OUT)


@pytest.mark.parametrize(
    "line",
    [
        b'{"event": "finished", "case": "cases/tes\n',
        b"\xff\n",
        b"[]\n",
        b"1\n",
        b"{}\n",
        b'{"event": "other"}\n',
        b"[" * 100_000 + b"\n",
    ]
    + [json.dumps({**ended(B)[-1], field: None}).encode() + b"\n" for field in ("outcome", "seconds")],
)
def test_a_line_that_cant_be_read_ends_its_cell_alone(play: Any, line: bytes) -> None:
    """What was read before it counts; what comes after it doesn't, for nobody knows what was cut off."""
    end, told, _ = play((flat(ended(A), line, ended(C)), ENDED))
    assert (end.status, end.trouble) == (Status.UNAVAILABLE, Trouble.DISK)
    assert end.message.startswith("a line of the cell's events can't be read: ")
    assert len(end.message) < 300
    assert outcomes(told)[:1] == [("a", "passed")]
    assert ("c", "passed") not in outcomes(told)
