"""The contents of cases/reported/reports.yaml as frozen values, and the observation of a run of one.

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
"""A requirement that removes `tensorflow`: packages that depend on it also work with tensorflow-cpu, which is the same code.

The marker is never true.
"""


class Category(str, Enum):
    """The topic of a report, in the words of the collection that it comes from."""

    DOWNLOAD_CACHE = "download_cache"
    GRAPH_VERSION = "graph_version"
    IMPORT = "import"
    KERAS3 = "keras3"
    MISSING_TEXT_OPS = "missing_text_ops"
    RELOAD = "reload"
    SIGNATURE_SHAPE = "signature_shape"
    TF1_FORMAT = "tf1_format"
    TPU_DIST_XLA = "tpu_dist_xla"


class Obstacle(str, Enum):
    """The reason why a report can't be run here."""

    TPU = "tpu"
    GPU = "gpu"
    NETWORK = "network"
    SYSTEM = "system"
    PACKAGES_GONE = "gone"
    PROGRAM = "program"
    NO_FAILURE = "no_failure"


class Versions(str, Enum):
    """The relation between the versions of a reproduction and those reported.

    `reported`: they are the same. `nearest`: another patch of the same minor, or the neighbouring minor that still installs.
    `chosen`: the report names none. `other`: the report names others, but the failure does, or should, happen with these.
    """

    REPORTED = "reported"
    NEAREST = "nearest"
    CHOSEN = "chosen"
    OTHER = "other"


class End(str, Enum):
    """The end of a reproduction."""

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
        """The requirements that a user would have typed, for the resolver."""
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
        """The recipe of the step's environment."""
        settings = tuple(sorted({**NO_GPU, **dict(self.settings)}.items()))
        return EnvironmentRecipe(requirements=self.requirements, pythons=self.pythons, python=self.python, settings=settings)


def as_released(release: Release) -> date:
    """Return the last day whose packages belong to a release."""
    return release.released + AS_RELEASED_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The failure as reported: the end, and what else the report states.

    `kinds` are exception classes, of which one must occur; `says` must be found in the message, `prints` in the output.
    """

    end: End
    kinds: tuple[str, ...] = ()
    says: re.Pattern[str] | None = None
    prints: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """The steps of one attempt, in one work folder. All but the last must run through; the last one is judged."""

    name: str
    versions: Versions
    steps: tuple[Step, ...]
    expectation: Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReport:
    """A report from an issue tracker. It has either `reproductions`, or a reason why there are none.

    `findings` is prose on what running it showed beyond the verdict; `location` is its place in reports.yaml.
    """

    id: str
    source: str
    title: str
    category: Category
    versions: str
    words: str
    reproductions: tuple[Reproduction, ...] = ()
    cannot: Obstacle | None = None
    why: str = ""
    findings: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReproductionOutcome:
    """The end of a reproduction, and its last step, counted from 0. `message` is one line, or the last of an exception."""

    end: End
    step: int
    message: str = ""
    kinds: tuple[str, ...] = ()
    evidence: str = ""
    output: str = ""
    trouble: Trouble | None = None
    seconds: float = 0.0


def end_of(status: Status) -> End:
    """Return the end of a reproduction whose environment failed with this status."""
    match status:
        case Status.LOCK_FAILED:
            return End.LOCK_FAILED
        case Status.INSTALL_FAILED:
            return End.INSTALL_FAILED
        case _:
            return End.UNAVAILABLE
