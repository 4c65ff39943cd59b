"""Cells without a model: which there are, and which selectors mean them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.base.errors import SelectionError
from harness.domain import Axis, Case, Device, HubFormat, Interface, SaveFormat
from harness.matrix.plan import expand
from harness.matrix.without_model import tell_apart
from tests.unit.matrix.test_plan import SPEC, include

ENVIRONMENT = "tf-2_16_2-today"
H5, KERAS, SAVED = SaveFormat
EVERY = [(format_, device) for format_ in SaveFormat for device in (Device.CPU, Device.XLA_CPU)]


@pytest.fixture
def cases(make: Any) -> tuple[Case, ...]:
    """One that loads a model, and two without: one saves, one computes."""
    return (
        make.case("loads", uses=frozenset({Axis.MODEL})),
        make.case("saves", uses=frozenset({Axis.FORMAT})),
        make.case("computes", uses=frozenset({Axis.DEVICE})),
    )


def selected(cases: tuple[Case, ...], select: str, **asked: Any) -> tuple[list[str], list[str]]:
    """The cells of one environment that a selector means: of models, and without one."""
    plan = expand(SPEC, select=f"environment={ENVIRONMENT} and ({select})" if select else "", cases=cases, **asked)
    ids = [(cell.axes.model, cell.id.removeprefix(f"{ENVIRONMENT}--")) for cell in plan.cells]
    return [id_ for model, id_ in ids if model], [id_ for model, id_ in ids if not model]


PLAIN = ["no-model--h5--cpu", "no-model--h5--xla-cpu", "no-model--keras--cpu", "no-model--savedmodel--cpu"]


def test_there_are_as_many_as_cases_tell_apart(make: Any) -> None:
    saves, computes = make.case("saves", uses=frozenset({Axis.FORMAT})), make.case("computes", uses=frozenset({Axis.DEVICE}))
    both = make.case("both", uses=frozenset({Axis.FORMAT, Axis.DEVICE}))
    assert tell_apart(EVERY, [make.case("fetches", uses=frozenset())]) == ((H5, Device.CPU),)
    assert tell_apart(EVERY, [saves]) == ((H5, Device.CPU), (KERAS, Device.CPU), (SAVED, Device.CPU))
    assert tell_apart(EVERY, [computes]) == ((H5, Device.CPU), (H5, Device.XLA_CPU))
    assert tell_apart(EVERY, [saves, computes]) == (
        (H5, Device.CPU),
        (H5, Device.XLA_CPU),
        (KERAS, Device.CPU),
        (SAVED, Device.CPU),
    )
    assert tell_apart(EVERY, [both]) == tuple(EVERY)
    assert tell_apart(EVERY, [make.case("loads", uses=frozenset({Axis.MODEL}))]) == ()
    assert tell_apart([(SAVED, Device.TPU_V4)], [saves]) == ()


def test_what_narrows_the_models_does_not_narrow_cases_without_one(make: Any) -> None:
    plain = make.case(uses=frozenset(), formats=frozenset({HubFormat.TF1_HUB}), interfaces=frozenset({Interface.TF1_SIGNATURE}))
    assert len(expand(SPEC, cases=[plain]).cells) == 96 + 8


def test_they_are_the_last_of_their_environment(cases: tuple[Case, ...]) -> None:
    plan = expand(SPEC, cases=cases)
    first = [cell.id for cell in plan.cells if cell.environment == "tf-2_9_3-as-released"]
    assert first[-4:] == [f"tf-2_9_3-as-released--{name}" for name in PLAIN]
    assert len(plan.cells) == 96 + 8 * 4
    environments = [cell.environment for cell in plan.cells]
    assert list(dict.fromkeys(environments)) == list(plan.environments)
    assert sum(one != before for one, before in zip(environments, [None, *environments], strict=False)) == 8
    assert list(plan.models) == ["bert-en/3", "bert-uncased/1"]


@pytest.mark.parametrize(
    ("select", "of_models", "plain"),
    [
        ("model=bert-en/3 and device=cpu", 3, ["no-model--h5--cpu", "no-model--keras--cpu", "no-model--savedmodel--cpu"]),
        ("interface=dict", 12, PLAIN),
        ("not model=bert-en/3 and format=keras", 2, ["no-model--keras--cpu", "no-model--keras--xla-cpu"]),
        (
            "model=bert-en/3 and format=h5 or model=bert-uncased/1 and device=xla-cpu",
            5,
            ["no-model--h5--cpu", "no-model--h5--xla-cpu", "no-model--keras--xla-cpu", "no-model--savedmodel--xla-cpu"],
        ),
        ("model=none", 0, PLAIN),
        ("model=none and format=keras", 0, ["no-model--keras--cpu", "no-model--keras--xla-cpu"]),
        ("model in (none, bert-en/3)", 6, PLAIN),
        ("model!=none", 12, []),
        ("not model=none", 12, []),
        (f"cell={ENVIRONMENT}--bert-en-3--h5--cpu", 1, []),
        (f"cell={ENVIRONMENT}--no-model--keras--cpu", 0, ["no-model--keras--cpu"]),
    ],
)
def test_selection(cases: tuple[Case, ...], select: str, of_models: int, plain: list[str]) -> None:
    shown = selected(cases, select)
    assert (len(shown[0]), sorted(shown[1])) == (of_models, sorted(plain))


def test_a_tier_about_models_takes_them_along(cases: tuple[Case, ...]) -> None:
    """So that `--tier quick --select model=none` are the cells without a model of that tier."""
    assert len([cell for cell in expand(SPEC, tier="quick", cases=cases).cells if not cell.axes.model]) == 4 * 4
    alone = expand(SPEC, tier="quick", select="model=none", cases=cases)
    assert (len(alone.cells), {cell.axes.tensorflow for cell in alone.cells}, alone.models) == (16, {"2.16.2"}, {})
    assert alone.left_out == ()


def test_one_that_is_named_is_selected_alone(cases: tuple[Case, ...]) -> None:
    """Also one that a run of everything doesn't have, since another measures its cases."""
    for name in ("no-model--h5--cpu", "no-model--keras--xla-cpu"):
        plan = expand(SPEC, cells=[f"{ENVIRONMENT}--{name}"], cases=cases)
        assert [cell.id for cell in plan.cells] == [f"{ENVIRONMENT}--{name}"]
        assert list(plan.environments) == [ENVIRONMENT]


def test_an_environment_is_selected_with_them(cases: tuple[Case, ...]) -> None:
    assert len(expand(SPEC, environments=[ENVIRONMENT], cases=cases).cells) == 12 + 4


def test_pins_have_them_too(cases: tuple[Case, ...], make: Any) -> None:
    pinned = include(SPEC, tensorflow=("2.15.1",), python=("3.9",), device=(Device.CPU,))
    plan = expand(replace(SPEC, include=(pinned,)), select="python=3.9", cases=cases)
    plain = [cell for cell in plan.cells if not cell.axes.model]
    assert {cell.axes.python for cell in plain} == {"3.9"}
    assert len(plain) == 3 * len(plan.environments)


def test_without_such_cases_there_are_none(make: Any) -> None:
    assert len(expand(SPEC, cases=[make.case(uses=frozenset({Axis.MODEL}))]).cells) == 96
    with pytest.raises(SelectionError, match="nothing is selected"):
        expand(SPEC, select="model=none")


def test_a_model_called_alike_has_another_id(cases: tuple[Case, ...]) -> None:
    spec = replace(SPEC, models=(replace(SPEC.models[0], id="no-model"),))
    ids = [cell.id for cell in expand(spec, cases=cases).cells]
    assert len(ids) == len(set(ids))
