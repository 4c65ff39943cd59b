"""Hand each fact on: to the store first, then to the watcher, so that nothing is shown that a crash could take back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import assert_never

from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord
from harness.results.recording import Recording
from harness.results.rows import Fact
from harness.run.watcher import RunWatcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """Records each fact and tells the watcher of it."""

    recording: Recording
    watcher: RunWatcher

    def write(self, fact: Fact) -> None:
        """Record a fact."""
        self.write_all([fact])

    def write_all(self, facts: Sequence[Fact]) -> None:
        """Record facts at once, which costs a tenth of recording them one by one."""
        self.recording.write_all(facts)
        for fact in facts:
            self._tell(fact)

    def _tell(self, fact: Fact) -> None:
        match fact:
            case EnvironmentRecord():
                self.watcher.environment(fact)
            case CaseRecord():
                self.watcher.case(fact)
            case CellRecord():
                self.watcher.cell(fact)
            case _:
                assert_never(fact)
