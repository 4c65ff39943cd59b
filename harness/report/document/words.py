"""The closed questions that only the report asks."""

from __future__ import annotations

from enum import Enum


class MessageKind(str, Enum):
    """The kind of a group of messages.

    `otherwise`: failed, but not as declared. `machine`: trouble of this machine, which says nothing about the software.
    """

    FAILURE = "failure"
    OTHERWISE = "otherwise"
    UNEXPECTED_PASS = "unexpected_pass"
    DECLARED = "declared"
    MACHINE = "machine"


class State(str, Enum):
    """The state of a way at one TensorFlow version: what its case did there, or why it did not run.

    `declared`: failed as declared. `otherwise`: failed, but not as declared. `unexpected`: passed though declared to fail.
    `mixed`: the outcome depends on something that has no line of its own (a parameter of the case, a pinned Python). `blocked`:
    the environment can't be locked, installed or imported. `not_applicable`: a prerequisite of the case doesn't hold.
    `unavailable` is trouble of this machine; it and `not_run` say nothing about the software.
    """

    PASSED = "passed"
    FAILED = "failed"
    DECLARED = "declared"
    OTHERWISE = "otherwise"
    UNEXPECTED = "unexpected"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    MIXED = "mixed"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not_applicable"
    BLOCKED = "blocked"
    UNAVAILABLE = "unavailable"
    NOT_RUN = "not_run"
