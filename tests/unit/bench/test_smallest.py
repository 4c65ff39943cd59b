"""Every benchmark that needs no TensorFlow, once at its smallest size, so that none of them rots.

Left out, because each installs a TensorFlow or asks an index: speed, environments, noop, cases, compiler, installers, sabotage.
`targets` starts commands, which unit tests don't: tests/integration/test_bench.py.
"""

from __future__ import annotations

import json

import pytest

from bench import plan, report


def test_plan() -> None:
    small, larger = plan.measure([1, 2], repeat=1)
    assert (small.cells, larger.cells) == (552, 1104)
    assert [row["cells"] for row in json.loads(json.dumps(plan.as_json([small, larger])))["plans"]] == [552, 1104]
    assert "552" in plan.as_text([small, larger])


def test_report(capsys: pytest.CaptureFixture[str]) -> None:
    report.measure(1, browser=False)
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("html bytes", "json bytes", "markdown bytes"))
