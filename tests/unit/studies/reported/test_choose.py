"""Which reports a user means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pytest

from harness.base.errors import SelectionError
from harness.domain import Release
from harness.studies.reported.choose import compile_choice, filter_reports
from harness.studies.reported.model import Category, Obstacle, Reproduction, UserReport
from harness.studies.reported.verdict import ReportVerdict
from tests.unit.studies.reported.test_verdict import STEP
from tests.unit.studies.reported.test_view import reported


def with_versions(*versions: str) -> Reproduction:
    releases = (
        Release(version=version, package="tensorflow", released=date(2024, 1, 1), pythons=("3.11",)) for version in versions
    )
    steps = tuple(replace(STEP, release=release) for release in releases)
    return replace(reported("two").reproductions[0], steps=steps)


LIST = (
    reported("k3-a"),
    reported("k3-b", Category.KERAS3),
    reported("other", Category.KERAS3),
    reported("tpu", reproductions=(), cannot=Obstacle.TPU),
    reported("two", reproductions=(with_versions("2.15.1", "2.16.2"),)),
)


def verdicts(reports: Sequence[UserReport]) -> Mapping[str, ReportVerdict]:
    return {report.id: ReportVerdict.CANNOT if report.cannot else ReportVerdict.NOT_RUN for report in reports}


def ids(names: Sequence[str], select: str = "") -> list[str]:
    return [report.id for report in filter_reports(LIST, names, compile_choice(select, LIST), verdicts)]


def test_ids_and_a_selector_together() -> None:
    assert ids([]) == ["k3-a", "k3-b", "other", "tpu", "two"]
    assert ids(["other", "k3-a"]) == ["k3-a", "other"]
    assert ids([], "category=keras3") == ["k3-b", "other"]
    assert ids(["k3-a", "k3-b"], "category=keras3") == ["k3-b"]
    assert ids([], "cannot=tpu") == ["tpu"]
    assert ids([], "not verdict=cannot and not id=other") == ["k3-a", "k3-b", "two"]


def test_a_report_is_meant_by_each_tensorflow_that_it_is_run_with() -> None:
    assert ids([], "tensorflow=2.15") == ["two"]
    assert ids([], "tensorflow>=2.16") == ["two"]
    assert ids([], "not tensorflow=2.15") == ["k3-a", "k3-b", "other", "tpu", "two"]


def test_verdicts_are_not_read_unless_asked_for() -> None:
    def never(reports: Sequence[UserReport]) -> Mapping[str, ReportVerdict]:
        raise AssertionError

    assert filter_reports(LIST, [], compile_choice("id=tpu", LIST), never) == (LIST[3],)


@pytest.mark.parametrize(
    ("names", "select", "message"),
    [
        (["othr"], "", "no report 'othr' (hint: did you mean 'other'?)"),
        ([], "category=keras", "--select:10: no category 'keras' (hint: did you mean 'keras3'?)"),
        ([], "verdict=reproducd", "--select:9: no verdict 'reproducd' (hint: did you mean 'reproduced'?)"),
        (["k3-a"], "category=keras3", "--select: nothing is selected (hint: drop the ids or the selector)"),
        ([], "format=h5", "--select:1: no name 'format' in reproduce (hint: 'format' can be asked in plan, run and check;"),
    ],
)
def test_mistakes(names: list[str], select: str, message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        ids(names, select)
    assert str(caught.value).startswith(message)
