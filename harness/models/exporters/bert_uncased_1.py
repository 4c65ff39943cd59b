"""Makes a tiny `google/bert_uncased/1` in TF1 Hub format: `bert_uncased_1.py MODEL_DIR RECORD.json`.

The graph is the publisher's (package bert-tensorflow), written by hub.Module.export of TensorFlow 1.15.
"""

import sys

import fixture
import tensorflow as tf
import tensorflow_hub as hub
from bert.modeling import BertConfig, BertModel

CONFIG = fixture.bert_config(BertConfig)


def graph(training):
    """Add the module's two signatures to the current graph."""
    ids, mask, segments = (tf.placeholder(tf.int32, [None, None], name) for name in ("input_ids", "input_mask", "segment_ids"))
    bert = BertModel(CONFIG, training, ids, mask, segments)
    hub.add_signature(
        "tokens",
        inputs={"input_ids": ids, "input_mask": mask, "segment_ids": segments},
        outputs={"pooled_output": bert.get_pooled_output(), "sequence_output": bert.get_sequence_output()},
    )
    vocab_file = tf.constant(str(fixture.VOCAB_FILE), name="vocab_file")
    tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, vocab_file)
    hub.add_signature("tokenization_info", outputs={"vocab_file": vocab_file, "do_lower_case": tf.constant(True)})


def main(model_dir, record):
    spec = hub.create_module_spec(graph, [(set(), {"training": False}), ({"train"}, {"training": True})])
    module = hub.Module(spec, trainable=True)
    inputs = fixture.inputs()
    by_name = {"input_ids": inputs["input_word_ids"], "input_mask": inputs["input_mask"], "segment_ids": inputs["input_type_ids"]}
    outputs = module(by_name, signature="tokens", as_dict=True)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        variables = [module.variable_map[name] for name in sorted(module.variable_map)]
        for index, value in enumerate(fixture.weights(session.run(variables))):
            variables[index].load(value, session)
        module.export(model_dir, session)
        fixture.write_vectors(record, *session.run([outputs["pooled_output"], outputs["sequence_output"]]))


if __name__ == "__main__":
    main(*sys.argv[1:])
