"""The manifest of a replica: its published model, its exporter, and its outputs for a fixed input.

Format history:
  1  first version: encoders only
  2  models that take text; `sequence_output` may be missing; `encoder` and `approximation`; the exporter's `arguments` and
     `excludes`
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from harness.domain import HubFormat, Interface

FORMAT: Literal[2] = 2
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ModelId = Annotated[str, Field(pattern=r"^[a-z0-9-]+/[0-9]+$")]
Rows = tuple[tuple[float, ...], ...]
Ids = tuple[tuple[int, ...], ...]


class ManifestPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Exporter(ManifestPart):
    """The environment and the script that made the model. Dates are uv's `--exclude-newer`.

    `arguments` tell a script that makes several models which one. `excludes` are dependencies that are not installed: the
    exporter doesn't import them, or they are nightly builds that the index no longer holds.
    """

    script: Annotated[str, Field(pattern=r"^[a-z0-9_]+\.py$")]
    arguments: tuple[str, ...] = ()
    python: Annotated[str, Field(pattern=r"^3\.\d+$")]
    requirements: tuple[str, ...]
    exclude_newer: date
    exclude_newer_package: dict[str, date] = {}
    excludes: tuple[str, ...] = ()


class Tokens(ManifestPart):
    """Token ids, int32 [batch, length] each, under the names of TF2 dict models: what an encoder takes and preprocessing gives.

    TF1 calls them input_ids, input_mask, segment_ids; list models take them in this order.
    """

    input_word_ids: Ids
    input_mask: Ids
    input_type_ids: Ids


class Sentences(ManifestPart):
    """Inputs of preprocessing: string [batch]."""

    sentences: tuple[str, ...]


class Vectors(ManifestPart):
    """Outputs of the exporter's own TensorFlow: float32 [batch, width] and [batch, length, width].

    List models give them without names, in this order.
    """

    pooled_output: Rows
    sequence_output: tuple[Rows, ...] | None = None


class ReplicaRecipe(ManifestPart):
    """The part of a manifest that a person writes.

    `tolerance` is absolute, for each output value; 0 for token ids. `encoder` is the id of a model that takes this
    preprocessing's outputs. `approximation` says how the replica differs in kind from the published model; empty if it doesn't.
    """

    format: Literal[2] = FORMAT
    id: ModelId
    handle: Annotated[str, Field(pattern=r"^https://")]
    hub_format: HubFormat
    interface: Interface
    exporter: Exporter
    tolerance: Annotated[float, Field(ge=0)]
    encoder: ModelId | None = None
    approximation: str = ""


class ExportRecord(ManifestPart):
    """The part of a manifest that the exporter's script writes. `width` is the length of a vector, or of a row of token ids."""

    width: Annotated[int, Field(gt=0)]
    vocab_size: Annotated[int, Field(gt=0)]
    inputs: Tokens | Sentences
    outputs: Vectors | Tokens

    @model_validator(mode="after")
    def shapes_agree(self) -> ExportRecord:
        match self.inputs, self.outputs:
            case Tokens() as tokens, Vectors() as vectors:
                self._encodes(tokens, vectors)
            case Sentences(sentences=sentences), Tokens() as tokens:
                if _shapes(tokens) != {(len(sentences), self.width)}:
                    raise ValueError(f"outputs are not [batch, {self.width}]")
            case _:
                raise ValueError("inputs and outputs are not of one kind: token ids give vectors, sentences give token ids")
        return self

    def _encodes(self, tokens: Tokens, vectors: Vectors) -> None:
        shapes = _shapes(tokens)
        if vectors.sequence_output is not None:
            shapes |= {_shape(vectors.sequence_output)}
        if len(shapes) != 1:
            raise ValueError("inputs and sequence_output differ in batch or length")
        widths = {len(row) for rows in (vectors.pooled_output, *(vectors.sequence_output or ())) for row in rows}
        if widths != {self.width} or len(vectors.pooled_output) != len(tokens.input_mask):
            raise ValueError(f"outputs are not [batch, {self.width}] and [batch, length, {self.width}]")


class Manifest(ExportRecord, ReplicaRecipe):
    """The whole manifest, with the digests of the archive beside it and of the files inside."""

    archive_sha256: Digest
    tree_sha256: Digest

    @model_validator(mode="after")
    def kind_agrees(self) -> Manifest:
        takes_text = self.interface is Interface.TEXT
        if takes_text != isinstance(self.inputs, Sentences):
            raise ValueError(f"inputs are not those of interface {self.interface.value!r}")
        if takes_text != (self.encoder is not None):
            raise ValueError("an encoder is named by preprocessing models, and by no other")
        if takes_text != (self.tolerance == 0):
            raise ValueError("token ids have the tolerance 0, vectors a greater one")
        return self


def _shapes(tokens: Tokens) -> set[tuple[int, ...]]:
    return {_shape(rows) for _, rows in tokens}


def _shape(rows: tuple[tuple[object, ...], ...]) -> tuple[int, ...]:
    """Return (batch, length of each row), with one length if all rows have the same."""
    return (len(rows), *sorted({len(row) for row in rows}))
