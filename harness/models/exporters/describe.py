"""Writes what a model folder holds, apart from what may differ between two exports: `describe.py MODEL_DIR OUT.json`.

Tags, signatures with types and shapes, the kinds of ops (the functions' too), the root object's children, and every
variable's type, shape and digest. Runs inside the exporter's environment (TensorFlow 1.15 and 2.5).
"""

import hashlib
import json
import sys
from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2


def tensors(infos):
    return {
        name: [tf.as_dtype(info.dtype).name if info.dtype else "none", [dim.size for dim in info.tensor_shape.dim]]
        for name, info in infos.items()
        if info.name
    }


def meta_graph(graph):
    definition = graph.graph_def
    nodes = list(definition.node) + [node for function in definition.library.function for node in function.node_def]
    root = graph.object_graph_def.nodes[0].children if graph.object_graph_def.nodes else []
    return {
        "ops": sorted({node.op for node in nodes}),
        "children": sorted(child.local_name for child in root),
        "signatures": {
            name: {"inputs": tensors(signature.inputs), "outputs": tensors(signature.outputs)}
            for name, signature in graph.signature_def.items()
        },
    }


def variables(folder):
    reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
    described = {}
    for name in reader.get_variable_to_shape_map():
        value = reader.get_tensor(name)
        if hasattr(value, "tobytes"):  # the object graph is plain bytes; its order may differ
            described[name] = [str(value.dtype), list(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]
    return described


def main(folder, target):
    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((folder / "saved_model.pb").read_bytes())
    graphs = {",".join(sorted(graph.meta_info_def.tags)): meta_graph(graph) for graph in proto.meta_graphs}
    target.write_text(json.dumps({"graphs": graphs, "variables": variables(folder)}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
