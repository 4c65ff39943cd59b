"""Write the description of an inspected model for cases: a manifest, as a replica has one.

`cases/conftest.py` reads the first part of it, `cases/anymodel/conftest.py` the part named `checked`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.domain import Interface
from harness.models.inspect import keras_classes, packages
from harness.models.inspect.interface import TF1_SIGNATURE, format_of, interface_of, width_of
from harness.models.inspect.sample import BATCH, Filled, Listed, Ragged, Sparse, best_call, obstacle, of_call, recipe
from harness.models.inspect.saved_model import SERVE
from harness.models.inspect.values import Call, Constant, Inspected, Items, ModelKind, Named, Signature, Structure, Tensor

TOLERANCE = 1e-5
WORDS = ("input_word_ids", "input_mask", "input_type_ids")
SENTENCES = ["Hub models are easy to load.", "What did it say? Nothing!"]
ROW = (6, 7, 8, 9, 5, 4, 3, 2)
"""Ids that every vocabulary has; none is 0, which pads."""
LENGTH = 16
SHORT = 7
"""Tokens of the padded text, as in every replica's record: cases on padding cut there."""


def manifest(inspected: Inspected, handle: str) -> dict[str, Any]:
    """Return the manifest of a model, as JSON, under the handle that cases write. `outputs` is empty: no right values are known."""
    interface = interface_of(inspected)
    return {
        "handle": handle,
        "hub_format": format_of(inspected).value,
        "interface": interface.value,
        "width": width_of(inspected),
        "tolerance": TOLERANCE,
        "inputs": _inputs(interface, inspected),
        "outputs": {},
        "checked": _checked(inspected),
    }


def _checked(inspected: Inspected) -> dict[str, Any]:
    content = inspected.content
    signatures = () if _is_keras_file(inspected) else content.signatures
    return {
        "keras": content.keras,
        "imports": [packages.TEXT.replace("-", "_")] if packages.TEXT in content.packages else [],
        "trainable": sum(variable.trainable for variable in content.variables),
        "custom": [name for name in content.custom if name != keras_classes.HUB],
        "lambdas": list(content.lambdas),
        "tags": list(_tags(inspected)),
        "signatures": {signature.name: _signature(signature) for signature in signatures},
        "call": _call(_keras_call(inspected) if _is_keras_file(inspected) else best_call(content.calls)),
    }


def _inputs(interface: Interface, inspected: Inspected) -> dict[str, Any]:
    """Return inputs in the form of a known interface, as its cases need them: a text that fills its row, and one that is padded."""
    match interface:
        case Interface.TEXT:
            return {"sentences": SENTENCES}
        case Interface.OTHER:
            return {}
        case Interface.DICT | Interface.LIST | Interface.TF1_SIGNATURE:
            length = _length(inspected)
            words = [ROW[position % len(ROW)] for position in range(length)]
            short = min(SHORT, length)
            padded = [*words[:short], *[0] * (length - short)]
            rows = ([words, padded], [[1] * length, [int(word > 0) for word in padded]], [[0] * length] * BATCH)
            return dict(zip(WORDS, rows, strict=True))


def _length(inspected: Inspected) -> int:
    """Return the sequence length: the model's, if it has only one, else LENGTH."""
    call = best_call(inspected.content.calls)
    tensors = of_call(call) if call else ()
    signatures = [signature for signature in inspected.content.signatures if signature.name == TF1_SIGNATURE]
    tensors += tuple(tensor for signature in signatures for tensor in signature.inputs)
    fixed = (tensor.shape[1] for tensor in tensors if tensor.shape and len(tensor.shape) == 2 and tensor.shape[1])
    return next(fixed, LENGTH)


def _tags(inspected: Inspected) -> tuple[str, ...]:
    if _is_keras_file(inspected):
        return ()
    return min(inspected.content.tags, key=lambda tags: (SERVE not in tags, len(tags)), default=())


def _is_keras_file(inspected: Inspected) -> bool:
    return inspected.kind in (ModelKind.KERAS_ZIP, ModelKind.KERAS_H5)


def _keras_call(inspected: Inspected) -> Call | None:
    """Return the call of a network from a Keras file: with its one input, or with a dict of inputs by name."""
    inputs = [tensor for signature in inspected.content.signatures for tensor in signature.inputs]
    argument = inputs[0] if len(inputs) == 1 else Named(items=tuple((tensor.name, tensor) for tensor in inputs))
    return Call(args=(argument,), kwargs=(), outputs=None) if inputs else None


def _signature(signature: Signature) -> dict[str, Any]:
    return {
        "inputs": dict(pair for tensor in signature.inputs for pair in _parts(tensor)),
        "outputs": [{"name": output.name, "dtype": output.dtype, "shape": output.shape} for output in signature.outputs],
        "random": list(signature.random),
        "obstacle": _obstacle(signature.inputs),
    }


def _call(call: Call | None) -> dict[str, Any] | None:
    if call is None or not call.args:
        return None
    return {
        "args": [_structure(argument) for argument in call.args],
        "kwargs": {name: _structure(argument) for name, argument in call.kwargs},
        "random": list(call.random),
        "obstacle": _obstacle(of_call(call)),
    }


def _obstacle(tensors: Iterable[Tensor]) -> str:
    return "; ".join(filter(None, map(obstacle, tensors)))


def _parts(tensor: Tensor) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the dense arrays that a signature takes for an input, each with its name."""
    yield from zip(tensor.parts or (tensor.name,), _arrays(tensor), strict=True)


def _arrays(tensor: Tensor) -> tuple[dict[str, Any], ...]:
    match recipe(tensor):
        case Ragged(values=values, splits=splits):
            return (_filled(values), *map(_listed, splits))
        case Sparse(indices=indices, values=values, shape=shape):
            return (_list("int64", indices), _filled(values), _list("int64", shape))
        case Filled() | Listed() | None:
            return (_tensor(tensor),) * max(1, len(tensor.parts))


def _structure(structure: Structure) -> dict[str, Any]:
    match structure:
        case Tensor():
            return _tensor(structure)
        case Constant(value=value):
            return {"value": value}
        case Items(items=items):
            return {"list": [_structure(item) for item in items]}
        case Named(items=entries):
            return {"dict": {name: _structure(item) for name, item in entries}}


def _tensor(tensor: Tensor) -> dict[str, Any]:
    match recipe(tensor):
        case Filled() as filled:
            return _filled(filled)
        case Listed() as listed:
            return _listed(listed)
        case Ragged(values=values, splits=splits):
            return {"ragged": {"values": _filled(values), "splits": [*map(_listed, splits)]}}
        case Sparse(indices=indices, values=values, shape=shape):
            return {"sparse": {"indices": _list("int64", indices), "values": _filled(values), "shape": _list("int64", shape)}}
        case None:
            return {"value": None}


def _filled(filled: Filled) -> dict[str, Any]:
    return {"dtype": filled.dtype, "shape": list(filled.shape), "fill": filled.fill.value}


def _listed(listed: Listed) -> dict[str, Any]:
    return _list(listed.dtype, listed.values)


def _list(dtype: str, values: object) -> dict[str, Any]:
    return {"dtype": dtype, "values": values}
