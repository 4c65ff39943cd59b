"""What the table calls things, for every renderer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from harness.studies.reported.journal import StepRecord
from harness.studies.reported.model import Category, Versions, Why
from harness.studies.reported.verdict import Verdict
from harness.studies.reported.view import ReportedView, ReproductionView

SYMBOLS: Final[Mapping[Verdict, str]] = MappingProxyType(
    {
        Verdict.REPRODUCED: "✓",
        Verdict.ELSEWHERE: "◐",
        Verdict.DIFFERENT: "≠",
        Verdict.NOT_REPRODUCED: "✕",
        Verdict.UNAVAILABLE: "▨",
        Verdict.NOT_RUN: "○",
        Verdict.CANNOT: "–",
    }
)
NAMES: Final[Mapping[Verdict, str]] = MappingProxyType(
    {
        Verdict.REPRODUCED: "Reproduced",
        Verdict.ELSEWHERE: "Elsewhere",
        Verdict.DIFFERENT: "Different",
        Verdict.NOT_REPRODUCED: "Not reproduced",
        Verdict.UNAVAILABLE: "Unavailable",
        Verdict.NOT_RUN: "Not run",
        Verdict.CANNOT: "Can’t be run here",
    }
)
MEANINGS: Final[Mapping[Verdict, str]] = MappingProxyType(
    {
        Verdict.REPRODUCED: "ended as reported",
        Verdict.ELSEWHERE: "not in the versions reported, but in others",
        Verdict.DIFFERENT: "failed, but not as reported",
        Verdict.NOT_REPRODUCED: "ran through",
        Verdict.UNAVAILABLE: "this machine lacks something",
        Verdict.NOT_RUN: "no result yet",
        Verdict.CANNOT: "needs what no test machine without a network has",
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


def category(one: Category) -> str:
    return one.value.replace("_", " ")


def installed(step: StepRecord) -> str:
    """`tensorflow 2.16.2, tensorflow-hub 0.16.1, keras 3.4.1, Python 3.12.1`, or what was asked for where there is no lock."""
    versions = {package.name: package.version for package in step.packages}
    told = [f"{name} {versions[name]}" for name in SHOWN if name in versions] or list(step.requirements)
    return ", ".join([*told, *([f"Python {step.python}"] if step.python else [])])


def environment(run: ReproductionView) -> str:
    """The TensorFlow of each step, in order."""
    names = []
    for step in run.steps:
        versions = {package.name: package.version for package in step.packages}
        found = versions.get("tensorflow") or versions.get("tensorflow-cpu")
        names.append(found or " ".join(step.requirements))
    return " → ".join(names)


def outcome(one: ReportedView) -> str:
    """What happened, in one line: of the reproduction that decides, or why there is none."""
    if one.cannot:
        return f"{WHYS[one.cannot]}: {one.why}"
    order = list(Verdict)
    best = min(one.reproductions, key=lambda run: order.index(run.verdict))
    return best.observed or best.ended.replace("_", " ")
