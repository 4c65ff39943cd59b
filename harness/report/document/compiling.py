"""What was compiled for TPU, without one: programs by TensorFlow version and chip, and whether their numbers can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from harness.domain import Device, Installation
from harness.judge.verdict import CellVerdict


class Fate(str, Enum):
    """Of a program of one TensorFlow, for one chip.

    `refused`: the TPU compiler's verdict. `died`: it crashed on the program, hung, or had not enough memory. `no_program`:
    TensorFlow itself raises before there is one. `held`: the case passed, or failed as declared, without saying what was
    compiled. `unlike`: what it looks at in a program is otherwise than it says. The others say nothing of the program.
    """

    COMPILED = "compiled"
    REFUSED = "refused"
    DIED = "died"
    NO_PROGRAM = "no_program"
    HELD = "held"
    UNLIKE = "unlike"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    UNAVAILABLE = "unavailable"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of a compiled program, by the compiler's own analysis; None where it says nothing.

    Bytes on each chip: of code, arguments, outputs, outputs that take the place of arguments, temporaries, the largest sum of
    buffers alive at once (not what is needed: see `tpu_compiler.memory`), and those that the chip has. `flops` and
    `bytes_accessed` are of one execution, `roofline_us` the microseconds that it takes at least. `compile_seconds` is of the one
    compile: a program that was compiled for that chip before is not compiled again, and has those of then.
    """

    code_bytes: float | None = None
    argument_bytes: float | None = None
    output_bytes: float | None = None
    alias_bytes: float | None = None
    temporary_bytes: float | None = None
    peak_bytes: float | None = None
    chip_bytes: float | None = None
    flops: float | None = None
    bytes_accessed: float | None = None
    roofline_us: float | None = None
    compile_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compile:
    """A program under one TensorFlow. `message` are the words of what refused it; `cell` is where it happened."""

    fate: Fate
    message: str
    figures: Figures | None
    cell: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Installation):
    """What one case hands to the compiler, for one model and chip, under one way to install.

    `note` tells apart the programs of one case. `model` is empty where the case uses none. `compiles` has one place for each
    of `View.versions`, None where the matrix has no cell; `phrase` says it in words: `compiles from 2.1; refused in 2.0`.
    """

    case: str
    title: str
    variant: str
    note: str
    model: str
    chip: Device
    compiles: tuple[Compile | None, ...]
    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The longest compile: which program, at which of `View.versions`."""

    program: int
    version: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Over all programs, versions and chips. `distinct` are those compiled that have figures of their own: identical programs
    were compiled once, and have all figures in common, the seconds of that compile among them. Seconds are of the distinct."""

    compiled: int
    refused: int
    died: int
    no_program: int
    distinct: int
    median_seconds: float | None
    worst: Worst | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Installation):
    """How far the results of one program are from eager TensorFlow's, at most, by version.

    `own`: compiled by TensorFlow's own XLA. `same`: the same program, run by the XLA that came with the TPU compiler. Places as
    in `View.versions`. `apart`: more than 1e-5, and more than ten times what is usual of the better one. `cells` are those of the
    larger of both.
    """

    own: tuple[float | None, ...]
    own_apart: tuple[bool, ...]
    same: tuple[float | None, ...]
    same_apart: tuple[bool, ...]
    cells: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiling:
    """All that was compiled; without programs where nothing was asked to be."""

    programs: tuple[Program, ...]
    totals: Totals
    agreement: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCount:
    """The cells of one device by verdict, over all versions."""

    device: Device
    cells: Mapping[CellVerdict, int]
