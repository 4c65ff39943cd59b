"""The spec: matrix.yaml as a frozen value, and the combinations it names.

Owns no parsing and makes no ids; see `harness.matrix.reader` and `harness.matrix.plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from harness.base.errors import SelectionError
from harness.base.suggestions import did_you_mean
from harness.domain import Accelerator, Axes, Axis, Device, InstallPolicy, KerasChoice, Limits, Model, Release, SaveFormat, TextOps
from harness.matrix.selector import Interfaces, Selector, Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclude:
    """A rule that removes combinations; it does not touch those an include names."""

    when: Selector
    reason: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Include:
    """Extra combinations: the product of these values. Only here can `python` and `hub` be pinned."""

    tensorflow: tuple[str, ...]
    install: tuple[InstallPolicy, ...]
    keras: tuple[KerasChoice, ...]
    text: tuple[TextOps, ...] = (TextOps.WITHOUT,)
    model: tuple[str, ...]
    format: tuple[SaveFormat, ...]
    device: tuple[Device, ...]
    python: tuple[str | None, ...] = (None,)
    hub: tuple[str | None, ...] = (None,)
    reason: str
    place: str

    def combinations(self) -> Iterator[Axes]:
        return _combinations(
            self.tensorflow,
            self.install,
            self.keras,
            self.text,
            self.model,
            self.format,
            self.device,
            self.python,
            self.hub,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A named slice of the matrix."""

    name: str
    title: str
    select: Selector
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The values on each axis. `releases` are in ascending order."""

    releases: tuple[Release, ...]
    installs: tuple[InstallPolicy, ...]
    keras: tuple[KerasChoice, ...]
    texts: tuple[TextOps, ...] = (TextOps.WITHOUT,)
    models: tuple[Model, ...]
    formats: tuple[SaveFormat, ...]
    devices: tuple[Device, ...]

    def vocabulary(self) -> Vocabulary:
        """The values of each axis as text. Any hub version may be pinned, so `hub` isn't in it."""
        pythons = {python: None for release in self.releases for python in release.pythons}
        return {
            Axis.TENSORFLOW.value: tuple(release.version for release in self.releases),
            Axis.INSTALL.value: tuple(install.value for install in self.installs),
            Axis.KERAS.value: tuple(keras.value for keras in self.keras),
            Axis.TEXT.value: tuple(text.value for text in self.texts),
            Axis.MODEL.value: tuple(model.id for model in self.models),
            Axis.FORMAT.value: tuple(format_.value for format_ in self.formats),
            Axis.DEVICE.value: tuple(device.value for device in self.devices),
            Axis.PYTHON.value: tuple(pythons),
        }

    def interfaces(self) -> Interfaces:
        """The interface of each model."""
        return {model.id: model.interface for model in self.models}

    def combinations(self) -> Iterator[Axes]:
        """The full product in the matrix's order: TensorFlow ascending, then install, keras, text, model, format, device.

        Devices that ask for packages of their own come after all others of their text, so that environments stay together.
        """
        versions = tuple(release.version for release in self.releases)
        models = tuple(model.id for model in self.models)
        return _combinations(versions, self.installs, self.keras, self.texts, models, self.formats, self.devices, (None,), (None,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec(Space):
    """All of matrix.yaml. `digest` is the sha256 of its text."""

    include: tuple[Include, ...] = ()
    exclude: tuple[Exclude, ...] = ()
    tiers: tuple[Tier, ...] = ()
    limits: Limits
    digest: str

    def tier(self, name: str) -> Tier:
        """Raises SelectionError for a tier that matrix.yaml doesn't name."""
        for tier in self.tiers:
            if tier.name == name:
                return tier
        raise SelectionError(f"no tier {name!r}", place="--tier", hint=did_you_mean(name, (tier.name for tier in self.tiers)))


def _combinations(
    versions: tuple[str, ...],
    installs: tuple[InstallPolicy, ...],
    keras_choices: tuple[KerasChoice, ...],
    texts: tuple[TextOps, ...],
    models: tuple[str, ...],
    formats: tuple[SaveFormat, ...],
    devices: tuple[Device, ...],
    pythons: tuple[str | None, ...],
    hubs: tuple[str | None, ...],
) -> Iterator[Axes]:
    for version, install, keras, text, python, hub, own in product(
        versions, installs, keras_choices, texts, pythons, hubs, _by_accelerator(devices)
    ):
        for model, format_, device in product(models, formats, own):
            yield Axes(
                tensorflow=version,
                install=install,
                keras=keras,
                text=text,
                model=model,
                format=format_,
                device=device,
                python=python,
                hub=hub,
            )


def accelerators(devices: Iterable[Device]) -> tuple[Accelerator, ...]:
    """What the devices need, each once, in their order."""
    return tuple(dict.fromkeys(device.accelerator for device in devices))


def _by_accelerator(devices: tuple[Device, ...]) -> tuple[tuple[Device, ...], ...]:
    return tuple(tuple(device for device in devices if device.accelerator is one) for one in accelerators(devices))
