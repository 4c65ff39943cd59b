"""Where facts go: the results file first, then whoever watches."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import assert_never

from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord
from harness.results.store import Writer
from harness.run.watcher import RunWatcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """Takes each fact once it is one."""

    writer: Writer
    watcher: RunWatcher

    def put(self, record: EnvironmentRecord | CaseRecord | CellRecord) -> None:
        self.writer.write(record)
        match record:
            case EnvironmentRecord():
                self.watcher.environment(record)
            case CaseRecord():
                self.watcher.case(record)
            case CellRecord():
                self.watcher.cell(record)
            case _:
                assert_never(record)
