"""Make up inputs for a model, from their names, types and shapes alone.

The outputs don't matter, so the numbers only have to be some that the model accepts. Ids are small enough for any vocabulary, masks
hide nothing, texts are sentences. Sizes that are left open are 2 for the batch and 16 for the rest; rows of a ragged tensor have 3
and 2 values in turn, and a sparse one has a value in each row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from math import prod
from typing import TypeAlias

from typing_extensions import assert_never

from harness.models.inspect.values import Call, Constant, Items, Layout, Named, Structure, Tensor

BATCH, LENGTH = 2, 16
ROWS = (3, 2)
MOST_ELEMENTS = 2**24
"""64 MiB of float32."""
MASKS, TYPES = ("mask",), ("type", "segment")


class Fill(str, Enum):
    """The values that an array is filled with. `ids`: 0 to 9 in turn. `random`: 0 to 1, the same each time."""

    IDS = "ids"
    ALL_ONES = "ones"
    ALL_ZEROS = "zeros"
    RANDOM = "random"
    SENTENCES = "sentences"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An array by its shape and its filling."""

    dtype: str
    shape: tuple[int, ...]
    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A vector by its values."""

    dtype: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ragged:
    """Flat values, and the row splits, outermost first."""

    values: Filled
    splits: tuple[Listed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparse:
    """Values, their indices, and the shape of the whole."""

    indices: tuple[tuple[int, ...], ...]
    values: Filled
    shape: tuple[int, ...]


Recipe: TypeAlias = Filled | Listed | Ragged | Sparse


def recipe(tensor: Tensor) -> Recipe | None:
    """Return the recipe of a value for the tensor; None if none can be made: see `obstacle`."""
    if obstacle(tensor):
        return None
    match tensor.layout:
        case Layout.DENSE:
            return Filled(dtype=tensor.dtype, shape=_shape(tensor), fill=_fill(tensor))
        case Layout.SPLITS:  # of BATCH values in one row, in one row of rows: also BATCH small integers
            return Listed(dtype=tensor.dtype, values=(0, BATCH if tensor.ragged_rank == 0 else 1))
        case Layout.RAGGED:
            return _ragged(tensor)
        case Layout.SPARSE:
            return _sparse(tensor)
        case _:
            assert_never(tensor.layout)


def obstacle(tensor: Tensor) -> str:
    """Return the reason why no value can be made for the tensor; empty if one can."""
    name = tensor.name or "an input"
    if tensor.unusual:
        return f"{name} is a {tensor.unusual}"
    if tensor.is_composite and tensor.shape is None:
        return f"{name} is a {tensor.layout.value} tensor of unknown rank"
    if _elements(tensor) > MOST_ELEMENTS:
        return f"{name} has {_elements(tensor):,} elements"
    return ""


def tensors(structure: Structure) -> tuple[Tensor, ...]:
    """Return every tensor in a structure."""
    match structure:
        case Tensor():
            return (structure,)
        case Constant():
            return ()
        case Items(items=items):
            return tuple(tensor for item in items for tensor in tensors(item))
        case Named(items=entries):
            return tuple(tensor for _, item in entries for tensor in tensors(item))


def of_call(call: Call) -> tuple[Tensor, ...]:
    """Return every tensor that a call takes."""
    return tensors(Items(items=(*call.args, *(value for _, value in call.kwargs))))


def best_call(calls: tuple[Call, ...]) -> Call | None:
    """Return the trace to call: one for inference (no flag is True) whose inputs can be made, before any other."""
    return min(calls, key=lambda call: (_flags(call), any(map(obstacle, of_call(call)))), default=None)


def _flags(call: Call) -> int:
    values = (*call.args, *(value for _, value in call.kwargs))
    return sum(isinstance(value, Constant) and value.value is True for value in values)


def _ragged(tensor: Tensor) -> Ragged:
    sizes = tensor.shape or ()
    rows = sizes[0] or BATCH
    splits = []
    for size in sizes[1 : tensor.ragged_rank + 1]:
        lengths = [size or ROWS[row % len(ROWS)] for row in range(rows)]
        splits.append(Listed(dtype=tensor.splits, values=tuple(accumulate(lengths, initial=0))))
        rows = splits[-1].values[-1]
    inner = tuple(size or LENGTH for size in sizes[tensor.ragged_rank + 1 :])
    return Ragged(values=Filled(dtype=tensor.dtype, shape=(rows, *inner), fill=_fill(tensor)), splits=tuple(splits))


def _sparse(tensor: Tensor) -> Sparse:
    shape = _shape(tensor)
    indices = tuple(tuple(row % size for size in shape) for row in range(shape[0] if shape else 0))
    return Sparse(indices=indices, values=Filled(dtype=tensor.dtype, shape=(len(indices),), fill=_fill(tensor)), shape=shape)


def _elements(tensor: Tensor) -> int:
    """Count the elements of the value; a sparse one has one for each of its rows."""
    if tensor.layout is Layout.SPARSE:
        return prod(_shape(tensor)[:1])
    if tensor.layout is Layout.RAGGED:
        return prod(size or max(ROWS) for size in tensor.shape or ())
    return prod(_shape(tensor))


def _shape(tensor: Tensor) -> tuple[int, ...]:
    if tensor.shape is None:
        return (BATCH,) if tensor.dtype == "string" else (BATCH, LENGTH)
    return tuple((BATCH if axis == 0 else LENGTH) if size is None else size for axis, size in enumerate(tensor.shape))


def _fill(tensor: Tensor) -> Fill:
    name = tensor.name.lower()
    if tensor.dtype == "string":
        return Fill.SENTENCES
    if tensor.dtype == "bool" or _has(name, MASKS):
        return Fill.ALL_ONES
    if "int" not in tensor.dtype:
        return Fill.RANDOM
    return Fill.ALL_ZEROS if _has(name, TYPES) else Fill.IDS


def _has(name: str, words: Sequence[str]) -> bool:
    return any(word in name for word in words)
