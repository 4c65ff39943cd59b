"""From TensorFlow's descriptions of tensors and arguments to values."""

from __future__ import annotations

from typing import Any

from harness.models.inspect.messages import DTYPES
from harness.models.inspect.values import Constant, Items, Named, Shape, Structure, Tensor


def shape(proto: Any) -> Shape | None:
    """The sizes; None where the rank is unknown."""
    return None if proto.unknown_rank else tuple(dim.size if dim.size >= 0 else None for dim in proto.dim)


def tensor(name: str, dtype: int, sizes: Any, unusual: str = "") -> Tensor:
    """A tensor's description, and whether numbers or texts can be put into it."""
    known = DTYPES.get(dtype, f"type {dtype}")
    if not unusual and (dtype not in DTYPES or known in ("resource", "variant")):
        unusual = f"{known} tensor"
    return Tensor(name=name, dtype=known, shape=shape(sizes), unusual=unusual)


def of_info(name: str, info: Any) -> Tensor:
    """A TensorInfo of a signature."""
    encoding = next((what for what in ("coo_sparse", "composite_tensor") if info.HasField(what)), "")
    unusual = {"": "", "coo_sparse": "sparse tensor", "composite_tensor": "composite tensor"}[encoding]
    return tensor(name, info.dtype, info.tensor_shape, unusual)


def structure(value: Any, name: str = "") -> Structure:
    """A StructuredValue. `name` is what the tensor is called where the value stands, used where it has no name of its own."""
    kind = value.WhichOneof("kind")
    match kind:
        case "tensor_spec_value" | "bounded_tensor_spec_value":
            spec = getattr(value, kind)
            return tensor(name or spec.name, spec.dtype, spec.shape)
        case "type_spec_value":
            unusual = value.type_spec_value.type_spec_class_name or "tensor of an unknown kind"
            return Tensor(name=name, dtype="variant", shape=None, unusual=unusual)
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
