"""Makes a tiny TF2 SavedModel with list interface: `bert_list.py MODEL_DIR RECORD.json bert|electra`.

By the Model Garden's exporter of 2020, `official.nlp.bert.export_tfhub` (tf-models-official 2.2 and 2.3; ELECTRA's narrow
embedding needs 2.3). Like the published ones, the model has `vocab_file` and `do_lower_case`.
"""

import shutil
import sys
import tempfile

import fixture
import numpy as np
import tensorflow as tf
from official.nlp.bert import export_tfhub
from official.nlp.bert.configs import BertConfig

SEEDS = {"bert": fixture.SEED, "electra": 20200603}


def checkpoint(config, family, path):
    """Save a checkpoint with seeded weights, and return its path.

    ELECTRA has no trained pooler; its publisher put the identity there.
    """
    _, encoder = export_tfhub.create_bert_model(config)
    encoder.set_weights(fixture.weights(encoder.get_weights(), SEEDS[family]))
    if family == "electra":
        (pooler,) = (layer for layer in encoder.layers if layer.name == "pooler_transform")
        pooler.set_weights([np.eye(fixture.WIDTH), np.zeros(fixture.WIDTH)])
    return tf.train.Checkpoint(model=encoder, encoder=encoder).save(path)


def main(model_dir, record, family):
    config = fixture.bert_config(BertConfig, **({"embedding_size": fixture.WIDTH // 2} if family == "electra" else {}))
    with tempfile.TemporaryDirectory() as folder:
        # The exporter takes do_lower_case from the name of the vocabulary: a folder "uncased" keeps the file's own name.
        uncased = tempfile.mkdtemp(suffix="uncased", dir=folder)
        vocab_file = shutil.copy(str(fixture.VOCAB_FILE), uncased)
        export_tfhub.export_bert_tfhub(config, checkpoint(config, family, folder + "/weights"), model_dir, vocab_file)
    pooled, sequence = tf.saved_model.load(model_dir)([tf.constant(value) for value in fixture.inputs().values()])
    fixture.write_vectors(record, pooled.numpy(), sequence.numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
