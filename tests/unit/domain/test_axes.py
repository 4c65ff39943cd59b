"""The table of axes, and every class that writes its axes out so that they have types."""

from __future__ import annotations

from dataclasses import MISSING, fields
from enum import Enum
from math import prod
from typing import Any, get_type_hints

import pytest

from harness.domain import (
    AXES,
    OF_INSTALLATION,
    Accelerator,
    Axes,
    Axis,
    AxisRow,
    Device,
    Installation,
    InstallPolicy,
    KerasChoice,
    SaveFormat,
    TextOps,
    environment_id_parts,
    environment_key,
    installation,
    installations,
)
from harness.results.format import EnvironmentRecord


def type_of(row: AxisRow) -> object:
    if row.values is not None:
        return row.values
    return str | None if row.derived else str


def default_of(row: AxisRow) -> object:
    return None if row.derived else MISSING if row.missing is None else row.missing


def test_each_axis_has_one_row() -> None:
    assert sorted(row.axis for row in AXES) == sorted(Axis)


@pytest.mark.parametrize(("subject", "rows"), [(Axes, AXES), (Installation, OF_INSTALLATION)])
def test_the_fields_of_a_combination_are_those_of_the_table(subject: type[Any], rows: tuple[AxisRow, ...]) -> None:
    types = get_type_hints(subject)
    written = [(field.name, types[field.name], field.default) for field in fields(subject)]
    assert written == [(row.name, type_of(row), default_of(row)) for row in rows]


@pytest.mark.parametrize("row", OF_INSTALLATION, ids=lambda row: row.name)
def test_the_record_of_an_environment_says_how_it_was_installed(row: AxisRow) -> None:
    written = EnvironmentRecord.model_fields[row.name]
    assert written.annotation is row.values
    assert (None if written.is_required() else written.default) is row.missing


@pytest.mark.parametrize("row", [row for row in AXES if row.values], ids=lambda row: row.name)
def test_values_are_of_the_axis_and_words_are_for_all_or_none(row: AxisRow) -> None:
    assert row.values is not None
    assert row.expected
    assert not row.words or list(row.words) == list(row.values)
    assert row.usual is None or row.usual in row.values
    assert row.missing is None or row.missing in row.values


def axes(**values: Any) -> Axes:
    usual = {
        "tensorflow": "2.16.2",
        "install": InstallPolicy.TODAY,
        "keras": KerasChoice.DEFAULT,
        "model": "bert-en/3",
        "format": SaveFormat.H5,
        "device": Device.CPU,
    }
    return Axes(**(usual | values))


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({}, ("tf-2_16_2", "today")),
        ({"keras": KerasChoice.LEGACY, "text": TextOps.WITH}, ("tf-2_16_2", "today", "legacy", "text")),
        ({"device": Device.TPU_V4}, ("tf-2_16_2", "today")),
        ({"device": Device.GPU, "python": "3.9", "hub": "0.12.0"}, ("tf-2_16_2", "today", "gpu", "py39", "hub-0_12_0")),
    ],
)
def test_only_unusual_values_are_in_an_environments_id(values: dict[str, Any], parts: tuple[str, ...]) -> None:
    assert environment_id_parts(environment_key(axes(**values))) == parts


def test_an_environment_is_shared_by_models_formats_and_devices_without_hardware() -> None:
    key = environment_key(axes())
    assert key[:2] == ("2.16.2", InstallPolicy.TODAY)
    assert key[-3:] == (Accelerator.NONE, None, None)
    assert key == environment_key(axes(model="other", format=SaveFormat.KERAS, device=Device.MIRRORED_2))
    assert key != environment_key(axes(device=Device.TPU))


def test_a_way_to_install_is_told_of_a_cell_and_of_what_is_about_one() -> None:
    way = installation(axes(keras=KerasChoice.LEGACY))
    assert way == Installation(install=InstallPolicy.TODAY, keras=KerasChoice.LEGACY, text=TextOps.WITHOUT)
    assert installation(way) == way
    assert way in set(installations())


def test_every_way_to_install_is_there_once() -> None:
    ways = tuple(installations())
    assert len(set(ways)) == len(ways) == prod(len(row.values or ()) for row in OF_INSTALLATION)
    assert all(isinstance(value, Enum) for way in ways for value in way.as_arguments().values())
