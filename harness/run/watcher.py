"""The interface of whatever watches a run, such as the progress display, and the stages of an environment."""

from __future__ import annotations

from enum import Enum
from types import TracebackType
from typing import Protocol

from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord


class Stage(str, Enum):
    """The stages of an environment, in order. With a stored lock it skips `locking` and `locked`."""

    LOCKING = "locking"
    LOCKED = "locked"
    INSTALLING = "installing"
    IMPORTING = "importing"
    RUNNING = "running"
    CLOSED = "done"


class RunWatcher(Protocol):
    """Hears of each stage and record as it happens. Must not raise: an exception here would end the run."""

    def planned(self, cells: int, environments: int, reused: int) -> None: ...
    def stage(self, environment: str, stage: Stage) -> None: ...
    def environment(self, record: EnvironmentRecord) -> None: ...
    def case(self, record: CaseRecord) -> None: ...
    def cell(self, record: CellRecord) -> None: ...
    def __enter__(self) -> RunWatcher: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
