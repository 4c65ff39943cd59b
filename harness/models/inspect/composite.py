"""Group the ragged and sparse inputs of a signature, listed in its file as plain tensors: `ids`, `ids_1` for values and row splits.

TensorFlow flattens a function's arguments when it writes a signature. The functions saved with it tell which tensors belong
together. Where none does, tensors are not grouped by their names alone: the doubt is noted instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.models.inspect.values import Layout, Tensor

NUMBERED = re.compile(r"(?P<name>.*?)(?:_(?P<number>\d+))?")


def grouped(inputs: Sequence[Tensor], composites: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """Return the inputs with the parts of each ragged or sparse tensor combined.

    `composites` are the ragged and sparse tensors that functions of the model take.
    """
    # Those of most parts first: a ragged tensor of rank 1 also fits the beginning of one of rank 2.
    candidates = sorted(composites, key=lambda composite: -_count(composite))
    return tuple(tensor for run in _runs(inputs) for tensor in _group(run, candidates))


def _runs(inputs: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Split into runs of names that count on from each other: `x`, `x_1`, `x_2`."""
    by_name = {tensor.name: tensor for tensor in inputs}
    followers = {tensor.name: _follower(tensor.name, by_name) for tensor in inputs}
    first = set(by_name) - {follower.name for follower in followers.values() if follower}
    for tensor in inputs:
        if tensor.name in first:
            run: list[Tensor] = []
            following: Tensor | None = tensor
            while following is not None:
                run.append(following)
                following = followers[following.name]
            yield run


def _follower(name: str, by_name: Mapping[str, Tensor]) -> Tensor | None:
    """Return the tensor whose name counts on from this one: `x_1` from `x`, `x_2` from `x_1`, `input_1_1` from `input_1`."""
    match = NUMBERED.fullmatch(name)
    following = [f"{name}_1", f"{match['name']}_{int(match['number']) + 1}" if match and match["number"] else ""]
    return next((by_name[candidate] for candidate in following if candidate in by_name), None)


def _group(run: Sequence[Tensor], candidates: Sequence[Tensor]) -> Iterator[Tensor]:
    start = 0
    while start < len(run):
        rest = run[start:]
        composite = next((candidate for candidate in candidates if _fits(rest, candidate)), None)
        if composite is not None:
            parts = tuple(tensor.name for tensor in rest[: _count(composite)])
            yield replace(composite, name=rest[0].name, parts=parts)
            start += len(parts)
        elif _looks_sparse(rest):
            names = ", ".join(tensor.name for tensor in rest[:3])
            unusual = f"part of a sparse tensor ({names}) whose size the file doesn't say"
            yield from (replace(tensor, unusual=unusual) for tensor in rest[:3])
            start += 3
        elif splits := _looks_ragged(rest):
            yield from _doubtful(rest[: splits + 1])
            start += splits + 1
        else:
            yield rest[0]
            start += 1


def _count(composite: Tensor) -> int:
    return 3 if composite.layout is Layout.SPARSE else composite.ragged_rank + 1


def _fits(run: Sequence[Tensor], composite: Tensor) -> bool:
    """Return True if the first tensors of the run have the types and ranks of the composite's parts."""
    if len(run) < _count(composite) or any(tensor.parts or tensor.unusual for tensor in run[: _count(composite)]):
        return False
    first, *following = run[: _count(composite)]
    if composite.layout is Layout.SPARSE:
        kinds = [(tensor.dtype, _rank(tensor)) for tensor in (first, *following)]
        return kinds == [("int64", 2), (composite.dtype, 1), ("int64", 1)]
    flat = None if composite.shape is None else len(composite.shape) - composite.ragged_rank
    splits = all((tensor.dtype, _rank(tensor)) == (composite.splits, 1) for tensor in following)
    return first.dtype == composite.dtype and _rank(first) == flat and splits


def _looks_sparse(run: Sequence[Tensor]) -> bool:
    """Return True if these could be indices [?, r], values [?] and a shape [r]: a pattern that nothing else has."""
    if len(run) < 3 or any(tensor.parts or tensor.unusual for tensor in run[:3]):
        return False
    indices, values, sizes = (tensor.shape or () for tensor in run[:3])
    integers = run[0].dtype == run[2].dtype == "int64"
    return integers and len(indices) == 2 and values == (None,) and sizes == (indices[1],) and indices[0] is None


def _looks_ragged(run: Sequence[Tensor]) -> int:
    """Return how many tensors after the first could be its row splits: integers of one dimension, of any length."""
    if run[0].parts or run[0].unusual or not run[0].shape or run[0].shape[0] is not None:
        return 0
    splits = 0
    for tensor in run[1:]:
        if tensor.dtype not in ("int32", "int64") or tensor.shape != (None,):
            break
        splits += 1
    return splits


def _doubtful(run: Sequence[Tensor]) -> Iterator[Tensor]:
    names = " and ".join(tensor.name for tensor in run)
    note = f"{names} may be one ragged tensor, values and row splits: what is made up for them fits both readings"
    yield replace(run[0], note=note)
    for depth, tensor in enumerate(run[1:], start=2 - len(run)):
        yield replace(tensor, layout=Layout.SPLITS, ragged_rank=-depth)


def _rank(tensor: Tensor) -> int | None:
    return None if tensor.shape is None else len(tensor.shape)
