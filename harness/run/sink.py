"""Hand each fact on: to the results file first, then to the watcher, so that nothing is shown that a crash could take back."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import assert_never

from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord
from harness.results.store import Writer
from harness.run.watcher import RunWatcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """Writes each record to the results file and tells the watcher of it."""

    writer: Writer
    watcher: RunWatcher

    def write(self, record: EnvironmentRecord | CaseRecord | CellRecord) -> None:
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
