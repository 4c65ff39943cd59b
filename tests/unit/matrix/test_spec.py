"""Combinations, and that narrowing them loses none."""

from __future__ import annotations

from datetime import date

import pytest

from harness.domain import AXES, Axis, Device, HubFormat, Interface, KerasChoice, Model, Release
from harness.matrix.facts import planned
from harness.matrix.selector import compile_selector
from harness.matrix.spec import Space

INTERFACES = {"bert-en/3": Interface.DICT, "preprocess/3": Interface.TEXT}
SPACE = Space(
    releases=tuple(
        Release(version=version, package="tensorflow", released=date(2024, 1, 1), pythons=("3.9",))
        for version in ("2.9.3", "2.15.1", "2.16.2")
    ),
    models=tuple(
        Model(id=id_, handle=f"https://tfhub.dev/{id_}", format=HubFormat.SAVED_MODEL_2, interface=interface)
        for id_, interface in INTERFACES.items()
    ),
    choices={row.axis: tuple(row.values) for row in AXES if row.values is not None},
)

SELECTORS = (
    "",
    "tensorflow>=2.15",
    "tensorflow=2.16 and keras=default and device in (cpu, tpu)",
    "tensorflow=2.16 or keras=legacy",
    "interface=text and not device=cpu",
    "interface=text and model=bert-en/3",
    "not (keras=legacy and tensorflow<2.16) and format=h5",
    "(tensorflow=2.9 or tensorflow=2.16) and install=today",
    "python=3.9",
)


@pytest.mark.parametrize("text", SELECTORS)
def test_what_matches_is_what_a_walk_over_everything_finds(text: str) -> None:
    selector = compile_selector(text, vocabulary=SPACE.vocabulary())
    walked = [axes for axes in SPACE.combinations() if selector(planned(axes, SPACE.interfaces()))]
    assert list(SPACE.matching(selector)) == walked
    assert SPACE.occurs(selector) is bool(walked)


def test_a_condition_on_one_axis_leaves_only_its_values() -> None:
    selector = compile_selector("keras=legacy and interface=text and (tensorflow=2.9 or device=cpu)")
    values = SPACE.narrowed(selector.conjuncts)
    assert (values[Axis.KERAS], values[Axis.MODEL]) == ((KerasChoice.LEGACY,), ("preprocess/3",))
    assert (values[Axis.TENSORFLOW], values[Axis.DEVICE]) == (("2.9.3", "2.15.1", "2.16.2"), tuple(Device))


def test_an_axis_that_older_files_lack_has_its_one_value() -> None:
    older = {axis: values for axis, values in SPACE.choices.items() if axis is not Axis.TEXT}
    space = Space(releases=SPACE.releases, models=SPACE.models, choices=older)
    assert space.vocabulary()["text"] == ("without",)


def test_nothing_on_an_axis_makes_no_combination() -> None:
    space = Space(releases=(), models=SPACE.models, choices=SPACE.choices)
    selector = compile_selector("keras=legacy")
    assert not list(space.matching(selector))
    assert not space.occurs(selector)
