"""Requests and answers of the compiler: the JSON that travels between cases, service and worker. Pure."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator


class CompileOutcome(str, Enum):
    """The outcome of a request.

    `refused`: the compiler's word on the program. `crashed`, `timed_out`, `memory`: the compiler died of it. `invalid`: the
    request is wrong (no such file, no HLO, no such chip). `unavailable`: trouble of this machine, which says nothing of the
    program.
    """

    COMPILED = "compiled"
    REFUSED = "refused"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    MEMORY = "memory"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CompileRequest(_Value):
    """Compile a program for so many devices: chips, but cores of v2, v3 and 7x (see `chips`).

    `split` are the parameters that are cut along dimension 0 over the devices; each device holds the others whole.
    `made_by` is a digest of all that made the program. With it alone, and no `hlo`, the program is the one that came with this
    digest before.
    """

    op: Literal["compile"]
    hlo: Path | None = None
    made_by: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    chip: str
    chips: int = Field(default=1, ge=1)
    split: tuple[Annotated[int, Field(ge=0)], ...] = ()

    @model_validator(mode="after")
    def _names_a_program(self) -> CompileRequest:
        if self.hlo is None and self.made_by is None:
            raise ValueError("neither hlo nor made_by")
        return self


class RunRequest(_Value):
    """Run a program on this machine's CPU, with arg0, arg1, … of an .npz."""

    op: Literal["run"]
    hlo: Path
    arguments: Path


Request = Annotated[CompileRequest | RunRequest, Field(discriminator="op")]
REQUEST: TypeAdapter[CompileRequest | RunRequest] = TypeAdapter(Request)


class DeviceNumbers(_Value):
    """Figures of one device, as the compiler reports them; None where it doesn't.

    Bytes of arguments, outputs and temporaries include the padding of the chip's tiles. `alias_bytes` are outputs that take
    the place of arguments. `flops` and `bytes_accessed` are those of the optimized program in the compiler's cost analysis,
    which counts what an instruction reads and writes also where that never leaves the chip. `roofline_us` follows from them
    and the chip's peak figures: the larger of both times, in microseconds.
    """

    code_bytes: int | None = None
    argument_bytes: int | None = None
    output_bytes: int | None = None
    alias_bytes: int | None = None
    temporary_bytes: int | None = None
    peak_bytes: int | None = None
    chip_bytes: int | None = None
    flops: float | None = None
    bytes_accessed: float | None = None
    roofline_us: float | None = None


class Hlo(_Value):
    """Counts over the instructions of a program.

    `products` are dots and convolutions by the element type of their left operand, as TensorFlow wrote them. `collectives` are
    counted after compiling, and `collective_bytes` is what one device gives into them, without padding.
    """

    products: dict[str, int] = {}
    instructions: int = 0
    custom_calls: tuple[str, ...] = ()
    dynamic: bool = False
    collectives: dict[str, int] = {}
    collective_bytes: dict[str, int] = {}


class CompilerAnswer(_Value):
    """`seconds` are those of the original compile, also where it is `reused`."""

    outcome: CompileOutcome
    message: str = ""
    evidence: str = ""
    program: str = ""
    reused: bool = False
    seconds: float = 0.0
    numbers: DeviceNumbers = DeviceNumbers()
    hlo: Hlo = Hlo()
    outputs: str | None = None

    def as_json(self) -> str:
        return self.model_dump_json(exclude_none=True)
