"""The closed questions that only the report asks."""

from __future__ import annotations

from enum import Enum


class Kind(str, Enum):
    """Of a group of messages. `declared`: failed as expected. `machine`: says nothing about the software."""

    FAILURE = "failure"
    UNEXPECTED_PASS = "unexpected_pass"
    DECLARED = "declared"
    MACHINE = "machine"


class State(str, Enum):
    """Of a way at one TensorFlow version: what its case did there, or why it did nothing.

    `declared`: failed as declared. `unexpected`: passed though declared to fail. `mixed`: it depends on something that isn't a
    line of its own (a parameter of the case, a pinned Python). `blocked`: the environment can't be locked, installed or
    imported. `unavailable` is trouble of this machine; it and `not_run` say nothing about the software.
    """

    PASSED = "passed"
    FAILED = "failed"
    DECLARED = "declared"
    UNEXPECTED = "unexpected"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    MIXED = "mixed"
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    UNAVAILABLE = "unavailable"
    NOT_RUN = "not_run"
