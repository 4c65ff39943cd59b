"""What cases/reported/reports.yaml holds, as frozen values; and what is observed when it is run.

Owns the closed enums of this room. Judging is `harness.studies.reported.verdict`'s work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum

from harness.domain import Release, Status, Trouble
from harness.environments.lock import LockRequest
from harness.matrix.request import AS_RELEASED_AFTER
from harness.run.prepare import NO_GPU, EnvironmentRecipe

NO_TENSORFLOW_BESIDE_CPU = "tensorflow ; python_version < '0'"
"""tensorflow-cpu is the same code: what depends on `tensorflow` is content with it. The marker is never true."""


class Category(str, Enum):
    """What a report is about, in the words of the collection it comes from."""

    DOWNLOAD_CACHE = "download_cache"
    GRAPH_VERSION = "graph_version"
    IMPORT = "import"
    KERAS3 = "keras3"
    MISSING_TEXT_OPS = "missing_text_ops"
    RELOAD = "reload"
    SIGNATURE_SHAPE = "signature_shape"
    TF1_FORMAT = "tf1_format"
    TPU_DIST_XLA = "tpu_dist_xla"


class Why(str, Enum):
    """Why a report can't be run here."""

    TPU = "tpu"
    GPU = "gpu"
    NETWORK = "network"
    SYSTEM = "system"
    GONE = "gone"
    PROGRAM = "program"
    NO_FAILURE = "no_failure"


class Versions(str, Enum):
    """How the versions of a reproduction relate to those reported.

    `reported`: the same. `nearest`: another patch of the same minor, or of the neighbour that still installs. `chosen`: the
    report names none. `other`: it names others; here is where it does, or should, happen.
    """

    REPORTED = "reported"
    NEAREST = "nearest"
    CHOSEN = "chosen"
    OTHER = "other"


class End(str, Enum):
    """How a reproduction ended."""

    FINISHED = "finished"
    RAISED = "raised"
    CRASHED = "crashed"
    HUNG = "hung"
    OUT_OF_MEMORY = "out_of_memory"
    LOCK_FAILED = "lock_failed"
    INSTALL_FAILED = "install_failed"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One environment, and the script that runs in it (None: only locking and installing are of interest).

    `hub` is a version, None for the newest, "" for none at all. `day` is uv's `--exclude-newer`; None for no limit.
    """

    release: Release | None
    hub: str | None
    packages: tuple[str, ...]
    overrides: tuple[str, ...]
    day: date | None
    python: str | None
    settings: tuple[tuple[str, str], ...]
    models: tuple[str, ...]
    script: str | None
    seconds: float

    @property
    def requirements(self) -> LockRequest:
        """What a user would have typed."""
        typed = [f"{self.release.package}=={self.release.version}"] if self.release else []
        if self.hub != "":
            typed.append("tensorflow-hub" if self.hub is None else f"tensorflow-hub=={self.hub}")
        beside = self.packages and self.release and self.release.package != "tensorflow"
        overrides = (*self.overrides, NO_TENSORFLOW_BESIDE_CPU) if beside else self.overrides
        requirements = (*typed, *self.packages)
        return LockRequest(requirements=requirements, overrides=overrides, exclude_newer=self.day, daily=self.day is None)

    @property
    def pythons(self) -> tuple[str, ...]:
        return self.release.pythons if self.release else ()

    @property
    def recipe(self) -> EnvironmentRecipe:
        """How its environment is made."""
        settings = tuple(sorted({**NO_GPU, **dict(self.settings)}.items()))
        return EnvironmentRecipe(requirements=self.requirements, pythons=self.pythons, python=self.python, settings=settings)


def as_released(release: Release) -> date:
    """The last day whose packages belong to a release."""
    return release.released + AS_RELEASED_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What was reported. `kinds` are exception classes, any of them; `says` is found in the message, `prints` in the output."""

    end: End
    kinds: tuple[str, ...] = ()
    says: re.Pattern[str] | None = None
    prints: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """Steps in one work folder; all but the last must run through, the last is what is judged."""

    name: str
    versions: Versions
    steps: tuple[Step, ...]
    expectation: Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One report. Either `reproductions`, or a reason why there are none."""

    id: str
    source: str
    title: str
    category: Category
    versions: str
    words: str
    reproductions: tuple[Reproduction, ...] = ()
    cannot: Why | None = None
    why: str = ""
    found: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What happened, and in which step (counted from 0). `message` is one line or an exception's last words."""

    end: End
    step: int
    message: str = ""
    kinds: tuple[str, ...] = ()
    evidence: str = ""
    output: str = ""
    trouble: Trouble | None = None
    seconds: float = 0.0


def end_of(status: Status) -> End:
    """How a reproduction ends whose environment can't be had."""
    match status:
        case Status.LOCK_FAILED:
            return End.LOCK_FAILED
        case Status.INSTALL_FAILED:
            return End.INSTALL_FAILED
        case _:
            return End.UNAVAILABLE
