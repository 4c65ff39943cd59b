"""What the recorder makes of pytest's reports. They are real reports, made by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from harness.domain import Outcome
from harness.incell import hubmatrix_recorder as recorder
from harness.incell.hubmatrix_recorder import (
    Recorder,
    choose,
    clip,
    explain,
    from_the_case_on,
    measured,
    outcome_of,
    split,
    with_output,
)
from harness.incell.hubmatrix_signature import signature
from harness.results.format import Measured

NODE = "cases/test_x.py::test_a"


class Crash:
    """pytest's representation of a failure: a text, and the line that says most."""

    def __init__(self, text: str, message: str | None) -> None:
        self.text = text
        if message is not None:
            self.reprcrash = SimpleNamespace(message=message)

    def __str__(self) -> str:
        return self.text


def report(
    when: Any = "call", outcome: Any = "passed", longrepr: Any = None, *, node: str = NODE, **extra: Any
) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=node,
        location=("x.py", 1, "test_a"),
        keywords={},
        outcome=outcome,
        longrepr=longrepr,
        when=when,
        duration=0.25,
        **extra,
    )


def call_that_raised(error: Exception) -> Any:
    """Return pytest's account of a call that raised the error."""

    def fail() -> None:
        raise error

    return pytest.CallInfo.from_call(fail, "call")


SETUP, CALL, TEARDOWN = report("setup"), report("call"), report("teardown")


@pytest.mark.parametrize(
    ("reports", "outcome"),
    [
        ([SETUP, CALL, TEARDOWN], "passed"),
        ([SETUP, report("call", "failed"), TEARDOWN], "failed"),
        ([report("setup", "failed"), TEARDOWN], "error"),
        ([SETUP, CALL, report("teardown", "failed")], "error"),
        ([SETUP, report("call", "failed"), report("teardown", "failed")], "failed"),
        ([report("setup", "skipped"), TEARDOWN], "skipped"),
        ([SETUP, report("call", "skipped"), TEARDOWN], "skipped"),
        ([SETUP, report("call", "skipped"), report("teardown", "failed")], "error"),
    ],
)
def test_the_outcome_of_a_case(reports: list[pytest.TestReport], outcome: str) -> None:
    assert outcome_of(choose(reports)) == outcome
    assert Outcome(outcome)


@pytest.mark.parametrize(
    ("node", "case", "variant"),
    [
        (NODE, NODE, ""),
        (f"{NODE}[h5]", NODE, "h5"),
        (f"{NODE}[a[0]-b]", NODE, "a[0]-b"),
        (f"{NODE}[]", NODE, ""),
        ("cases/test_x.py::TestA::test_b[1-2]", "cases/test_x.py::TestA::test_b", "1-2"),
    ],
)
def test_split(node: str, case: str, variant: str) -> None:
    assert split(node) == {"case": case, "variant": variant}


def test_a_failure_is_explained_by_its_crash_line_and_its_traceback() -> None:
    told = explain(report("call", "failed", Crash("x.py:3: in test_a\nE   ValueError: no", "ValueError: no")))
    assert told == ("ValueError: no", "x.py:3: in test_a\nE   ValueError: no")


def test_a_traceback_begins_with_the_case() -> None:
    def entries(*modules: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(frame=SimpleNamespace(f_globals={"__name__": module})) for module in modules]

    def modules(entries: list[SimpleNamespace]) -> list[str]:
        return [entry.frame.f_globals["__name__"] for entry in entries]

    begun = from_the_case_on(
        entries("_pytest.runner", "pluggy._hooks", "_pytest.python", "cases.test_x", "tensorflow", "_pytest.outcomes")
    )
    assert modules(begun) == ["cases.test_x", "tensorflow", "_pytest.outcomes"]
    assert modules(from_the_case_on(entries("_pytest.fixtures"))) == ["_pytest.fixtures"]
    assert from_the_case_on([]) == []


def test_a_failure_without_a_crash_line_is_explained_by_its_last_line() -> None:
    assert explain(report("call", "failed", Crash("a\nfixture 'x' not found\n\n", None)))[0] == "fixture 'x' not found"
    assert explain(report("call", "failed", "[XPASS(strict)] reason")) == ("[XPASS(strict)] reason", "[XPASS(strict)] reason")


def test_a_skip_is_explained_by_its_reason() -> None:
    assert explain(report("call", "skipped", ("x.py", 3, "Skipped: no TPU"))) == ("Skipped: no TPU", "")


def test_explanations_are_not_endless() -> None:
    message, evidence = explain(report("call", "failed", Crash("t" * 10**6, "m" * 10**6)))
    assert len(message) == recorder.MESSAGE_LIMIT
    assert len(evidence) < recorder.EVIDENCE_LIMIT + 100


@given(st.text(max_size=60), st.integers(2, 40).map(lambda half: 2 * half))
def test_clip_keeps_both_ends_and_says_how_much_is_gone(text: str, limit: int) -> None:
    short = clip(text, limit)
    if len(text) <= limit:
        assert short == text
    else:
        told = f"\n... {len(text) - limit} characters left out ...\n"
        assert short == text[: limit // 2] + told + text[-(limit // 2) :]


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "output.txt"
    monkeypatch.setenv("HUBMATRIX_OUTPUT", str(path))
    return path


def test_what_the_case_printed_is_evidence(output: Path) -> None:
    output.write_bytes(b"before\nof this case \xff\n")
    assert with_output("Traceback", len("before\n")) == "Traceback\n\n--- output ---\nof this case \ufffd"
    assert with_output("Traceback", output.stat().st_size) == "Traceback"
    output.write_text("x" * 100_000 + "end")
    assert with_output("Traceback", 0).endswith("xend")
    assert len(with_output("Traceback", 0)) < 5000
    output.unlink()
    assert with_output("Traceback", 0) == "Traceback"


@pytest.fixture
def recorded(tmp_path: Path, output: Path) -> Iterator[Any]:
    """A recorder, and the events that it wrote."""
    path = tmp_path / "events.jsonl"
    one = Recorder(str(path))
    yield SimpleNamespace(recorder=one, events=lambda: [json.loads(line) for line in path.read_text().splitlines()])
    os.close(one._file)


@pytest.mark.parametrize("worker", [None, "gw1"])
def test_a_case_is_told_when_it_starts_and_when_it_ended(
    recorded: Any, output: Path, monkeypatch: pytest.MonkeyPatch, worker: str | None
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # this test may run in one itself
    if worker:
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
    output.write_text("printed before")
    used = iter([10.0, 10.25])
    monkeypatch.setattr(recorder, "cpu_seconds", lambda: next(used))
    monkeypatch.setattr(recorder, "peak_memory_bytes", lambda: 2**20)
    item: Any = SimpleNamespace(nodeid=f"{NODE}[h5]", config=SimpleNamespace(rootdir="/project"))
    recorded.recorder.pytest_runtest_protocol(item)
    (start,) = recorded.events()
    assert start == {
        "event": "started",
        "worker": worker or "",
        "case": NODE,
        "variant": "h5",
        "output": len("printed before"),
    }
    recorded.recorder.pytest_runtest_logreport(report("setup", node=item.nodeid))
    recorded.recorder.pytest_runtest_makereport(item, call_that_raised(ValueError("no weights in /tmp/a")))
    recorded.recorder.pytest_runtest_logreport(report("call", "failed", Crash("tb", "E: x"), node=item.nodeid))
    assert len(recorded.events()) == 1
    recorded.recorder.pytest_runtest_logreport(report("teardown", node=item.nodeid))
    assert recorded.events()[1] == {
        "event": "finished",
        "worker": worker or "",
        "case": NODE,
        "variant": "h5",
        "outcome": "failed",
        "seconds": 0.75,
        "cpu_seconds": 0.25,
        "peak_memory_bytes": 2**20,
        "message": "E: x",
        "evidence": "tb",
        "measured": {},
        "failure": {
            "kinds": ["builtins.ValueError", "builtins.Exception"],
            "message": "no weights in /tmp/a",
            "cause": {"kinds": ["builtins.ValueError", "builtins.Exception"], "message": "no weights in /tmp/a"},
            "frame": {"package": "", "file": "", "function": ""},
            "signature": signature("ValueError", "no weights in <path>"),
        },
        "unmet": [],
    }


def test_what_a_case_presupposes_in_vain_is_no_skip(recorded: Any) -> None:
    recorded.recorder.pytest_runtest_protocol(SimpleNamespace(nodeid=NODE))
    skipped = ("x.py", 3, "Skipped: not applicable: needs hub.Module")
    recorded.recorder.pytest_runtest_logreport(report("setup", "skipped", skipped))
    recorded.recorder.pytest_runtest_logreport(report("teardown", user_properties=[("hubmatrix_unmet", "hub.Module")]))
    event = recorded.events()[1]
    assert (event["outcome"], event["unmet"], event["failure"]) == ("not_applicable", ["hub.Module"], None)


def test_numbers_that_a_case_recorded_are_told(recorded: Any) -> None:
    recorded.recorder.pytest_runtest_protocol(SimpleNamespace(nodeid=NODE))
    for when in ("setup", "call", "teardown"):
        recorded.recorder.pytest_runtest_logreport(report(when, user_properties=[("drift", 1.5), ("kind", "text")]))
    assert recorded.events()[1]["measured"] == {"drift": 1.5}


def test_cpu_seconds_grow_with_work_only() -> None:
    start = recorder.cpu_seconds()
    while recorder.cpu_seconds() == start:
        sum(range(10_000))
    assert recorder.cpu_seconds() > start


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ([("drift", 1.2e-7), ("count", 3)], {"drift": 1.2e-7, "count": 3.0}),
        ([("half", Fraction(1, 2))], {"half": 0.5}),
        ([("drift", 1.0), ("drift", 2.0)], {"drift": 2.0}),
        ([("a", float("nan")), ("b", float("inf")), ("c", -float("inf")), ("d", 10**400)], {}),
        ([("a", "1.5"), ("b", None), ("c", True), ("d", [1]), ("e", 1j)], {}),
        ([("n" * 100, 1)], {"n" * 40: 1.0}),
        ([(3, 1)], {"3": 1.0}),
        ([(f"n{n}", n) for n in range(30)] + [("n0", 7)], {**{f"n{n}": float(n) for n in range(20)}, "n0": 7.0}),
    ],
)
def test_only_finite_numbers_are_kept_and_not_endless(properties: list[tuple[str, object]], told: dict[str, float]) -> None:
    assert measured(properties) == told
    TypeAdapter(Measured).validate_python(measured(properties))


def test_a_file_that_does_not_import_is_told(recorded: Any) -> None:
    failed = pytest.CollectReport("cases/test_x.py", "failed", Crash("Traceback\nE   ImportError: no", None), None)
    recorded.recorder.pytest_collectreport(failed)
    recorded.recorder.pytest_collectreport(pytest.CollectReport("cases/test_y.py", "passed", None, []))
    assert recorded.events() == [
        {
            "event": "not_collected",
            "case": "cases/test_x.py",
            "message": "E   ImportError: no",
            "evidence": "Traceback\nE   ImportError: no",
        }
    ]


def test_odd_texts_stay_on_one_line(recorded: Any) -> None:
    recorded.recorder._write(event="x", message="two\nlines \ud800 \u2028")
    assert recorded.events()[0]["message"] == "two\nlines \ud800 \u2028"
