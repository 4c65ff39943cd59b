"""The closed questions that only the report asks."""

from __future__ import annotations

from enum import Enum


class MessageKind(str, Enum):
    """Of a group of messages. `otherwise`: failed, and not as was declared. `machine`: says nothing about the software."""

    FAILURE = "failure"
    OTHERWISE = "otherwise"
    UNEXPECTED_PASS = "unexpected_pass"
    DECLARED = "declared"
    MACHINE = "machine"


class State(str, Enum):
    """Of a way at one TensorFlow version: what its case did there, or why it did nothing.

    `declared`: failed as declared. `otherwise`: failed, but not as declared. `unexpected`: passed though declared to fail.
    `mixed`: it depends on something that isn't a line of its own (a parameter of the case, a pinned Python). `blocked`: the
    environment can't be locked, installed or imported. `not_applicable`: what the case presupposes is not there. `unavailable`
    is trouble of this machine; it and `not_run` say nothing about the software.
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
