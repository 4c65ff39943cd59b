"""Read case records of formats 1 to 3 as facts: pytest had judged them, and kept of an exception what it printed."""

from __future__ import annotations

import re
from typing import Any

from harness.domain import Outcome
from harness.incell.hubmatrix_failure import describe_text

OUTCOME_BEFORE_JUDGING = {"xfailed": Outcome.FAILED.value, "xpassed": Outcome.PASSED.value}
FAILED = (Outcome.FAILED.value, Outcome.ERROR.value)
RAISED = re.compile(r"\A(?P<kind>[A-Za-z_][\w.]*): ?(?P<words>[\s\S]*)\Z")


def as_facts(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record as format 4 has it; one of format 4 as it is."""
    outcome = record.get("outcome")
    outcome = outcome.value if isinstance(outcome, Outcome) else outcome
    happened = OUTCOME_BEFORE_JUDGING.get(str(outcome), outcome)
    if happened not in FAILED or "failure" in record:
        return record if happened == outcome else {**record, "outcome": happened}
    raised = RAISED.match(str(record.get("message", "")))
    kind, words = (raised["kind"], raised["words"]) if raised else ("", str(record.get("message", "")))
    return {**record, "outcome": happened, "failure": describe_text(kind or "unknown", words)}
