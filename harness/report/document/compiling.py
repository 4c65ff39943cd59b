"""Programs compiled for TPU without a TPU, by TensorFlow version and chip, and whether their results can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from harness.domain import Device, Installation
from harness.judge.verdict import CellVerdict


class Fate(str, Enum):
    """The fate of a program under one TensorFlow, for one chip.

    `refused`: the TPU compiler rejected it. `died`: the compiler crashed on it, hung, or ran out of memory. `no_program`:
    TensorFlow itself raised before there was a program. `held`: the case passed, or failed as declared, without recording
    figures. `unlike`: the case's assertion about the program failed. The others say nothing about the program.
    """

    COMPILED = "compiled"
    REFUSED = "refused"
    DIED = "died"
    NO_PROGRAM = "no_program"
    AS_EXPECTED = "held"
    UNLIKE = "unlike"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    UNAVAILABLE = "unavailable"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of a compiled program, by the compiler's own analysis; None where it gives none.

    Bytes on each chip: of code, arguments, outputs, outputs that overwrite arguments (`alias`), temporaries, the largest sum of
    buffers alive at once (not what is needed: see `tpu_compiler.memory`), and the memory of the chip. `flops` and
    `bytes_accessed` are of one execution, `roofline_us` is a lower bound of its time in microseconds. `compile_seconds`: an
    identical program is compiled once for a chip, so all its copies have the seconds of that one compile.
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
    """A program under one TensorFlow. `message` is the error that refused it; `cell` the index of the cell."""

    fate: Fate
    message: str
    figures: Figures | None
    cell: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Installation):
    """A program that a case hands to the compiler, for one model and chip, under one way to install.

    `note` tells the programs of one case apart. `model` is empty if the case uses none. `compiles` has one entry for each of
    `View.versions`, None where the matrix has no cell; `phrase` says it in words: `compiles from 2.1; refused in 2.0`.
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
    """The longest compile: indices of its program in `Compiling.programs` and of its version in `View.versions`."""

    program: int
    version: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts over all programs, versions and chips.

    `distinct` counts compiled programs with different figures: identical programs are compiled once, and so have all figures in
    common, the seconds of that compile among them. `median_seconds` and `worst` are those of the distinct programs.
    """

    compiled: int
    refused: int
    died: int
    no_program: int
    distinct: int
    median_seconds: float | None
    worst: Worst | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Installation):
    """The largest difference between a program's results and eager TensorFlow's, for each of `View.versions`.

    `own`: compiled by TensorFlow's own XLA. `same`: the same program, run by the XLA that came with the TPU compiler.
    `…_apart`: more than 1e-5, and more than ten times the median of the better compiler. `cells` are the indices of the
    cells that differ so in `own`, or in `same` where `own` has no number.
    """

    own: tuple[float | None, ...]
    own_apart: tuple[bool, ...]
    same: tuple[float | None, ...]
    same_apart: tuple[bool, ...]
    cells: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiling:
    """All programs that were compiled for TPU; none if the run had no cells of chips."""

    programs: tuple[Program, ...]
    totals: Totals
    agreement: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCount:
    """The cells of one device by verdict, over all versions."""

    device: Device
    cells: Mapping[CellVerdict, int]
