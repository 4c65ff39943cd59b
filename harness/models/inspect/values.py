"""The facts about a model that can be read without TensorFlow, as frozen values. Nothing here reads a file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from harness.models.inspect.tree import Tree

Shape: TypeAlias = tuple[int | None, ...]
"""Sizes of the dimensions; None is any size."""


class ModelKind(str, Enum):
    """The kind of model at a user's path."""

    SAVED_MODEL = "SavedModel"
    TF1_HUB = "TF1 Hub module"
    KERAS_ZIP = "Keras file (.keras)"
    KERAS_H5 = "Keras file (HDF5)"

    @property
    def is_folder(self) -> bool:
        return self in (ModelKind.SAVED_MODEL, ModelKind.TF1_HUB)


class Layout(str, Enum):
    """The layout of a tensor's values. `ragged`: flat values and row splits. `sparse`: indices, values and a dense shape.

    `splits`: dense integers that may be the row splits of the tensor before them, with `ragged_rank` more of them to follow.
    """

    DENSE = "dense"
    SPLITS = "splits"
    RAGGED = "ragged"
    SPARSE = "sparse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An input or output tensor. `dtype` as TensorFlow names it; `shape` None: not even the rank is known.

    `unusual` is the reason why no value can be made up for it (a resource, a variant); empty if one can.
    `parts` are the names under which a signature takes the dense tensors that a ragged or sparse one consists of, in the order
    of `tf.nest.flatten(..., expand_composites=True)`; empty if it is one argument. A ragged one has `ragged_rank` row splits,
    of type `splits`. `note` is a doubt about its layout, for the reader.
    """

    name: str
    dtype: str
    shape: Shape | None
    unusual: str = ""
    layout: Layout = Layout.DENSE
    ragged_rank: int = 0
    splits: str = "int64"
    parts: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_composite(self) -> bool:
        return self.layout in (Layout.RAGGED, Layout.SPARSE)

    def __str__(self) -> str:
        sizes = "?" if self.shape is None else ", ".join("?" if size is None else str(size) for size in self.shape)
        kind = self.unusual or (f"{self.layout.value} {self.dtype}" if self.is_composite else self.dtype)
        parts = f" in {len(self.parts)} parts ({', '.join(self.parts)})" if self.parts else ""
        return f"{self.name}: {kind} [{sizes}]{parts}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """An argument that is part of the trace: None, a flag, a number, a text."""

    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list or tuple of arguments."""

    items: tuple[Structure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A dict of arguments, in the order of its keys."""

    items: tuple[tuple[str, Structure], ...]


Structure: TypeAlias = Tensor | Constant | Items | Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature with its inputs and outputs by name. `random`: ops in it that draw random numbers."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    random: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One trace of the root object's `__call__`: `root(*args, **kwargs)` gives `outputs`.

    `random`: ops in it that draw random numbers.
    """

    args: tuple[Structure, ...]
    kwargs: tuple[tuple[str, Structure], ...]
    outputs: Structure | None
    random: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A weight. `trainable` as in the saved object."""

    name: str
    dtype: str
    shape: Shape | None
    trainable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of a model, as its files describe it.

    `written_by` is the library and version that wrote it, empty if the files don't say. `tags` are those of every graph.
    `variables` are the weights; `state` counts the variables that training left beside them: an optimizer's slots, metrics.
    `packages` have to be imported for its ops. `custom` are Keras classes that only their author's code defines,
    `lambdas` the names of Lambda layers whose Python code is in the file. `notes` are oddities that a reader should know
    before anything runs.
    """

    written_by: str = ""
    tags: tuple[tuple[str, ...], ...] = ()
    signatures: tuple[Signature, ...] = ()
    calls: tuple[Call, ...] = ()
    variables: tuple[Variable, ...] = ()
    state: int = 0
    ops: frozenset[str] = frozenset()
    packages: tuple[str, ...] = ()
    keras: bool = False
    custom: tuple[str, ...] = ()
    lambdas: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """An inspected model: its kind, its files and their content."""

    kind: ModelKind
    tree: Tree
    content: Content
