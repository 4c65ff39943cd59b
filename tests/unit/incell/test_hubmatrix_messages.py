"""What the two sides tell each other comes out as it went in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.incell import hubmatrix_messages as messages
from harness.incell.hubmatrix_messages import CellRequest, EndReason, Opened, OpeningEvent, ProcessEnd, ScriptRequest, Setup

NUMBERS = st.none() | st.integers(0, 255)
CELL = CellRequest(
    id="cell-1-1",
    cases=["cases/test_a.py::test_a[x]"],
    skip=[],
    rootdir="/project",
    workdir="/work",
    environ={"HUBMATRIX_FORMAT": "h5"},
    toolchain="/pytest",
    modules=["tensorflow"],
    workers=0,
    output="/cell/output.txt",
    events="/cell/events.jsonl",
    case_seconds=60.0,
    memory_bytes=2**32,
)
SCRIPT = ScriptRequest(
    id="step-0",
    script="/project/cases/reported/a.py",
    folder="/work",
    workdir="/cell/step-0",
    environ={},
    raised="/cell/step-0/raised.json",
    output="/cell/step-0/output.txt",
    events="/cell/step-0/no-events",
    case_seconds=180.0,
    memory_bytes=2**32,
)


@pytest.mark.parametrize("request_", [CELL, SCRIPT], ids=["cell", "script"])
def test_a_request_says_which_program_it_is_for(request_: Any) -> None:
    line = messages.encode(request_)
    assert "\n" not in line
    assert messages.read_request(line) == request_
    assert messages.end_file(request_) == f"{request_.workdir}/end.json"


@given(reason=st.sampled_from(EndReason), code=NUMBERS, number=NUMBERS, peak=st.integers(0, 2**40))
def test_the_end_of_a_process(reason: EndReason, code: int | None, number: int | None, peak: int) -> None:
    end = ProcessEnd(reason=reason, code=code, signal=number, peak_bytes=peak)
    assert messages.read_end(messages.encode(end)) == end
    assert messages.read_ended(messages.ended_line("cell-1-1", end)) == ("cell-1-1", end)
    assert isinstance(messages.read_end(messages.encode(end)).reason, EndReason)


def test_a_process_whose_guardian_left_no_word_is_lost() -> None:
    assert messages.read_ended(messages.ended_line("cell-1-1", None)) == ("cell-1-1", ProcessEnd(reason=EndReason.LOST))


def test_how_a_zygote_starts() -> None:
    setup = Setup(modules=["tensorflow"], toolchain="/pytest", preload=True)
    assert messages.read_setup(messages.encode(setup)) == setup
    opened = Opened(OpeningEvent.IMPORT_FAILED, "ImportError: x", "Traceback")
    assert messages.read_opened(messages.encode(opened)) == opened
    assert isinstance(messages.read_opened(messages.encode(opened)).event, OpeningEvent)


def test_a_field_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(TypeError):
        messages.read_end('{"reason": "exited", "left_running": 2}')
