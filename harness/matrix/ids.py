"""Ids of environments, models and cells: made once, from the spec alone, and never parsed.

    axis values                                       id
    2.16.2, as-released                               tf-2_16_2-as-released
    2.16.2, today, legacy                             tf-2_16_2-today-legacy
    2.15.1, as-released, with tensorflow-text         tf-2_15_1-as-released-text
    2.15.1, as-released, Python 3.9                   tf-2_15_1-as-released-py39
    2.15.1, as-released, hub 0.12.0                   tf-2_15_1-as-released-hub-0_12_0
    2.19.1, today, device tpu                         tf-2_19_1-today-tpu
    … with model bert-en/3, h5, xla-cpu               …--bert-en-3--h5--xla-cpu
    … without a model, h5, cpu                        …--no-model--h5--cpu

Values that come out equal in that alphabet get a short hash of themselves: `bert-en-3-1f0a9c`. How each axis enters is in the
table of axes, `harness.domain.axes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import TypeVar

from harness.base.slugs import slug
from harness.domain import (
    OF_CELL,
    OF_ENVIRONMENT,
    Axes,
    Axis,
    Device,
    EnvironmentKey,
    SaveFormat,
    environment_id_parts,
    environment_key,
)
from harness.matrix.spec import AxisValues, Spec, combinations

Key = TypeVar("Key", str, EnvironmentKey)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The ids of everything that a spec can name. No part of a cell's id contains `--`, so that joined parts stay distinct.

    Among `models` is the empty name, for cells without one.
    """

    environments: Mapping[EnvironmentKey, str]
    models: Mapping[str, str]

    @classmethod
    def of(cls, spec: Spec) -> Ids:
        """Return the ids of all environments and models of the spec, whatever a run selects: a selection must not change ids."""
        every = (spec.values(), *(include.values for include in spec.include))
        keys = dict.fromkeys(chain.from_iterable(map(_environment_keys, every)))
        return cls(
            environments=_unique({key: "-".join(environment_id_parts(key)) for key in keys}),
            models=_unique({**{model.id: slug(model.id, "-") for model in spec.models}, "": "no-model"}),
        )

    def cell(self, axes: Axes, environment: str) -> str:
        """Return the id of a cell of that environment."""
        return f"{environment}--{self.words(axes.model, axes.format, axes.device)}"

    def words(self, model: str, format_: SaveFormat, device: Device) -> str:
        """Return what a cell's id has after that of its environment."""
        return f"{self.models[model]}--{format_.value}--{device.value}"

    def cells_of(self, spec: Spec, environment: str) -> tuple[str, ...]:
        """Return the ids of all combinations that an environment can have, excluded ones too."""
        cells: list[str] = []
        for values in (spec.values(), *(include.values for include in spec.include)):
            for sample in combinations(_one_of_each_environment(values)):
                key = environment_key(sample)
                if self.environments[key] == environment:
                    installed = {row.axis: (getattr(sample, row.name),) for row in OF_ENVIRONMENT}
                    every = combinations({**values, **installed, Axis.MODEL: (*values[Axis.MODEL], "")})
                    cells += [self.cell(axes, environment) for axes in every if environment_key(axes) == key]
                    break
        return tuple(dict.fromkeys(cells))


def _environment_keys(values: AxisValues) -> Iterator[EnvironmentKey]:
    """Return the key of every environment."""
    return map(environment_key, combinations(_one_of_each_environment(values)))


def _one_of_each_environment(values: AxisValues) -> AxisValues:
    """Return the values with one model, one format and one device an accelerator, for the others share their environments."""
    shared = {row.axis for row in OF_CELL if not row.environment_part}
    devices = {device.accelerator: device for device in map(Device, reversed(values[Axis.DEVICE]))}
    kinds = tuple(device for device in map(Device, values[Axis.DEVICE]) if device in devices.values())
    return {axis: on_axis[:1] if axis in shared else on_axis for axis, on_axis in {**values, Axis.DEVICE: kinds}.items()}


def _unique(slugs: Mapping[Key, str]) -> dict[Key, str]:
    """Return the slugs, those that several keys share with a hash of the key: six digits, more if even that is taken."""
    shared = Counter(slugs.values())
    ids: dict[Key, str] = {}
    for length in range(6, 65):
        ids = {key: word if shared[word] == 1 else f"{word}-{_hash(key)[:length]}" for key, word in slugs.items()}
        if len(set(ids.values())) == len(ids):
            break
    return ids


def _hash(key: str | EnvironmentKey) -> str:
    parts = (key,) if isinstance(key, str) else key
    return sha256("\0".join("" if part is None else str(getattr(part, "value", part)) for part in parts).encode()).hexdigest()
