"""Makes a tiny `bert_en/1`, the first BERT for TF2: `bert_en_1.py MODEL_DIR RECORD.json`.

By the Model Garden's exporter of October 2019 (tf-models-official 0.0.3.dev1). It needs
tf.keras.utils.register_keras_serializable, which TensorFlow 2.1 brought. List interface; like the published one, without
dropout in training.
"""

import shutil
import sys
import tempfile

import fixture
import tensorflow as tf
from official.nlp.bert import export_tfhub
from official.nlp.bert_modeling import BertConfig

CONFIG = fixture.bert_config(BertConfig)


def checkpoint(path):
    """Save a checkpoint with seeded weights, and return its path."""
    model = export_tfhub.create_bert_model(CONFIG)
    model.set_weights(fixture.weights(model.get_weights()))
    return tf.train.Checkpoint(model=model).save(path)


def main(model_dir, record):
    with tempfile.TemporaryDirectory() as folder:
        # The exporter takes do_lower_case from the name of the vocabulary: a folder "uncased" keeps the file's own name.
        uncased = tempfile.mkdtemp(suffix="uncased", dir=folder)
        vocab_file = shutil.copy(str(fixture.VOCAB_FILE), uncased)
        export_tfhub.export_bert_tfhub(CONFIG, checkpoint(folder + "/weights"), model_dir, vocab_file)
    pooled, sequence = tf.saved_model.load(model_dir)([tf.constant(value) for value in fixture.inputs().values()])
    fixture.write_vectors(record, pooled.numpy(), sequence.numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
