"""Runs in TensorFlow's environment: `lower.py MODEL_DIR OUT_DIR SHAPES.json` writes the HLO of each program.

SHAPES.json: a list of [operation, length, batch]. Written: `<operation>-<length>-<batch>.pb` (HloModuleProto, batch and length
static, weights and optimizer slots as parameters), each whole or not at all, and `facts.json`: versions and weights.

A step can't be lowered as it stands. Under a tape, TensorFlow rewrites the function that hub loaded into one call that also
returns the shapes its gradient needs; XLA then wants every argument of that call at compile time, the weights and the token ids
too, and they become constants of the program (measured with 2.15.1: 23 parameters, none of them used; with `jit_compile=True`
every step is compiled anew). So all calls are inlined first, as TPU's own path does; then they are parameters, and what the
optimizer updates is marked as input-output alias.
"""

import json
import sys
from pathlib import Path

import tensorflow as tf
import tensorflow_hub as hub
from tensorflow.compiler.xla.service import hlo_pb2
from tensorflow.python.framework import convert_to_constants

NAMES = ("input_word_ids", "input_mask", "input_type_ids")
TOKENS = {name: tf.TensorSpec([None, None], tf.int32, name=name) for name in NAMES}
LABELS = tf.TensorSpec([None], tf.int32, name="labels")
CLASSES = 2
RATE = 3e-5


def forward(layer):
    @tf.function(input_signature=[TOKENS])
    def pooled(tokens):
        return layer(tokens)["pooled_output"]

    return pooled


def step(layer, optimizer):
    """Forward pass, gradients, update: what `fit` does in a step, in one function."""
    head = tf.keras.layers.Dense(CLASSES)
    head.build(layer(tokens_of(1, 2))["pooled_output"].shape)
    weights = layer.trainable_variables + head.trainable_variables
    optimizer.build(weights)  # with the head above, before tracing: a tf.function makes variables on its first call only

    @tf.function(input_signature=[TOKENS, LABELS])
    def train(tokens, labels):
        with tf.GradientTape() as tape:
            logits = head(layer(tokens, training=True)["pooled_output"])
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    return train


# By default Keras 2.15 puts an optimizer's update into a compiled function of its own; here the whole step is compiled.
OPERATIONS = {
    "forward": forward,
    "sgd": lambda layer: step(layer, tf.keras.optimizers.SGD(RATE, jit_compile=False)),
    "adamw": lambda layer: step(layer, tf.keras.optimizers.AdamW(RATE, jit_compile=False)),
}


def inlined(function):
    """Return a function as one graph without calls, compiled by XLA."""
    traced = function.get_concrete_function()
    # There is no public name. False: control flow is not lowered, for XLA compiles its functional form. True: functions with
    # stateful ops, such as a variable's update, are inlined too. `lowered` checks what comes out.
    graph = convert_to_constants._run_inline_graph_optimization(traced, False, True)
    fed = [tensor.op.name for tensor in traced.inputs]
    nodes = [node for node in graph.node if node.name not in fed]
    del graph.node[:]
    graph.node.extend(nodes)

    @tf.function(jit_compile=True)
    def compiled(*arguments):
        func_graph = tf.compat.v1.get_default_graph()
        outer = [func_graph.capture(tensor) for tensor in (*tf.nest.flatten(arguments), *traced.captured_inputs)]
        inputs = {name + ":0": tensor for name, tensor in zip(fed, outer, strict=True)}
        return tf.graph_util.import_graph_def(graph, input_map=inputs, return_elements=[traced.outputs[0].name], name="")

    return compiled


def lowered(function, operation, length, batch):
    labels = [] if operation == "forward" else [tf.zeros([batch], tf.int32)]
    data = function.experimental_get_compiler_ir(tokens_of(batch, length), *labels)(stage="hlo_serialized")
    shapes = [tuple(parameter.dimensions) for parameter in hlo_pb2.HloModuleProto.FromString(data).host_program_shape.parameters]
    if shapes.count((batch, length)) < len(NAMES):
        sys.exit(f"{operation} {batch} x {length}: token ids and weights became constants of the program")
    return data


def tokens_of(batch, length):
    return {name: tf.zeros([batch, length], tf.int32) for name in NAMES}


def write(path, data):
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.rename(path)


def main(model, target, shapes):
    programs = json.loads(shapes.read_bytes())
    layer = hub.KerasLayer(str(model), trainable=True)
    weights = sum(int(tf.size(variable)) for variable in layer.trainable_variables)
    write(target / "facts.json", json.dumps({"weights": weights, "variables": len(layer.trainable_variables)}).encode())
    functions = {operation: inlined(OPERATIONS[operation](layer)) for operation in sorted({program[0] for program in programs})}
    for operation, length, batch in programs:
        write(target / f"{operation}-{length}-{batch}.pb", lowered(functions[operation], operation, length, batch))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
