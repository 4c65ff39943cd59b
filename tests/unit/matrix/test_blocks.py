"""Plans of random matrices, beside the plain filter: every combination, tested one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.base.errors import SelectionError
from harness.domain import AXES, Axes, Axis, Device, EnvironmentKey, Interface, SaveFormat, TextOps, environment_key
from harness.matrix import Exclude, Spec
from harness.matrix.blocks import blocks
from harness.matrix.facts import planned
from harness.matrix.ids import Ids
from harness.matrix.plan import expand
from harness.matrix.selector import compile_selector
from harness.matrix.spec import accelerators, combinations
from tests.unit.matrix.test_plan import SPEC, include, model

TERMS = st.sampled_from(
    (
        "tensorflow<2.15",
        "tensorflow=2.15",
        "install=today",
        "keras=legacy",
        "text=with",
        "model=bert-en/3",
        "model!=none",
        "model=none",
        "interface=text",
        "format in (h5, keras)",
        "format=savedmodel",
        "device=cpu",
        "device in (tpu, gpu, xla-cpu)",
        "python=3.9",
        "python<4",
        "hub!=0.12",
    )
)
PLANNED_TERMS = st.one_of(
    TERMS,
    st.sampled_from(
        (
            "environment=tf-2_15_1-today",
            "environment!=tf-2_9_3-as-released-tpu",
            "cell=tf-2_15_1-today--bert-en-3--h5--cpu",
            "cell not in (tf-2_15_1-today--bert-en-3--h5--cpu, tf-2_16_2-today--no-model--keras--cpu, nothing)",
        )
    ),
)


def conditions(terms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        terms,
        lambda parts: st.one_of(
            st.builds("not ({})".format, parts),
            st.builds("({}) and ({})".format, parts, parts),
            st.builds("({}) or ({})".format, parts, parts),
        ),
        max_leaves=4,
    )


DEVICES = st.permutations((Device.CPU, Device.XLA_CPU, Device.TPU, Device.GPU)).map(tuple)
INCLUDES = st.fixed_dictionaries(
    {},
    optional={
        "tensorflow": st.just(("2.15.1",)),
        "model": st.just(("bert-uncased/1",)),
        "format": st.just((SaveFormat.H5,)),
        "python": st.sampled_from(((None,), ("3.9",), (None, "3.10"))),
        "hub": st.sampled_from(((None,), ("0.12.0",))),
    },
)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """A matrix of 864 combinations with a few rules and includes."""
    plain = replace(
        SPEC,
        models=(*SPEC.models, replace(model("preprocess/3"), interface=Interface.TEXT)),
        choices={**SPEC.choices, Axis.DEVICE: draw(DEVICES), Axis.TEXT: tuple(TextOps)},
    )
    extra: list[dict[str, Any]] = draw(st.lists(INCLUDES, max_size=2))
    rules = draw(st.lists(conditions(TERMS), max_size=3, unique=True))
    return replace(
        plain,
        include=tuple(include(plain, **values) for values in extra),
        exclude=tuple(
            Exclude(when=compile_selector(text), reason=text, location=f"matrix.yaml:{line}:1") for line, text in enumerate(rules)
        ),
    )


def order_of(spec: Spec) -> dict[EnvironmentKey, tuple[Any, ...]]:
    """The place of each environment of the spec: by the order of the values on its axes, pins last, then its accelerator."""
    kinds = accelerators(spec.devices)
    values = spec.values()
    places: dict[EnvironmentKey, tuple[Any, ...]] = {}
    for axes in {*spec.combinations(), *spec.included()}:
        listed = [values[row.axis].index(getattr(axes, row.name)) for row in AXES[:4]]
        pins = [tuple(map(int, pin.split("."))) if pin else () for pin in (axes.python, axes.hub)]
        places[environment_key(axes)] = (*listed, *pins, kinds.index(axes.device.accelerator))
    return places


def plainly(spec: Spec, select: str) -> tuple[list[tuple[str, Axes]], dict[str, int]]:
    """The cells with a model that are selected, in order, with the number that each rule took away."""
    ids, selector, included, interfaces = Ids.of(spec), compile_selector(select), spec.included(), spec.interfaces()
    places, values = order_of(spec), spec.values()
    every = sorted(
        {*combinations(values), *(axes for axes in included if axes.python or axes.hub)},
        key=lambda axes: (
            places[environment_key(axes)],
            *(values[axis].index(getattr(axes, axis.value)) for axis in (Axis.MODEL, Axis.FORMAT, Axis.DEVICE)),
        ),
    )
    cells, excluded = [], Counter[str]()
    for axes in every:
        environment = ids.environments[environment_key(axes)]
        facts = planned(axes, interfaces, environment, ids.cell(axes, environment))
        if selector(facts):
            rule = next((rule for rule in spec.exclude if rule.when(planned(axes, interfaces))), None)
            if rule is None or axes in included:
                cells.append((ids.cell(axes, environment), axes))
            else:
                excluded[rule.location] += 1
    return cells, dict(excluded)


@settings(max_examples=40, deadline=None)
@given(specs(), conditions(PLANNED_TERMS))
def test_a_plan_is_what_the_plain_filter_leaves(spec: Spec, select: str) -> None:
    cells, excluded = plainly(spec, select)
    if not cells and excluded:
        with pytest.raises(SelectionError, match=f"all {sum(excluded.values())} cells that it selects are excluded"):
            expand(spec, select=select)
        return
    if not cells:
        with pytest.raises(SelectionError, match="nothing is selected"):
            expand(spec, select=select)
        return
    plan = expand(spec, select=select)
    assert [(cell.id, cell.axes) for cell in plan.cells if cell.axes.model] == cells
    assert {rule.location: rule.cells for rule in plan.left_out} == excluded


@settings(max_examples=30, deadline=None)
@given(specs())
def test_blocks_are_the_environments_in_order(spec: Spec) -> None:
    ids, places = Ids.of(spec), order_of(spec)
    every = list(blocks(spec, ids, spec.values()))
    assert [block.id for block in every] == [ids.environments[key] for key in sorted(places, key=places.__getitem__)]
    assert sum(block.squares.bit_count() for block in every) == len({*spec.combinations(), *spec.included()})
