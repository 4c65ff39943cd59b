"""Whoever watches a run: what it is told, and the words for what an environment is at."""

from __future__ import annotations

from enum import Enum
from types import TracebackType
from typing import Protocol

from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord


class Stage(str, Enum):
    """What an environment is at, in the order in which it comes to it. A lock that is known needs no `locking`."""

    LOCKING = "locking"
    LOCKED = "locked"
    INSTALLING = "installing"
    IMPORTING = "importing"
    RUNNING = "running"
    DONE = "done"


class RunWatcher(Protocol):
    """Told of everything as it happens. Must not raise."""

    def planned(self, cells: int, environments: int, reused: int) -> None: ...
    def stage(self, environment: str, stage: Stage) -> None: ...
    def environment(self, record: EnvironmentRecord) -> None: ...
    def case(self, record: CaseRecord) -> None: ...
    def cell(self, record: CellRecord) -> None: ...
    def __enter__(self) -> RunWatcher: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
