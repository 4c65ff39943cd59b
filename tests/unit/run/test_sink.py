"""A fact is written before anybody is told of it."""

from __future__ import annotations

from typing import Any

from harness.run.sink import Sink


class Heard:
    """Recording and watcher in one: what was called, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda record: self.calls.append((name, record))


def test_written_then_told(make: Any) -> None:
    for kind, record in (
        ("environment", make.environment_record()),
        ("case", make.case_record()),
        ("cell", make.cell_record()),
    ):
        heard = Heard()
        Sink(recording=heard, watcher=heard).write(record)  # type: ignore[arg-type]
        assert heard.calls == [("write_all", [record]), (kind, record)]
