"""What the cases are told of an inspected model: the manifest that stands in the place of a replica's.

`cases/conftest.py` reads the first part of it, `cases/anymodel/conftest.py` the part named `checked`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.domain import Interface
from harness.models.inspect import packages
from harness.models.inspect.interface import TF1_SIGNATURE, format_of, interface_of, width_of
from harness.models.inspect.sample import BATCH, best_call, obstacle, of_call, recipe
from harness.models.inspect.saved_model import SERVE
from harness.models.inspect.values import Call, Constant, Inspected, Items, Kind, Named, Signature, Structure, Tensor

TOLERANCE = 1e-5
WORDS = ("input_word_ids", "input_mask", "input_type_ids")
SENTENCES = ["Hub models are easy to load.", "What did it say? Nothing!"]
ROW = (6, 7, 8, 9, 5, 4, 3, 2)
"""Ids that every vocabulary has; none is 0, which pads."""
LENGTH = 16
SHORT = 7
"""Tokens of the padded text, as in every replica's record: cases on padding cut there."""


def manifest(inspected: Inspected, handle: str) -> dict[str, Any]:
    """JSON of a model under the handle that the cases are to write. `outputs` is empty: nobody knows the right values."""
    content = inspected.content
    interface = interface_of(inspected)
    return {
        "handle": handle,
        "hub_format": format_of(inspected).value,
        "interface": interface.value,
        "width": width_of(inspected),
        "tolerance": TOLERANCE,
        "inputs": _inputs(interface, inspected),
        "outputs": {},
        "checked": {
            "keras": content.keras,
            "imports": [packages.TEXT.replace("-", "_")] if packages.TEXT in content.packages else [],
            "trainable": sum(one.trainable for one in content.variables),
            "tags": list(_tags(inspected)),
            "signatures": {one.name: _signature(one) for one in content.signatures},
            "call": _call(best_call(content.calls)),
        },
    }


def _inputs(interface: Interface, inspected: Inspected) -> dict[str, Any]:
    """For the known interfaces what their cases ask for: a text that fills its row, and one that is padded."""
    match interface:
        case Interface.TEXT:
            return {"sentences": SENTENCES}
        case Interface.OTHER:
            return {}
        case Interface.DICT | Interface.LIST | Interface.TF1_SIGNATURE:
            length = _length(inspected)
            words = [ROW[place % len(ROW)] for place in range(length)]
            short = min(SHORT, length)
            padded = [*words[:short], *[0] * (length - short)]
            rows = ([words, padded], [[1] * length, [int(word > 0) for word in padded]], [[0] * length] * BATCH)
            return dict(zip(WORDS, rows, strict=True))


def _length(inspected: Inspected) -> int:
    """The sequence length, where the model has only one."""
    call = best_call(inspected.content.calls)
    tensors = of_call(call) if call else ()
    signatures = [one for one in inspected.content.signatures if one.name == TF1_SIGNATURE]
    tensors += tuple(tensor for one in signatures for tensor in one.inputs)
    fixed = (one.shape[1] for one in tensors if one.shape and len(one.shape) == 2 and one.shape[1])
    return next(fixed, LENGTH)


def _tags(inspected: Inspected) -> tuple[str, ...]:
    tags = inspected.content.tags
    if inspected.kind in (Kind.KERAS_ZIP, Kind.KERAS_H5):
        return ()
    return min(tags, key=lambda some: (SERVE not in some, len(some)), default=())


def _signature(signature: Signature) -> dict[str, Any]:
    return {
        "inputs": {one.name: _structure(one) for one in signature.inputs},
        "outputs": [{"name": one.name, "dtype": one.dtype, "shape": one.shape} for one in signature.outputs],
        "obstacle": _obstacle(signature.inputs),
    }


def _call(call: Call | None) -> dict[str, Any] | None:
    if call is None or not call.args:
        return None
    return {
        "args": [_structure(one) for one in call.args],
        "kwargs": {name: _structure(one) for name, one in call.kwargs},
        "obstacle": _obstacle(of_call(call)),
    }


def _obstacle(tensors: Iterable[Tensor]) -> str:
    return "; ".join(filter(None, map(obstacle, tensors)))


def _structure(found: Structure) -> dict[str, Any]:
    match found:
        case Tensor():
            made = recipe(found)
            return {"dtype": made.dtype, "shape": list(made.shape), "fill": made.fill.value} if made else {"value": None}
        case Constant(value=value):
            return {"value": value}
        case Items(items=items):
            return {"list": [_structure(one) for one in items]}
        case Named(items=named):
            return {"dict": {name: _structure(one) for name, one in named}}
