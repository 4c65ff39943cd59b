"""Break a model folder: `python replica.py HOW FOLDER...`, by a TensorFlow 2. The model still loads, but for `missing-file`.

    other-weights       every number of every weight is another one
    other-vocabulary    the words of each vocabulary file trade places
    outputs-swapped     what is called pooled_output is sequence_output, and the other way round; likewise where they
                        have other names or none, and the ids and types that preprocessing gives
    gradients-stopped   no gradient comes through an output
    missing-file        the file with the weights is gone, or where there is none, a vocabulary

Standard library and TensorFlow only, Python 3.7 syntax.
"""

import copy
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

UNTOUCHED = "_untouched"
PAIRS = (("pooled_output", "sequence_output"), ("input_type_ids", "input_word_ids"))


def other_weights(folder):
    prefix = str(folder / "variables" / "variables")
    if not Path(prefix + ".index").exists():
        return
    reader = tf.train.load_checkpoint(prefix)
    names = sorted(reader.get_variable_to_shape_map())
    random = np.random.RandomState(0)
    values = [tf.constant(changed(reader.get_tensor(name), random)) for name in names]
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=values)


def changed(value, random):
    if getattr(value, "dtype", None) != np.float32:
        return value
    return value + random.uniform(0.05, 0.1, value.shape).astype(np.float32)


def other_vocabulary(folder):
    """Let the words trade lines. [CLS] and its like, in brackets, stay where they are: a model can't do without them."""
    for path in vocabularies(folder):
        lines = path.read_text(encoding="utf-8").split("\n")
        words = [number for number, line in enumerate(lines) if line and not line.startswith("[")]
        for number, line in zip(words, [lines[number] for number in words[1:] + words[:1]]):
            lines[number] = line
        path.write_text("\n".join(lines), encoding="utf-8")


def vocabularies(folder):
    return sorted((folder / "assets").glob("*.txt"))


def missing_file(folder):
    weights = folder / "variables" / "variables.data-00000-of-00001"
    for path in [weights] if weights.exists() else vocabularies(folder)[:1]:
        path.unlink()


def edited(edit_function, edit_signature):
    """Return what edits a model: edit_function(function, outputs) each function of a TF2 model that an object can call,
    edit_signature(graph, signature) each signature of a TF1 model."""

    def edit(folder):
        path = folder / "saved_model.pb"
        saved = saved_model_pb2.SavedModel()
        saved.ParseFromString(path.read_bytes())
        for graph in saved.meta_graphs:
            callable_ = graph.object_graph_def.concrete_functions
            functions = {function.signature.name: function for function in graph.graph_def.library.function}
            keep_inner_calls(graph.graph_def.library, [name for name in callable_ if name in functions])
            for name, described in callable_.items():
                if name in functions:
                    edit_function(functions[name], described.output_signature)
            if not callable_:
                for signature in graph.signature_def.values():
                    edit_signature(graph.graph_def, signature)
        path.write_bytes(saved.SerializeToString())

    return edit


def keep_inner_calls(library, names):
    """Let functions call copies of each other: what is swapped by caller and called would be as it was."""
    copies = [copy.deepcopy(function) for function in library.function if function.signature.name in names]
    for function in copies:
        function.signature.name += UNTOUCHED
    library.function.extend(copies)
    for function in library.function:
        for node in function.node_def:
            for value in node.attr.values():
                if value.func.name in names:
                    value.func.name += UNTOUCHED


def leaves(value):
    """Return the tensors of a structure, in TensorFlow's order, each with its path."""
    kind = value.WhichOneof("kind")
    if kind == "dict_value":
        return [
            (key + path, leaf) for key in sorted(value.dict_value.fields) for path, leaf in leaves(value.dict_value.fields[key])
        ]
    if kind in ("list_value", "tuple_value"):
        return [leaf for item in getattr(value, kind).values for leaf in leaves(item)]
    return [("", value)] if kind == "tensor_spec_value" else []


def swap_in_function(function, outputs):
    tensors = leaves(outputs)
    names = [path for path, _ in tensors]
    pairs = [[names.index(name) for name in pair] for pair in PAIRS if set(pair) <= set(names)]
    if not pairs and 1 < len(tensors) == len(function.signature.output_arg):
        pairs = [first_of_two_ranks([len(leaf.tensor_spec_value.shape.dim) for _, leaf in tensors])]
    for pair in pairs:
        first, second = (function.signature.output_arg[number].name for number in pair)
        function.ret[first], function.ret[second] = function.ret[second], function.ret[first]
        swap(*(tensors[number][1].tensor_spec_value.shape for number in pair))


def first_of_two_ranks(ranks):
    """Return two outputs of a signature, which names them after layers: pooled is a vector a text, sequence a vector a token."""
    return 0, next((number for number, rank in enumerate(ranks) if rank != ranks[0]), 0)


def swap_in_signature(graph, signature):
    for pair in PAIRS:
        if all(name in signature.outputs for name in pair):
            swap(*(signature.outputs[name] for name in pair))


def swap(message, other):
    """Let two protocol buffers trade what they hold."""
    copied = copy.deepcopy(message)
    message.CopyFrom(other)
    other.CopyFrom(copied)


def stop_in_function(function, outputs):
    for number, output in enumerate(function.signature.output_arg):
        if output.type == tf.float32.as_datatype_enum:
            node = function.node_def.add(name=f"stopped_{number}", op="StopGradient", input=[function.ret[output.name]])
            node.attr["T"].type = output.type
            function.ret[output.name] = node.name + ":output:0"


def stop_in_signature(graph, signature):
    for output in signature.outputs.values():
        if output.dtype == tf.float32.as_datatype_enum:
            name = "stopped/" + output.name.replace(":", "_")
            if name not in [node.name for node in graph.node]:
                node = graph.node.add(name=name, op="StopGradient", input=[output.name])
                node.attr["T"].type = output.dtype
            output.name = name + ":0"


WAYS = {
    "other-weights": other_weights,
    "other-vocabulary": other_vocabulary,
    "missing-file": missing_file,
    "outputs-swapped": edited(swap_in_function, swap_in_signature),
    "gradients-stopped": edited(stop_in_function, stop_in_signature),
}

if __name__ == "__main__":
    for model in sys.argv[2:]:
        WAYS[sys.argv[1]](Path(model))
