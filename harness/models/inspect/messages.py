"""The part of TensorFlow's protocol buffers that describes a model's inputs and outputs.

Field numbers are those of saved_model.proto, meta_graph.proto, graph.proto, function.proto, saved_object_graph.proto,
trackable_object_graph.proto, struct.proto, tensor_shape.proto, op_def.proto and attr_value.proto; they have not changed since they
were published. The parser skips fields that are not listed. Weights held by constants are among those, so they are never decoded.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

__all__ = ["DTYPES", "DecodeError", "keras_metadata", "saved_model", "variable"]

Fields = dict[str, tuple[int, str]]
PACKAGE = "hubmatrix"
ONE_OF = "StructuredValue"
"""All of its fields are one oneof, so that a flag that is False can be told from no flag."""
FIELD = descriptor_pb2.FieldDescriptorProto
SCALARS = {
    "int32": FIELD.TYPE_INT32,
    "int64": FIELD.TYPE_INT64,
    "sint64": FIELD.TYPE_SINT64,
    "double": FIELD.TYPE_DOUBLE,
    "bool": FIELD.TYPE_BOOL,
    "string": FIELD.TYPE_STRING,
    "bytes": FIELD.TYPE_BYTES,
}

# Type names: `*X` is repeated X, `{X}` is a map from text to X. Enums are read as int32, which their encoding is.
MESSAGES: dict[str, Fields] = {
    "SavedModel": {"meta_graphs": (2, "*MetaGraphDef")},
    "MetaGraphDef": {
        "meta_info_def": (1, "MetaInfoDef"),
        "graph_def": (2, "GraphDef"),
        "collection_def": (4, "{CollectionDef}"),
        "signature_def": (5, "{SignatureDef}"),
        "asset_file_def": (6, "*AssetFileDef"),
        "object_graph_def": (7, "SavedObjectGraph"),
    },
    "MetaInfoDef": {"tags": (4, "*string"), "tensorflow_version": (5, "string")},
    "AssetFileDef": {"filename": (2, "string")},
    "CollectionDef": {"bytes_list": (2, "BytesList")},
    "BytesList": {"value": (1, "*bytes")},
    "GraphDef": {"node": (1, "*NodeDef"), "library": (2, "FunctionDefLibrary")},
    "FunctionDefLibrary": {"function": (1, "*FunctionDef")},
    "FunctionDef": {"signature": (1, "OpDef"), "node_def": (3, "*NodeDef")},
    "OpDef": {"name": (1, "string")},
    "NodeDef": {"name": (1, "string"), "op": (2, "string"), "input": (3, "*string"), "attr": (5, "{AttrValue}")},
    "AttrValue": {"list": (1, "AttrList"), "func": (10, "NameAttrList")},
    "AttrList": {"func": (9, "*NameAttrList")},
    "NameAttrList": {"name": (1, "string")},
    "SignatureDef": {"inputs": (1, "{TensorInfo}"), "outputs": (2, "{TensorInfo}")},
    "TensorInfo": {
        "name": (1, "string"),
        "dtype": (2, "int32"),
        "tensor_shape": (3, "TensorShapeProto"),
        "coo_sparse": (4, "CooSparse"),
        "composite_tensor": (5, "Empty"),
    },
    "CooSparse": {
        "values_tensor_name": (1, "string"),
        "indices_tensor_name": (2, "string"),
        "dense_shape_tensor_name": (3, "string"),
    },
    "TensorShapeProto": {"dim": (2, "*Dim"), "unknown_rank": (3, "bool")},
    "Dim": {"size": (1, "int64")},
    "VariableDef": {"variable_name": (1, "string")},
    "SavedObjectGraph": {"nodes": (1, "*SavedObject"), "concrete_functions": (2, "{SavedConcreteFunction}")},
    "SavedObject": {
        "children": (1, "*ObjectReference"),
        "slot_variables": (3, "*SlotVariableReference"),
        "user_object": (4, "SavedUserObject"),
        "function": (6, "SavedFunction"),
        "variable": (7, "SavedVariable"),
    },
    "ObjectReference": {"node_id": (1, "int32"), "local_name": (2, "string")},
    "SlotVariableReference": {"slot_variable_node_id": (3, "int32")},
    "SavedUserObject": {"identifier": (1, "string"), "metadata": (3, "string")},
    "KerasMetadata": {"nodes": (1, "*KerasObject")},
    "KerasObject": {"identifier": (4, "string"), "metadata": (5, "string")},
    "SavedFunction": {"concrete_functions": (1, "*string")},
    "SavedVariable": {"dtype": (1, "int32"), "shape": (2, "TensorShapeProto"), "trainable": (3, "bool"), "name": (6, "string")},
    "SavedConcreteFunction": {"canonicalized_input_signature": (3, "StructuredValue"), "output_signature": (4, "StructuredValue")},
    "StructuredValue": {
        "none_value": (1, "Empty"),
        "float64_value": (11, "double"),
        "int64_value": (12, "sint64"),
        "string_value": (13, "string"),
        "bool_value": (14, "bool"),
        "tensor_shape_value": (31, "TensorShapeProto"),
        "tensor_dtype_value": (32, "int32"),
        "tensor_spec_value": (33, "TensorSpec"),
        "type_spec_value": (34, "TypeSpec"),
        "bounded_tensor_spec_value": (35, "TensorSpec"),
        "list_value": (51, "ListValue"),
        "tuple_value": (52, "ListValue"),
        "dict_value": (53, "DictValue"),
        "named_tuple_value": (54, "NamedTuple"),
    },
    "TensorSpec": {"name": (1, "string"), "shape": (2, "TensorShapeProto"), "dtype": (3, "int32")},
    "TypeSpec": {"type_spec_class": (1, "int32"), "type_state": (2, "StructuredValue"), "type_spec_class_name": (4, "string")},
    "ListValue": {"values": (1, "*StructuredValue")},
    "DictValue": {"fields": (1, "{StructuredValue}")},
    "NamedTuple": {"name": (1, "string")},
    "Empty": {},
}

DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    14: "bfloat16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    20: "resource",
    21: "variant",
    22: "uint32",
    23: "uint64",
}
"""types.proto. Quantized types are not among them: nothing outside TensorFlow can make them."""


def saved_model(data: bytes) -> Any:
    """Decode a SavedModel. Raises DecodeError if the bytes are cut off or something else."""
    return _classes()["SavedModel"].FromString(data)


def keras_metadata(data: bytes) -> Any:
    """Decode the file that Keras 2.5 and later write beside a SavedModel (saved_metadata.proto): a JSON text for each Keras object.

    Raises DecodeError if the bytes are something else.
    """
    return _classes()["KerasMetadata"].FromString(data)


def variable(data: bytes) -> Any:
    """Decode a VariableDef, which TF1 graphs keep in their collections."""
    return _classes()["VariableDef"].FromString(data)


@cache
def _classes() -> dict[str, Any]:
    # Built at run time, for TensorFlow's generated classes would need TensorFlow beside the harness.
    file = descriptor_pb2.FileDescriptorProto(name=f"{PACKAGE}.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, type_) in fields.items():
            _add(message, field, number, type_)
        if name == ONE_OF:
            message.oneof_decl.add(name="kind")
            for added in message.field:
                added.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES}


def _add(message: descriptor_pb2.DescriptorProto, name: str, number: int, type_: str) -> None:
    bare = type_.strip("*{}")
    repeated = FIELD.LABEL_REPEATED if type_ != bare else FIELD.LABEL_OPTIONAL
    field = message.field.add(name=name, number=number, label=repeated)
    if type_.startswith("{"):
        entry = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _add(entry, "key", 1, "string")
        _add(entry, "value", 2, bare)
        field.type, field.type_name = FIELD.TYPE_MESSAGE, f".{PACKAGE}.{message.name}.{entry.name}"
    elif bare in SCALARS:
        field.type = SCALARS[bare]
    else:
        field.type, field.type_name = FIELD.TYPE_MESSAGE, f".{PACKAGE}.{bare}"
