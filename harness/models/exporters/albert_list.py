"""Makes a tiny `albert_en_base/1` with list interface: `albert_list.py MODEL_DIR RECORD.json`.

By the Model Garden's exporter of 2020, `official.nlp.albert.export_albert_tfhub` (tf-models-official 2.2 and 2.3).
"""

import sys
import tempfile

import fixture
import pieces
import tensorflow as tf
from official.nlp.albert import export_albert_tfhub
from official.nlp.albert.configs import AlbertConfig

CONFIG = fixture.bert_config(AlbertConfig, vocab_size=pieces.SIZE, embedding_size=fixture.WIDTH // 2)


def checkpoint(path):
    """Save a checkpoint with seeded weights, and return its path."""
    _, encoder = export_albert_tfhub.create_albert_model(CONFIG)
    encoder.set_weights(fixture.weights(encoder.get_weights()))
    return tf.train.Checkpoint(model=encoder, encoder=encoder).save(path)


def main(model_dir, record):
    with tempfile.TemporaryDirectory() as folder:
        model_file = pieces.train(folder)
        inputs = fixture.inputs(pieces.ids(model_file))
        export_albert_tfhub.export_albert_tfhub(CONFIG, checkpoint(folder + "/weights"), model_dir, model_file)
    pooled, sequence = tf.saved_model.load(model_dir)([tf.constant(value) for value in inputs.values()])
    fixture.write_vectors(record, pooled.numpy(), sequence.numpy(), inputs_fed=inputs, vocab_size=pieces.SIZE)


if __name__ == "__main__":
    main(*sys.argv[1:])
