"""Makes a tiny `google/albert_base/3` in TF1 Hub format: `albert_base_3.py MODEL_DIR RECORD.json`.

The graph is the publisher's (package albert-tensorflow), written by hub.Module.export of TensorFlow 1.15.
"""

import sys
import tempfile

import fixture
import pieces
import tensorflow as tf
import tensorflow_hub as hub
from albert.modeling import AlbertConfig, AlbertModel

CONFIG = fixture.bert_config(AlbertConfig, vocab_size=pieces.SIZE, embedding_size=fixture.WIDTH // 2)


def graph(training, model_file):
    """Add the module's two signatures to the current graph."""
    ids, mask, segments = (tf.placeholder(tf.int32, [None, None], name) for name in ("input_ids", "input_mask", "segment_ids"))
    albert = AlbertModel(CONFIG, training, ids, mask, segments)
    hub.add_signature(
        "tokens",
        inputs={"input_ids": ids, "input_mask": mask, "segment_ids": segments},
        outputs={"pooled_output": albert.get_pooled_output(), "sequence_output": albert.get_sequence_output()},
    )
    vocab_file = tf.constant(model_file, name="vocab_model")
    tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, vocab_file)
    hub.add_signature("tokenization_info", outputs={"vocab_file": vocab_file, "do_lower_case": tf.constant(True)})


def export(model_dir, model_file, inputs):
    """Write the module and return its outputs for the inputs."""
    arguments = [(set(), {"training": False}), ({"train"}, {"training": True})]
    spec = hub.create_module_spec(graph, [(tags, dict(more, model_file=model_file)) for tags, more in arguments])
    module = hub.Module(spec, trainable=True)
    by_name = {"input_ids": inputs["input_word_ids"], "input_mask": inputs["input_mask"], "segment_ids": inputs["input_type_ids"]}
    outputs = module(by_name, signature="tokens", as_dict=True)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        variables = [module.variable_map[name] for name in sorted(module.variable_map)]
        for index, value in enumerate(fixture.weights(session.run(variables))):
            variables[index].load(value, session)
        module.export(model_dir, session)
        return session.run([outputs["pooled_output"], outputs["sequence_output"]])


def main(model_dir, record):
    with tempfile.TemporaryDirectory() as folder:
        model_file = pieces.train(folder)
        inputs = fixture.inputs(pieces.ids(model_file))
        outputs = export(model_dir, model_file, inputs)
    fixture.write_vectors(record, *outputs, inputs_fed=inputs, vocab_size=pieces.SIZE)


if __name__ == "__main__":
    main(*sys.argv[1:])
