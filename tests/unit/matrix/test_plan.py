"""The expander: order, ids, excludes, includes, selection."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.base.errors import SelectionError
from harness.domain import (
    Accelerator,
    Axis,
    Device,
    HubFormat,
    InstallPolicy,
    Interface,
    KerasChoice,
    LeftOut,
    Limits,
    Model,
    Release,
    SaveFormat,
    TextOps,
)
from harness.matrix import Exclude, Include, Spec, Tier
from harness.matrix.plan import expand
from harness.matrix.selector import compile_selector

NO_LEGACY = Exclude(when=compile_selector("keras=legacy and tensorflow<2.16"), reason="Keras 2 already", location="matrix.yaml:9:5")


def release(version: str) -> Release:
    return Release(version=version, package="tensorflow", released=date(2024, 1, 1), pythons=("3.9", "3.10"))


def model(id_: str) -> Model:
    return Model(id=id_, handle=f"https://tfhub.dev/{id_}", format=HubFormat.SAVED_MODEL_2, interface=Interface.DICT)


def include(spec: Spec, **values: Sequence[Any]) -> Include:
    """All of the spec, but for the axes that are given."""
    given: dict[Axis, tuple[Any, ...]] = {Axis(name): tuple(on_axis) for name, on_axis in values.items()}
    return Include(values={**spec.values(), **given}, reason="because", location="matrix.yaml:20:5")


SPEC = Spec(
    releases=tuple(map(release, ("2.9.3", "2.15.1", "2.16.2"))),
    models=(model("bert-en/3"), model("bert-uncased/1")),
    choices={
        Axis.INSTALL: (InstallPolicy.AS_RELEASED, InstallPolicy.TODAY),
        Axis.KERAS: tuple(KerasChoice),
        Axis.FORMAT: tuple(SaveFormat),
        Axis.DEVICE: (Device.CPU, Device.XLA_CPU),
    },
    exclude=(NO_LEGACY,),
    tiers=(
        Tier(name="quick", title="quick", select=compile_selector("tensorflow=2.16"), location="matrix.yaml:30:3"),
        Tier(name="full", title="all", select=compile_selector(""), location="matrix.yaml:31:3"),
    ),
    limits=Limits(case_seconds=1, import_seconds=1, install_seconds=1, memory_bytes=1, free_disk_bytes=1),
    digest="",
)


def with_choices(choices: dict[Axis, tuple[Enum, ...]]) -> Spec:
    return replace(SPEC, choices={**SPEC.choices, **choices})


def test_ids() -> None:
    plan = expand(SPEC)
    assert list(plan.environments) == [
        "tf-2_9_3-as-released",
        "tf-2_9_3-today",
        "tf-2_15_1-as-released",
        "tf-2_15_1-today",
        "tf-2_16_2-as-released",
        "tf-2_16_2-as-released-legacy",
        "tf-2_16_2-today",
        "tf-2_16_2-today-legacy",
    ]
    assert [cell.id for cell in plan.cells][:7] == [
        "tf-2_9_3-as-released--bert-en-3--h5--cpu",
        "tf-2_9_3-as-released--bert-en-3--h5--xla-cpu",
        "tf-2_9_3-as-released--bert-en-3--keras--cpu",
        "tf-2_9_3-as-released--bert-en-3--keras--xla-cpu",
        "tf-2_9_3-as-released--bert-en-3--savedmodel--cpu",
        "tf-2_9_3-as-released--bert-en-3--savedmodel--xla-cpu",
        "tf-2_9_3-as-released--bert-uncased-1--h5--cpu",
    ]


def test_hardware_has_environments_of_its_own() -> None:
    """Cells of a chip that is only compiled for, and of mirrored-2, share those of the CPU."""
    spec = replace(
        SPEC, choices={**SPEC.choices, Axis.DEVICE: (Device.CPU, Device.TPU_V5E, Device.TPU, Device.MIRRORED_2, Device.GPU)}
    )
    plan = expand(spec, select="tensorflow=2.16 and install=as-released and format=h5")
    assert list(plan.environments) == [
        "tf-2_16_2-as-released",
        "tf-2_16_2-as-released-tpu",
        "tf-2_16_2-as-released-gpu",
        "tf-2_16_2-as-released-legacy",
        "tf-2_16_2-as-released-legacy-tpu",
        "tf-2_16_2-as-released-legacy-gpu",
    ]
    found = {cell.environment: set[Device]() for cell in plan.cells}
    for cell in plan.cells:
        found[cell.environment].add(cell.axes.device)
    assert list(found.values()) == [{Device.CPU, Device.TPU_V5E, Device.MIRRORED_2}, {Device.TPU}, {Device.GPU}] * 2
    kinds = [request.accelerator for request in plan.environments.values()]
    assert kinds == [Accelerator.NONE, Accelerator.TPU, Accelerator.GPU] * 2


def test_text_comes_after_keras() -> None:
    text_only = Exclude(when=compile_selector("text=with and interface!=text"), reason="encoder", location="m:1:1")
    preprocess = replace(model("preprocess/3"), interface=Interface.TEXT)
    spec = replace(
        SPEC, choices={**SPEC.choices, Axis.TEXT: tuple(TextOps)}, models=(*SPEC.models, preprocess), exclude=(NO_LEGACY, text_only)
    )
    plan = expand(spec, select="tensorflow>=2.15 and install=as-released and format=h5 and device=cpu")
    assert list(plan.environments) == [
        "tf-2_15_1-as-released",
        "tf-2_15_1-as-released-text",
        "tf-2_16_2-as-released",
        "tf-2_16_2-as-released-text",
        "tf-2_16_2-as-released-legacy",
        "tf-2_16_2-as-released-legacy-text",
    ]
    with_text = [cell.id for cell in plan.cells if cell.axes.text is TextOps.WITH]
    assert with_text == [f"{name}--preprocess-3--h5--cpu" for name in plan.environments if name.endswith("text")]
    assert plan.environments["tf-2_16_2-as-released-legacy-text"].text is TextOps.WITH
    assert [left.reason for left in plan.left_out] == ["Keras 2 already", "encoder"]
    assert {cell.axes.model for cell in expand(spec, select="interface=text").cells} == {"preprocess/3"}


def test_cells_of_an_environment_share_its_request() -> None:
    plan = expand(SPEC)
    assert len(plan.cells) == 8 * 12
    request = plan.environments["tf-2_16_2-today-legacy"]
    assert (request.id, request.release, request.install, request.keras, request.python, request.hub) == (
        "tf-2_16_2-today-legacy",
        SPEC.releases[2],
        InstallPolicy.TODAY,
        KerasChoice.LEGACY,
        None,
        None,
    )
    assert {cell.environment for cell in plan.cells} == set(plan.environments)


def test_the_models_are_those_of_the_cells() -> None:
    assert list(expand(SPEC, select="model=bert-en/3").models) == ["bert-en/3"]
    assert list(expand(SPEC).models) == ["bert-en/3", "bert-uncased/1"]


def test_excludes_are_counted_within_the_selection() -> None:
    left = LeftOut(when="keras=legacy and tensorflow<2.16", reason="Keras 2 already", location="matrix.yaml:9:5", cells=48)
    assert expand(SPEC).left_out == (left,)
    assert expand(SPEC, select="device=cpu and tensorflow<2.16").left_out == (replace(left, cells=24),)
    assert expand(SPEC, tier="quick").left_out == ()


def test_the_first_exclude_that_matches_counts() -> None:
    again = Exclude(when=compile_selector("keras=legacy"), reason="no legacy", location="matrix.yaml:10:5")
    plan = expand(replace(SPEC, exclude=(NO_LEGACY, again)))
    assert [(left.reason, left.cells) for left in plan.left_out] == [("Keras 2 already", 48), ("no legacy", 24)]


def test_selection() -> None:
    assert len(expand(SPEC, tier="full").cells) == 96
    assert len(expand(SPEC, tier="quick").cells) == 48
    assert len(expand(SPEC, tier="quick", select="device=cpu").cells) == 24
    assert len(expand(SPEC, environments=["tf-2_16_2-today", "tf-2_9_3-today"]).cells) == 24
    assert len(expand(SPEC, select="environment=tf-2_16_2-today").cells) == 12
    id_ = "tf-2_16_2-today--bert-en-3--h5--cpu"
    assert [cell.id for cell in expand(SPEC, select=f"cell={id_}").cells] == [id_]
    assert [cell.id for cell in expand(SPEC, cells=[id_]).cells] == [id_]
    assert [cell.id for cell in expand(SPEC, select="device=cpu or device=xla-cpu", cells=[id_]).cells] == [id_]


def test_an_include_with_pins_comes_after_its_unpinned_neighbours() -> None:
    extra = include(
        SPEC,
        tensorflow=("2.15.1",),
        install=(InstallPolicy.TODAY,),
        keras=(KerasChoice.DEFAULT,),
        python=("3.10", "3.9"),
        hub=("0.12.0",),
    )
    plan = expand(replace(SPEC, include=(extra,)))
    assert list(plan.environments)[2:6] == [
        "tf-2_15_1-as-released",
        "tf-2_15_1-today",
        "tf-2_15_1-today-py39-hub-0_12_0",
        "tf-2_15_1-today-py310-hub-0_12_0",
    ]
    assert len(plan.cells) == 96 + 24
    assert plan.environments["tf-2_15_1-today-py39-hub-0_12_0"].python == "3.9"
    assert plan.environments["tf-2_15_1-today-py39-hub-0_12_0"].hub == "0.12.0"


def test_excludes_do_not_apply_to_includes() -> None:
    extra = include(SPEC, tensorflow=("2.15.1",), keras=(KerasChoice.LEGACY,), device=(Device.CPU,))
    plan = expand(replace(SPEC, include=(extra,)))
    assert len(plan.cells) == 96 + 12
    assert plan.left_out[0].cells == 48 - 12
    assert list(plan.environments)[3] == "tf-2_15_1-as-released-legacy"


def test_what_is_included_twice_or_planned_anyway_is_there_once() -> None:
    pinned = include(SPEC, tensorflow=("2.16.2",), python=("3.9",))
    plan = expand(replace(SPEC, include=(pinned, pinned, include(SPEC, tensorflow=("2.16.2",)))))
    assert len(plan.cells) == len({cell.id for cell in plan.cells}) == 96 + 48


def test_selection_applies_to_includes() -> None:
    pinned = include(SPEC, python=("3.9",))
    assert len(expand(replace(SPEC, include=(pinned,)), select="python=3.9 and tensorflow=2.16").cells) == 48


def test_ids_do_not_depend_on_the_selection() -> None:
    every = {cell.axes: cell.id for cell in expand(SPEC).cells}
    assert all(every[cell.axes] == cell.id for cell in expand(SPEC, tier="quick", select="device=cpu").cells)


def test_slugs_that_collide_get_a_hash() -> None:
    plan = expand(
        replace(SPEC, models=(model("bert-en/3"), model("bert-en-3"), model("other"))), select="tensorflow=2.9 and format=h5"
    )
    assert [cell.id for cell in plan.cells if cell.axes.install is InstallPolicy.TODAY and cell.axes.device is Device.CPU] == [
        "tf-2_9_3-today--bert-en-3-e037ca--h5--cpu",
        "tf-2_9_3-today--bert-en-3-9c8e21--h5--cpu",
        "tf-2_9_3-today--other--h5--cpu",
    ]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"tier": "quik"}, "--tier: no tier 'quik' (hint: did you mean 'quick'?)"),
        (
            {"environments": ["tf-2_16_2-todai"]},
            "--environment: no environment 'tf-2_16_2-todai' (hint: did you mean 'tf-2_16_2-today'?)",
        ),
        ({"select": "device=gaudi"}, "--select:8: no device 'gaudi' (hint: known: cpu, xla-cpu)"),
        (
            {"select": "environment=tf-2_16_2-todai"},
            "--select:13: no environment 'tf-2_16_2-todai' (hint: did you mean 'tf-2_16_2-today'?)",
        ),
        (
            {"tier": "quick", "select": "tensorflow=2.15 and device=cpu"},
            "--select: nothing is selected (hint: without `tensorflow=2.15`: 24 cells; without `--tier quick`: 12 cells)",
        ),
        (
            {"tier": "quick", "environments": ["tf-2_15_1-today"]},
            "--environment: nothing is selected (hint: without `--environment`: 48 cells; without `--tier quick`: 12 cells)",
        ),
        ({"cells": ["nope"]}, "--cell: no cell 'nope'"),
        (
            {"cells": ["tf-2_16_2-today--bert-en-3--h5--cpuu"]},
            "--cell: no cell 'tf-2_16_2-today--bert-en-3--h5--cpuu' (hint: did you mean 'tf-2_16_2-today--bert-en-3--h5--cpu'?)",
        ),
        (
            {"cells": ["tf-2_16_2-todai--bert-en-3--h5--cpu"]},
            "--cell: no cell 'tf-2_16_2-todai--bert-en-3--h5--cpu' (hint: did you mean 'tf-2_16_2-today--bert-en-3--h5--cpu'?)",
        ),
        ({"cells": ["x y"], "select": "device=cpu"}, "--cell: no cell 'x y'"),
        (
            {"cells": ["tf-2_16_2-today--bert-en-3--h5--cpu"], "select": "device=xla-cpu"},
            "nothing is selected (hint: without `--cell`: 48 cells; without `device=xla-cpu`: 1 cell)",
        ),
        (
            {"cells": ["tf-2_9_3-today-legacy--bert-en-3--h5--cpu"]},
            "--cell: all 1 cells that it selects are excluded (hint: matrix.yaml:9:5: Keras 2 already)",
        ),
        (
            {"select": "python=3.9 and hub=0.12"},
            "--select: nothing is selected (hint: dropping one condition isn't enough: drop several)",
        ),
        (
            {"select": "keras=legacy and tensorflow<2.15"},
            "--select: all 24 cells that it selects are excluded (hint: matrix.yaml:9:5: Keras 2 already)",
        ),
    ],
)
def test_nothing_to_do(asked: dict[str, object], message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        expand(SPEC, **asked)  # type: ignore[arg-type]
    assert str(caught.value) == message
    assert caught.value.exit_code == 3


VERSIONS = st.tuples(st.integers(1, 3), st.integers(0, 20), st.integers(0, 3)).map(lambda parts: ".".join(map(str, parts)))
VERSION_LISTS = st.lists(
    st.tuples(VERSIONS, st.sampled_from(["", "rc1", ".post1", "+local"])).map("".join), min_size=1, max_size=3, unique=True
)
MODEL_IDS = st.lists(st.text(alphabet="aB-_/.é ", min_size=1, max_size=4), min_size=1, max_size=3, unique=True)
PINS = st.lists(st.sampled_from(["3.1", "3.11", "31.1", "0.12", "0.12.0", "0.1.2"]), min_size=1, max_size=2, unique=True)


def odd_spec(versions: list[str], models: list[str], pythons: list[str], hubs: list[str]) -> Spec:
    """A spec such as no parser would let through: any text as id."""
    plain = replace(
        SPEC,
        releases=tuple(map(release, versions)),
        models=tuple(map(model, models)),
        choices={**SPEC.choices, Axis.DEVICE: (Device.TPU, Device.CPU), Axis.TEXT: tuple(TextOps)},
    )
    return replace(plain, include=(include(plain, python=(None, *pythons), hub=(None, *hubs)),))


@settings(max_examples=30, deadline=None)
@given(VERSION_LISTS, MODEL_IDS, PINS, PINS)
def test_ids_are_unique_and_in_their_alphabet(versions: list[str], models: list[str], pythons: list[str], hubs: list[str]) -> None:
    cells = expand(odd_spec(versions, models, pythons, hubs)).cells
    assert len({cell.id for cell in cells}) == len(cells) == len({cell.axes for cell in cells})
    installed = (Axis.TENSORFLOW, Axis.INSTALL, Axis.KERAS, Axis.TEXT, Axis.PYTHON, Axis.HUB)
    keys = {(*map(cell.axes.value, installed), cell.axes.device.accelerator) for cell in cells}
    assert len({cell.environment for cell in cells}) == len(keys)
    assert all(re.fullmatch("[a-z0-9_-]+", cell.id) and cell.id.startswith(f"{cell.environment}--") for cell in cells)


@settings(max_examples=30, deadline=None)
@given(VERSION_LISTS, MODEL_IDS, PINS, st.sampled_from(["", "format in (h5, keras)", "install=today or python<4", "not format=h5"]))
def test_order_is_stable(versions: list[str], models: list[str], pythons: list[str], select: str) -> None:
    spec = odd_spec(versions, models, pythons, ["0.12"])
    every = [cell.id for cell in expand(spec).cells]
    assert every == [cell.id for cell in expand(spec).cells]
    some = {cell.id for cell in expand(spec, select=select).cells}
    assert [cell.id for cell in expand(spec, select=select).cells] == [id_ for id_ in every if id_ in some]
    environments = [cell.environment for cell in expand(spec).cells]
    starts = [one for one, before in zip(environments, [None, *environments], strict=False) if one != before]
    assert len(starts) == len(set(starts)), "the cells of an environment are next to each other"
