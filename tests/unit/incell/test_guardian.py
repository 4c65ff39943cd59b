"""The guardian's eyes: what it sees of processes, and which end it reports. It ends nothing here."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from harness.incell import guardian
from harness.incell.hubmatrix_messages import EndReason, ProcessEnd, ScriptRequest

NOBODY = 2**22 + 1  # above every process id


def test_descendants_are_all_below(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = {1: [2, 3], 2: [4], 4: [5], 9: [10]}
    monkeypatch.setattr(guardian, "children", lambda pid: tree.get(pid, []))
    assert sorted(guardian.descendants(1)) == [2, 3, 4, 5]
    assert guardian.descendants(5) == []


def test_a_process_that_is_gone_has_no_children_and_no_memory() -> None:
    assert guardian.children(NOBODY) == []
    assert guardian.memory_of([NOBODY]) == 0


def test_memory_is_a_sum_over_processes() -> None:
    one = guardian.memory_of([os.getpid()])
    assert one > 2**20
    assert guardian.memory_of([os.getpid(), os.getpid(), NOBODY]) >= 1.5 * one


def test_the_size_of_no_file_is_zero(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("12345")
    assert guardian.size_of(str(tmp_path / "events")) == 5
    assert guardian.size_of(str(tmp_path / "absent")) == 0


@pytest.mark.parametrize("trouble", [ProcessLookupError, PermissionError])
def test_a_group_that_is_gone_is_ended(monkeypatch: pytest.MonkeyPatch, trouble: type[OSError]) -> None:
    def killpg(_group: int, _number: int) -> None:
        raise trouble

    monkeypatch.setattr(os, "killpg", killpg)
    guardian.end_group(NOBODY)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """`watch(statuses, ...)`: what the guardian says of a cell whose statuses are these, one at each look."""
    monkeypatch.setattr(guardian, "POLL_SECONDS", 0.001)
    wake, other = os.pipe()

    def one(statuses: list[tuple[int, int]], *, memory: int = 0, seconds: float = 60.0) -> ProcessEnd:
        left = list(statuses)
        monkeypatch.setattr(os, "waitpid", lambda _pid, _options: left.pop(0) if left else (0, 0))
        monkeypatch.setattr(guardian, "memory_of", lambda _pids: memory)
        texts: dict[str, Any] = {**dict.fromkeys(ScriptRequest._fields, ""), "events": str(tmp_path / "events")}
        request = ScriptRequest(**{**texts, "case_seconds": seconds, "memory_bytes": 1000})
        return guardian.watch(NOBODY, request, wake)

    yield one
    os.close(wake)
    os.close(other)


def test_a_cell_that_exits(watch: Any) -> None:
    assert watch([(0, 0), (NOBODY, 3 << 8)], memory=70) == ProcessEnd(reason=EndReason.EXITED, code=3, peak_bytes=70)


def test_a_cell_that_a_signal_ends(watch: Any) -> None:
    assert watch([(NOBODY, signal.SIGSEGV)]) == ProcessEnd(reason=EndReason.EXITED, signal=signal.SIGSEGV)


def test_a_cell_over_its_memory(watch: Any) -> None:
    assert watch([], memory=1001) == ProcessEnd(reason=EndReason.MEMORY, peak_bytes=1001)


def test_a_cell_that_writes_no_event_in_time(watch: Any) -> None:
    assert watch([], memory=10, seconds=0.02).reason is EndReason.TIMED_OUT
