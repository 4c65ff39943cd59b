"""The words of the table, for every renderer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from harness.studies.reported.journal import StepRecord
from harness.studies.reported.model import Category, Obstacle, Versions
from harness.studies.reported.verdict import ReportVerdict
from harness.studies.reported.view import ReproductionView, UserReportView

SYMBOLS: Final[Mapping[ReportVerdict, str]] = MappingProxyType(
    {
        ReportVerdict.REPRODUCED: "✓",
        ReportVerdict.ELSEWHERE: "◐",
        ReportVerdict.DIFFERENT: "≠",
        ReportVerdict.NOT_REPRODUCED: "✕",
        ReportVerdict.UNAVAILABLE: "▨",
        ReportVerdict.NOT_RUN: "○",
        ReportVerdict.CANNOT: "–",
    }
)
NAMES: Final[Mapping[ReportVerdict, str]] = MappingProxyType(
    {
        ReportVerdict.REPRODUCED: "Reproduced",
        ReportVerdict.ELSEWHERE: "Elsewhere",
        ReportVerdict.DIFFERENT: "Different",
        ReportVerdict.NOT_REPRODUCED: "Not reproduced",
        ReportVerdict.UNAVAILABLE: "Unavailable",
        ReportVerdict.NOT_RUN: "Not run",
        ReportVerdict.CANNOT: "Can’t be run here",
    }
)
MEANINGS: Final[Mapping[ReportVerdict, str]] = MappingProxyType(
    {
        ReportVerdict.REPRODUCED: "ended as reported",
        ReportVerdict.ELSEWHERE: "not in the versions reported, but in others",
        ReportVerdict.DIFFERENT: "failed, but not as reported",
        ReportVerdict.NOT_REPRODUCED: "ran through",
        ReportVerdict.UNAVAILABLE: "this machine lacks something",
        ReportVerdict.NOT_RUN: "no result yet",
        ReportVerdict.CANNOT: "needs what no test machine without a network has",
    }
)
OBSTACLES: Final[Mapping[Obstacle, str]] = MappingProxyType(
    {
        Obstacle.TPU: "needs a TPU",
        Obstacle.GPU: "needs a GPU",
        Obstacle.NETWORK: "needs a service on the network",
        Obstacle.SYSTEM: "another operating system",
        Obstacle.PACKAGES_GONE: "its packages are gone",
        Obstacle.PROGRAM: "another program than Python",
        Obstacle.NO_FAILURE: "not a failure of running code",
    }
)
VERSIONS: Final[Mapping[Versions, str]] = MappingProxyType(
    {
        Versions.REPORTED: "the versions reported",
        Versions.NEAREST: "the nearest versions",
        Versions.CHOSEN: "versions chosen here, the report names none",
        Versions.OTHER: "other versions than reported",
    }
)
LISTED_PACKAGES = ("tensorflow", "tensorflow-cpu", "tensorflow-hub", "tensorflow-text", "tf-keras", "keras", "numpy", "protobuf")


def category_name(category: Category) -> str:
    return category.value.replace("_", " ")


def installed(step: StepRecord) -> str:
    """Return the main packages that a step installed, or its requirements if there is no lock.

    For example `tensorflow 2.16.2, tensorflow-hub 0.16.1, keras 3.4.1, Python 3.12.1`.
    """
    versions = {package.name: package.version for package in step.packages}
    packages = [f"{name} {versions[name]}" for name in LISTED_PACKAGES if name in versions] or list(step.requirements)
    return ", ".join([*packages, *([f"Python {step.python}"] if step.python else [])])


def tensorflow_versions(reproduction: ReproductionView) -> str:
    """Return the TensorFlow version of each step, in order, or the requirements of a step without one."""
    names = []
    for step in reproduction.steps:
        versions = {package.name: package.version for package in step.packages}
        tensorflow = versions.get("tensorflow") or versions.get("tensorflow-cpu")
        names.append(tensorflow or " ".join(step.requirements))
    return " → ".join(names)


def outcome(report: UserReportView) -> str:
    """Return the outcome in one line: of the reproduction with the best verdict, or why there is none."""
    if report.cannot:
        return f"{OBSTACLES[report.cannot]}: {report.why}"
    order = list(ReportVerdict)
    best = min(report.reproductions, key=lambda reproduction: order.index(reproduction.verdict))
    return best.observed or best.ended.replace("_", " ")
