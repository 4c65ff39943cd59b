"""Inputs made up for a model of which only names, types and shapes are known.

No claim about what comes out: the numbers only have to be some that the model takes. Ids are small enough for any
vocabulary, masks hide nothing, texts are sentences. Sizes that are left open are 2 for the batch and 16 for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import prod

from harness.models.inspect.values import Call, Constant, Items, Named, Structure, Tensor

BATCH, LENGTH = 2, 16
MOST_ELEMENTS = 2**24
"""64 MiB of float32."""
MASKS, TYPES = ("mask",), ("type", "segment")


class Fill(str, Enum):
    """What an array is filled with. `ids`: 0 to 9 in turn. `random`: 0 to 1, the same each time."""

    IDS = "ids"
    ONES = "ones"
    ZEROS = "zeros"
    RANDOM = "random"
    SENTENCES = "sentences"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to make one array."""

    dtype: str
    shape: tuple[int, ...]
    fill: Fill


def recipe(tensor: Tensor) -> Recipe | None:
    """None where it can't be made: see `obstacle`."""
    return None if obstacle(tensor) else Recipe(dtype=tensor.dtype, shape=_shape(tensor), fill=_fill(tensor))


def obstacle(tensor: Tensor) -> str:
    """Why no array can be made for a tensor; empty where one can."""
    what = tensor.name or "an input"
    if tensor.unusual:
        return f"{what} is a {tensor.unusual}"
    if prod(_shape(tensor)) > MOST_ELEMENTS:
        return f"{what} has {prod(_shape(tensor)):,} elements"
    return ""


def tensors(found: Structure) -> tuple[Tensor, ...]:
    """Every tensor in a structure."""
    match found:
        case Tensor():
            return (found,)
        case Constant():
            return ()
        case Items(items=items):
            return tuple(one for item in items for one in tensors(item))
        case Named(items=named):
            return tuple(one for _, item in named for one in tensors(item))


def of_call(call: Call) -> tuple[Tensor, ...]:
    """Every tensor that a call takes."""
    return tensors(Items(items=(*call.args, *(value for _, value in call.kwargs))))


def best_call(calls: tuple[Call, ...]) -> Call | None:
    """The trace to call: one for inference (no flag is True) whose inputs can be made, before any other."""
    return min(calls, key=lambda call: (_flags(call), any(map(obstacle, of_call(call)))), default=None)


def _flags(call: Call) -> int:
    values = (*call.args, *(value for _, value in call.kwargs))
    return sum(isinstance(value, Constant) and value.value is True for value in values)


def _shape(tensor: Tensor) -> tuple[int, ...]:
    if tensor.shape is None:
        return (BATCH,) if tensor.dtype == "string" else (BATCH, LENGTH)
    return tuple((BATCH if place == 0 else LENGTH) if size is None else size for place, size in enumerate(tensor.shape))


def _fill(tensor: Tensor) -> Fill:
    name = tensor.name.lower()
    if tensor.dtype == "string":
        return Fill.SENTENCES
    if tensor.dtype == "bool" or any(word in name for word in MASKS):
        return Fill.ONES
    if "int" not in tensor.dtype:
        return Fill.RANDOM
    return Fill.ZEROS if any(word in name for word in TYPES) else Fill.IDS
