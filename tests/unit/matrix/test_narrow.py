"""One model's part of the matrix."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.domain import Axis, Device, HubFormat, Interface, KerasChoice, Model, SaveFormat
from harness.matrix import load_spec
from harness.matrix.narrow import Narrowing, narrowed

ROOT = Path(__file__).parents[3]
MODEL = Model(id="mine", handle="./mine", format=HubFormat.SAVED_MODEL_2, interface=Interface.OTHER)


@pytest.mark.parametrize(("formats", "count"), [(None, len(SaveFormat)), ((SaveFormat.SAVEDMODEL,), 1)])
def test_one_model_and_what_was_asked_for(formats: tuple[SaveFormat, ...] | None, count: int) -> None:
    spec = load_spec(ROOT / "matrix.yaml")
    choices = {Axis.KERAS: (KerasChoice.DEFAULT,), Axis.DEVICE: (Device.CPU,)} | ({Axis.FORMAT: formats} if formats else {})
    own = narrowed(spec, MODEL, Narrowing(versions=frozenset({"2.15.1", "2.19.1"}), choices=choices))
    assert own.models == (MODEL,)
    assert [release.version for release in own.releases] == ["2.15.1", "2.19.1"]
    assert (own.include, own.exclude) == ((), spec.exclude)
    assert own.choices[Axis.KERAS] == (KerasChoice.DEFAULT,)
    assert len(own.choices[Axis.FORMAT]) == count
