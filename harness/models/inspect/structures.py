"""Convert TensorFlow's descriptions of tensors and arguments to values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.models.inspect.messages import DTYPES
from harness.models.inspect.values import Constant, Items, Layout, Named, Shape, Structure, Tensor

SPARSE_PARTS = ("indices", "values", "dense_shape")
SPARSE_SPEC, RAGGED_SPEC = 1, 3
"""TypeSpecProto.TypeSpecClass."""


def shape(proto: Any) -> Shape | None:
    """Return the sizes; None if the rank is unknown."""
    return None if proto.unknown_rank else tuple(dim.size if dim.size >= 0 else None for dim in proto.dim)


def tensor(name: str, dtype: int, sizes: Any, unusual: str = "") -> Tensor:
    """Return a tensor's description; `unusual` if neither numbers nor texts can be put into it."""
    dtype_name = DTYPES.get(dtype, f"type {dtype}")
    if not unusual and (dtype not in DTYPES or dtype_name in ("resource", "variant")):
        unusual = f"{dtype_name} tensor"
    return Tensor(name=name, dtype=dtype_name, shape=shape(sizes), unusual=unusual)


def of_info(name: str, info: Any) -> Tensor:
    """Return the tensor that a TensorInfo of a signature describes.

    TensorFlow 1 writes a sparse one as `coo_sparse`; what TensorFlow 2 loads takes its parts by these names (2.8.4, 2.15.1 and
    2.19.1).
    """
    if info.HasField("coo_sparse"):
        parts = tuple(f"{name}_{part}" for part in SPARSE_PARTS)
        return replace(tensor(name, info.dtype, info.tensor_shape), layout=Layout.SPARSE, parts=parts)
    return tensor(name, info.dtype, info.tensor_shape, "composite tensor" if info.HasField("composite_tensor") else "")


def structure(value: Any, name: str = "") -> Structure:
    """Return the structure that a StructuredValue describes. `name` is used for a tensor that has none of its own."""
    kind = value.WhichOneof("kind")
    match kind:
        case "tensor_spec_value" | "bounded_tensor_spec_value":
            spec = getattr(value, kind)
            return tensor(name or spec.name, spec.dtype, spec.shape)
        case "type_spec_value":
            return _composite(value.type_spec_value, name)
        case "list_value" | "tuple_value":
            return Items(items=tuple(structure(item) for item in getattr(value, kind).values))
        case "dict_value":
            fields = value.dict_value.fields
            return Named(items=tuple((key, structure(fields[key], key)) for key in sorted(fields)))
        case "bool_value" | "int64_value" | "float64_value" | "string_value":
            return Constant(value=getattr(value, kind))
        case None | "none_value":
            return Constant(value=None)
        case other:
            return Tensor(name=name, dtype="variant", shape=None, unusual=other.removesuffix("_value").replace("_", " "))


def _composite(spec: Any, name: str) -> Tensor:
    """Return the tensor of a TypeSpec, whose state is (shape, dtype) and, for a ragged one, (ragged rank, type of splits)."""
    state = spec.type_state.tuple_value.values
    if spec.type_spec_class == SPARSE_SPEC and len(state) == 2:
        return replace(tensor(name, state[1].tensor_dtype_value, state[0].tensor_shape_value), layout=Layout.SPARSE)
    if spec.type_spec_class == RAGGED_SPEC and len(state) >= 4 and not state[0].tensor_shape_value.unknown_rank:
        flat = tensor(name, state[1].tensor_dtype_value, state[0].tensor_shape_value)
        splits = DTYPES.get(state[3].tensor_dtype_value, "int64")
        return replace(flat, layout=Layout.RAGGED, ragged_rank=state[2].int64_value, splits=splits)
    return Tensor(name=name, dtype="variant", shape=None, unusual=spec.type_spec_class_name or "tensor of an unknown kind")
