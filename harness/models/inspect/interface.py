"""Which of the known interfaces a model has, told from what it takes and gives."""

from __future__ import annotations

from harness.domain import HubFormat, Interface
from harness.models.inspect.sample import best_call
from harness.models.inspect.values import Constant, Inspected, Items, Kind, Named, Structure, Tensor

WORDS = frozenset({"input_word_ids", "input_mask", "input_type_ids"})
TOKENS = frozenset({"input_ids", "input_mask", "segment_ids"})
GIVEN = frozenset({"pooled_output", "sequence_output"})
TF1_SIGNATURE = "tokens"


def format_of(inspected: Inspected) -> HubFormat:
    match inspected.kind:
        case Kind.TF1_HUB:
            return HubFormat.TF1_HUB
        case Kind.SAVED_MODEL:
            return HubFormat.SAVED_MODEL_2
        case Kind.KERAS_ZIP | Kind.KERAS_H5:
            return HubFormat.KERAS_FILE


def interface_of(inspected: Inspected) -> Interface:
    """`other` unless inputs and outputs are those of a text encoder (or of its preprocessing) as they are published."""
    if inspected.kind is Kind.TF1_HUB:
        return Interface.TF1_SIGNATURE if _is_tokens(inspected) else Interface.OTHER
    call = best_call(inspected.content.calls)
    if inspected.kind is not Kind.SAVED_MODEL or call is None or not call.args:
        return Interface.OTHER
    taken, given = call.args[0], _keys(call.outputs)
    if _keys(taken) == WORDS and given >= GIVEN:
        return Interface.DICT
    if _are_ids(taken) and isinstance(call.outputs, Items) and len(call.outputs.items) == 2:
        return Interface.LIST
    if isinstance(taken, Tensor) and taken.dtype == "string" and given >= WORDS:
        return Interface.TEXT
    return Interface.OTHER


def width_of(inspected: Inspected) -> int:
    """Length of the vectors that an encoder gives; 0 where it is not said."""
    call = best_call(inspected.content.calls)
    pooled: list[Structure] = [one for key, one in _items(call.outputs if call else None) if key in ("pooled_output", "0")]
    signature = next((one for one in inspected.content.signatures if one.name == TF1_SIGNATURE), None)
    pooled += [one for one in (signature.outputs if signature else ()) if one.name == "pooled_output"]
    for one in pooled:
        if isinstance(one, Tensor) and one.shape and one.shape[-1]:
            return one.shape[-1]
    return 0


def _is_tokens(inspected: Inspected) -> bool:
    for signature in inspected.content.signatures:
        if signature.name == TF1_SIGNATURE:
            return {one.name for one in signature.inputs} == TOKENS and {one.name for one in signature.outputs} >= GIVEN
    return False


def _are_ids(taken: Structure) -> bool:
    if not isinstance(taken, Items) or len(taken.items) != 3:
        return False
    return all(isinstance(one, Tensor) and one.dtype == "int32" and one.shape and len(one.shape) == 2 for one in taken.items)


def _keys(found: Structure | None) -> frozenset[str]:
    return frozenset(key for key, _ in found.items) if isinstance(found, Named) else frozenset()


def _items(found: Structure | None) -> tuple[tuple[str, Structure], ...]:
    match found:
        case Named(items=named):
            return named
        case Items(items=items):
            return tuple((str(place), one) for place, one in enumerate(items))
        case None | Tensor() | Constant():
            return ()
