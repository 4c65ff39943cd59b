"""The words of docs/design.md as frozen values: what every stage takes and gives.

Owns the closed enums and the values that travel between stages. Must not import anything of the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum


class Axis(str, Enum):
    """A named dimension of the matrix. `python` and `hub` are derived unless an include pins them."""

    TENSORFLOW = "tensorflow"
    INSTALL = "install"
    KERAS = "keras"
    TEXT = "text"
    MODEL = "model"
    FORMAT = "format"
    DEVICE = "device"
    PYTHON = "python"
    HUB = "hub"


class Service(str, Enum):
    """What the driver keeps running for cases while a run goes on; a case asks for it by the fixture of that name."""

    HUB_SERVER = "hub_server"
    TPU_COMPILER = "tpu_compiler"


class Companion(str, Enum):
    """A package that a case may ask for, by the fixture of that name: installed beside an environment, never into it."""

    TRANSFORMERS = "transformers"
    SENTENCEPIECE = "sentencepiece"


class InstallPolicy(str, Enum):
    """How the lock is resolved.

    `as-released`: what the index held three weeks after that TensorFlow release. `today`: what a user gets now.
    """

    AS_RELEASED = "as-released"
    TODAY = "today"


class KerasChoice(str, Enum):
    """`legacy` asks for tf-keras as well and sets TF_USE_LEGACY_KERAS=1 (TensorFlow 2.16 and later)."""

    DEFAULT = "default"
    LEGACY = "legacy"


class TextOps(str, Enum):
    """`with` asks for the tensorflow-text of the same minor as well: the ops of text models are in it."""

    WITHOUT = "without"
    WITH = "with"


class SaveFormat(str, Enum):
    """How a Keras model is written: HDF5 file, `.keras` file, SavedModel folder."""

    H5 = "h5"
    KERAS = "keras"
    SAVEDMODEL = "savedmodel"


class Accelerator(str, Enum):
    """Hardware that asks for packages of its own, and so for an environment of its own."""

    NONE = "none"
    TPU = "tpu"
    GPU = "gpu"


class Device(str, Enum):
    """What the programs are made for.

    `xla-cpu`: run under `jit_compile=True` (`experimental_compile` before TF 2.5). `tpu-*`: compiled ahead of time for that
    chip, by the TPU compiler, and not run. `mirrored-2`: run by MirroredStrategy over two logical CPU devices. `tpu`, `gpu`:
    run by such hardware, where this machine has it.
    """

    CPU = "cpu"
    XLA_CPU = "xla-cpu"
    TPU_V2 = "tpu-v2"
    TPU_V3 = "tpu-v3"
    TPU_V4 = "tpu-v4"
    TPU_V5E = "tpu-v5e"
    TPU_V5P = "tpu-v5p"
    TPU_V6E = "tpu-v6e"
    TPU_7X = "tpu-7x"
    MIRRORED_2 = "mirrored-2"
    TPU = "tpu"
    GPU = "gpu"

    @property
    def accelerator(self) -> Accelerator:
        """What its cells need of the machine. Compiling for a chip needs none."""
        match self:
            case Device.TPU:
                return Accelerator.TPU
            case Device.GPU:
                return Accelerator.GPU
            case _:
                return Accelerator.NONE


HOSTS = frozenset({Device.CPU, Device.XLA_CPU})
"""The devices of every case that doesn't say others: what a program gives here, without any hardware."""


class HubFormat(str, Enum):
    """What kind of file the publisher exported; values as in the published list of handles.

    `keras_file`: a `.keras` or HDF5 file, which no publisher has on the Hub; only users bring it.
    """

    TF1_HUB = "hub"
    SAVED_MODEL_2 = "saved_model_2"
    KERAS_FILE = "keras_file"


class Interface(str, Enum):
    """How the model wants its inputs. `other`: in none of the ways of a published text model; only users bring it."""

    TF1_SIGNATURE = "tf1_signature"
    LIST = "list"
    DICT = "dict"
    TEXT = "text"
    OTHER = "other"


class Outcome(str, Enum):
    """Of a case in a cell. Each but `not_run` is a statement about the software under test."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    NOT_RUN = "not_run"


class Status(str, Enum):
    """Of a cell, and of the environment it runs in.

    `completed`: every case has an outcome of its own (a crash or time-out of a case included).
    `lock_failed`: the resolver proved the request unsatisfiable. `install_failed`: a package didn't build or unpack.
    `import_failed`: `import tensorflow, tensorflow_hub` raised. `crashed`, `timed_out`: the process ended outside any case.
    `unavailable`: trouble of this machine, never of the software; see `Trouble`.
    """

    COMPLETED = "completed"
    LOCK_FAILED = "lock_failed"
    INSTALL_FAILED = "install_failed"
    IMPORT_FAILED = "import_failed"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    UNAVAILABLE = "unavailable"


class Trouble(str, Enum):
    """Why a cell is unavailable: what this machine lacks, or why there is nothing to try.

    `toolchain`: pytest can't be had beside these packages. `model`: a server answers that it has no such model, or gives it
    to nobody; that says nothing of any TensorFlow either.
    """

    INTERPRETER = "interpreter"
    NETWORK = "network"
    DEVICE = "device"
    MEMORY = "memory"
    DISK = "disk"
    KILLED = "killed"
    TOOLCHAIN = "toolchain"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """Why something that a cell needs (a model, a device, a service) can't be had: whose fault, and in one line what was tried."""

    trouble: Trouble
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One TensorFlow release: the package a user asks for, its first upload day and the CPythons it has Linux wheels for."""

    version: str
    package: str
    released: date
    pythons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A published Hub handle. `id` is its short name in selectors, e.g. `bert-en/3`."""

    id: str
    handle: str
    format: HubFormat
    interface: Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a cell may use. `case_seconds` bounds the time between two events of a cell, so it also bounds start and exit."""

    case_seconds: float
    import_seconds: float
    install_seconds: float
    memory_bytes: int
    free_disk_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """One combination of axis values. `python` and `hub` are None unless pinned."""

    tensorflow: str
    install: InstallPolicy
    keras: KerasChoice
    text: TextOps = TextOps.WITHOUT
    model: str
    format: SaveFormat
    device: Device
    python: str | None = None
    hub: str | None = None

    def value(self, axis: Axis) -> str | None:
        """The value on an axis as text; None where the axis is derived and not pinned."""
        found: str | Enum | None = getattr(self, axis.value)
        return str(found.value) if isinstance(found, Enum) else found


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRequest:
    """What a user would have asked for: requirements, a date, an interpreter's range, and environment variables."""

    id: str
    release: Release
    install: InstallPolicy
    keras: KerasChoice
    text: TextOps = TextOps.WITHOUT
    accelerator: Accelerator = Accelerator.NONE
    python: str | None
    hub: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One combination of axis values under an id that is never parsed."""

    id: str
    axes: Axes
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Combinations that an exclude rule removed: how many, by which rule, for what reason."""

    when: str
    reason: str
    place: str
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do, in order. Every cell's environment is in `environments`."""

    cells: tuple[Cell, ...]
    environments: Mapping[str, EnvironmentRequest]
    models: Mapping[str, Model]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One pytest function under `cases/`. `uses` are the axes, `services` and `companions` what else its fixtures ask for.

    `formats` and `interfaces` name the models it applies to; empty means all. It runs in cells of its `devices` only, so that
    what is measured without hardware is not measured again beside every chip. `digest` covers every source that can change
    its outcome.
    """

    id: str
    title: str
    uses: frozenset[Axis]
    formats: frozenset[HubFormat]
    interfaces: frozenset[Interface]
    digest: str
    services: frozenset[Service] = frozenset()
    companions: frozenset[Companion] = frozenset()
    devices: frozenset[Device] = HOSTS

    def applies_to(self, model: Model, device: Device) -> bool:
        return device in self.devices and self.is_about(model)

    def is_about(self, model: Model) -> bool:
        return (not self.formats or model.format in self.formats) and (not self.interfaces or model.interface in self.interfaces)
