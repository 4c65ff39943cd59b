"""Outcomes of cases, statuses of cells, and what a machine may lack."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(str, Enum):
    """The outcome of a case in a cell: a fact. The judge decides whether a failure was expected.

    `error`: it failed outside its own code, in a fixture. `not_applicable`: a prerequisite does not hold, so it was not run; that
    says nothing bad about the software.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    NOT_APPLICABLE = "not_applicable"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    NOT_RUN = "not_run"


class Status(str, Enum):
    """The status of a cell, and of the environment it runs in.

    `completed`: every case has an outcome of its own (a crash or time-out of a case included).
    `lock_failed`: the resolver proved the request unsatisfiable. `install_failed`: a package didn't build or unpack.
    `import_failed`: `import tensorflow, tensorflow_hub` raised. `crashed`, `timed_out`: the process ended outside any case.
    `unavailable`: trouble of this machine, never of the software; see `Trouble`.
    """

    COMPLETED = "completed"
    LOCK_FAILED = "lock_failed"
    INSTALL_FAILED = "install_failed"
    IMPORT_FAILED = "import_failed"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    UNAVAILABLE = "unavailable"


class Trouble(str, Enum):
    """The reason why a cell is unavailable: what this machine lacks, or why there is nothing to try.

    `limits`: open files, threads or processes ran out.
    `toolchain`: pytest can't be installed or imported beside these packages. `model`: a server answers that it has no such model,
    or refuses it to everybody; that says nothing about any TensorFlow either.
    """

    INTERPRETER = "interpreter"
    NETWORK = "network"
    DEVICE = "device"
    MEMORY = "memory"
    DISK = "disk"
    KILLED = "killed"
    LIMITS = "limits"
    TOOLCHAIN = "toolchain"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """The reason why a model, a device, a service or disk that a cell needs is missing; `message` is one line on what was tried.

    `trouble` is None where the kind is not known.
    """

    trouble: Trouble | None
    message: str
