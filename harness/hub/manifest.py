"""The manifest of a replica: what it stands for, how it was made, and what it must give for a fixed input.

Format history:
  1  first version
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.domain import HubFormat, Interface

FORMAT: Literal[1] = 1
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Rows = tuple[tuple[float, ...], ...]
Ids = tuple[tuple[int, ...], ...]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Exporter(Part):
    """The environment and the script that made the model. Dates are uv's `--exclude-newer`."""

    script: Annotated[str, Field(pattern=r"^[a-z0-9_]+\.py$")]
    python: Annotated[str, Field(pattern=r"^3\.\d+$")]
    requirements: tuple[str, ...]
    exclude_newer: date
    exclude_newer_package: dict[str, date] = {}


class Inputs(Part):
    """Token ids, int32 [batch, length] each, under the names of TF2 models. TF1 calls them input_ids, input_mask, segment_ids."""

    input_word_ids: Ids
    input_mask: Ids
    input_type_ids: Ids


class Outputs(Part):
    """What the exporter's own TensorFlow gave: float32 [batch, width] and [batch, length, width]."""

    pooled_output: Rows
    sequence_output: tuple[Rows, ...]


class Recipe(Part):
    """The part of a manifest that a person writes. `tolerance` is absolute, for each output value."""

    format: Literal[1] = FORMAT
    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[0-9]+$")]
    handle: Annotated[str, Field(pattern=r"^https://")]
    hub_format: HubFormat
    interface: Interface
    exporter: Exporter
    tolerance: Annotated[float, Field(gt=0)]


class Record(Part):
    """The part of a manifest that the exporter's script writes."""

    width: Annotated[int, Field(gt=0)]
    vocab_size: Annotated[int, Field(gt=0)]
    inputs: Inputs
    outputs: Outputs

    @model_validator(mode="after")
    def shapes_agree(self) -> Record:
        shape = {(len(rows), *map(len, rows)) for _, rows in self.inputs}
        expected = {(len(rows), *map(len, rows)) for rows in (self.outputs.sequence_output,)}
        if len(shape) != 1 or shape != expected:
            raise ValueError("inputs and sequence_output differ in batch or length")
        widths = {len(row) for rows in (self.outputs.pooled_output, *self.outputs.sequence_output) for row in rows}
        if widths != {self.width} or len(self.outputs.pooled_output) != len(self.inputs.input_mask):
            raise ValueError(f"outputs are not [batch, {self.width}] and [batch, length, {self.width}]")
        return self


class Manifest(Record, Recipe):
    """All of it, with the digests of the archive beside it and of the files inside."""

    archive_sha256: Digest
    tree_sha256: Digest
