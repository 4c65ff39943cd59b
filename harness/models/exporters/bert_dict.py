"""Makes a tiny TF2 SavedModel with dict interface: `bert_dict.py MODEL_DIR RECORD.json bert|small-bert|electra`.

By the Model Garden's exporter for TF Hub, `official.nlp.tools.export_tfhub_lib`, public since March 2021 (tf-models-nightly
2.4.0.dev20210308, tf-models-official 2.5.0). BERT has the masked language model beside it; ELECTRA was trained without one.
"""

import sys
import tempfile

import fixture
import numpy as np
import tensorflow as tf
from official.modeling import tf_utils
from official.nlp.bert.configs import BertConfig
from official.nlp.modeling import models
from official.nlp.tools import export_tfhub_lib

SEEDS = {"bert": fixture.SEED, "small-bert": 20201201, "electra": 20200603}


def checkpoint_of_encoder(config, seed, path):
    """Save a checkpoint with seeded weights, and return its path. It has the form that the exporter restores in full.

    ELECTRA has no trained pooler; its publisher put the identity there.
    """
    encoder = export_tfhub_lib.get_bert_encoder(config)
    encoder.set_weights(fixture.weights(encoder.get_weights(), seed))
    encoder.pooler_layer.set_weights([np.eye(fixture.WIDTH), np.zeros(fixture.WIDTH)])
    return tf.train.Checkpoint(model=encoder, encoder=encoder).save(path)


def checkpoint_with_mlm(config, seed, path):
    """Save such a checkpoint of an encoder together with the masked language model that it was trained with."""
    encoder = export_tfhub_lib.get_bert_encoder(config)
    pretrainer = models.BertPretrainerV2(encoder, mlm_activation=tf_utils.get_activation(config.hidden_act))
    pretrainer(pretrainer.inputs)  # creates the variables
    pretrainer.set_weights(fixture.weights(pretrainer.get_weights(), seed))
    return tf.train.Checkpoint(**pretrainer.checkpoint_items).save(path)


def main(model_dir, record, family):
    with_mlm = family != "electra"
    config = fixture.bert_config(BertConfig, embedding_size=None if with_mlm else fixture.WIDTH // 2)
    make = checkpoint_with_mlm if with_mlm else checkpoint_of_encoder
    with tempfile.TemporaryDirectory() as folder:
        export_tfhub_lib.export_model(
            model_dir,
            bert_config=config,
            model_checkpoint_path=make(config, SEEDS[family], folder + "/weights"),
            with_mlm=with_mlm,
            vocab_file=str(fixture.VOCAB_FILE),
            do_lower_case=True,
        )
    outputs = tf.saved_model.load(model_dir)(fixture.inputs())
    fixture.write_vectors(record, outputs["pooled_output"].numpy(), outputs["sequence_output"].numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
