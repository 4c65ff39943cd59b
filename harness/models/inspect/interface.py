"""Recognize a model's interface, by its inputs and outputs."""

from __future__ import annotations

from harness.domain import HubFormat, Interface
from harness.models.inspect.sample import best_call
from harness.models.inspect.values import Constant, Inspected, Items, ModelKind, Named, Structure, Tensor

WORDS = frozenset({"input_word_ids", "input_mask", "input_type_ids"})
TOKENS = frozenset({"input_ids", "input_mask", "segment_ids"})
OUTPUTS = frozenset({"pooled_output", "sequence_output"})
TF1_SIGNATURE = "tokens"


def format_of(inspected: Inspected) -> HubFormat:
    match inspected.kind:
        case ModelKind.TF1_HUB:
            return HubFormat.TF1_HUB
        case ModelKind.SAVED_MODEL:
            return HubFormat.SAVED_MODEL_2
        case ModelKind.KERAS_ZIP | ModelKind.KERAS_H5:
            return HubFormat.KERAS_FILE


def interface_of(inspected: Inspected) -> Interface:
    """Return the interface: `other` unless inputs and outputs are those of a published text encoder or its preprocessing."""
    if inspected.kind is ModelKind.TF1_HUB:
        return Interface.TF1_SIGNATURE if _is_tokens(inspected) else Interface.OTHER
    call = best_call(inspected.content.calls)
    if inspected.kind is not ModelKind.SAVED_MODEL or call is None or not call.args:
        return Interface.OTHER
    argument, outputs = call.args[0], _keys(call.outputs)
    if _keys(argument) == WORDS and outputs >= OUTPUTS:
        return Interface.DICT
    if _are_ids(argument) and isinstance(call.outputs, Items) and len(call.outputs.items) == 2:
        return Interface.LIST
    if isinstance(argument, Tensor) and argument.dtype == "string" and outputs >= WORDS:
        return Interface.TEXT
    return Interface.OTHER


def width_of(inspected: Inspected) -> int:
    """Return the length of an encoder's vectors; 0 if its files don't say."""
    call = best_call(inspected.content.calls)
    pooled: list[Structure] = [output for key, output in _items(call.outputs if call else None) if key in ("pooled_output", "0")]
    signature = next((signature for signature in inspected.content.signatures if signature.name == TF1_SIGNATURE), None)
    pooled += [output for output in (signature.outputs if signature else ()) if output.name == "pooled_output"]
    for output in pooled:
        if isinstance(output, Tensor) and output.shape and output.shape[-1]:
            return output.shape[-1]
    return 0


def _is_tokens(inspected: Inspected) -> bool:
    for signature in inspected.content.signatures:
        if signature.name == TF1_SIGNATURE:
            inputs = {tensor.name for tensor in signature.inputs}
            return inputs == TOKENS and {tensor.name for tensor in signature.outputs} >= OUTPUTS
    return False


def _are_ids(argument: Structure) -> bool:
    if not isinstance(argument, Items) or len(argument.items) != 3:
        return False
    return all(
        isinstance(item, Tensor) and item.dtype == "int32" and item.shape and len(item.shape) == 2 for item in argument.items
    )


def _keys(structure: Structure | None) -> frozenset[str]:
    return frozenset(key for key, _ in structure.items) if isinstance(structure, Named) else frozenset()


def _items(structure: Structure | None) -> tuple[tuple[str, Structure], ...]:
    match structure:
        case Named(items=entries):
            return entries
        case Items(items=items):
            return tuple((str(number), item) for number, item in enumerate(items))
        case None | Tensor() | Constant():
            return ()
