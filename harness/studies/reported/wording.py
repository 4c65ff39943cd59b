"""What the table calls things, for every renderer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from harness.studies.reported.journal import StepRecord
from harness.studies.reported.model import Category, Versions, Why
from harness.studies.reported.verdict import ReportVerdict
from harness.studies.reported.view import ReportedView, ReproductionView

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
WHYS: Final[Mapping[Why, str]] = MappingProxyType(
    {
        Why.TPU: "needs a TPU",
        Why.GPU: "needs a GPU",
        Why.NETWORK: "needs a service on the network",
        Why.SYSTEM: "another operating system",
        Why.GONE: "its packages are gone",
        Why.PROGRAM: "another program than Python",
        Why.NO_FAILURE: "not a failure of running code",
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
SHOWN = ("tensorflow", "tensorflow-cpu", "tensorflow-hub", "tensorflow-text", "tf-keras", "keras", "numpy", "protobuf")


def category_name(category: Category) -> str:
    return category.value.replace("_", " ")


def installed(step: StepRecord) -> str:
    """`tensorflow 2.16.2, tensorflow-hub 0.16.1, keras 3.4.1, Python 3.12.1`, or what was asked for where there is no lock."""
    versions = {package.name: package.version for package in step.packages}
    packages = [f"{name} {versions[name]}" for name in SHOWN if name in versions] or list(step.requirements)
    return ", ".join([*packages, *([f"Python {step.python}"] if step.python else [])])


def environment(run: ReproductionView) -> str:
    """The TensorFlow of each step, in order."""
    names = []
    for step in run.steps:
        versions = {package.name: package.version for package in step.packages}
        tensorflow = versions.get("tensorflow") or versions.get("tensorflow-cpu")
        names.append(tensorflow or " ".join(step.requirements))
    return " → ".join(names)


def outcome(report: ReportedView) -> str:
    """What happened, in one line: of the reproduction that decides, or why there is none."""
    if report.cannot:
        return f"{WHYS[report.cannot]}: {report.why}"
    order = list(ReportVerdict)
    best = min(report.reproductions, key=lambda run: order.index(run.verdict))
    return best.observed or best.ended.replace("_", " ")
