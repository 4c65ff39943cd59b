"""Makes a tiny `albert_en_base` with dict interface, and its masked language model: `albert_dict.py MODEL_DIR RECORD.json`.

By the Model Garden's exporter for TF Hub, `official.nlp.tools.export_tfhub_lib`.
"""

import sys
import tempfile

import fixture
import pieces
import tensorflow as tf
from official.modeling import tf_utils
from official.nlp.configs import encoders
from official.nlp.modeling import models
from official.nlp.tools import export_tfhub_lib

CONFIG = encoders.EncoderConfig(
    type="albert",
    albert=encoders.AlbertEncoderConfig(
        vocab_size=pieces.SIZE,
        embedding_width=fixture.WIDTH // 2,
        hidden_size=fixture.WIDTH,
        num_layers=fixture.LAYERS,
        num_attention_heads=fixture.HEADS,
        intermediate_size=fixture.INTERMEDIATE,
        max_position_embeddings=fixture.POSITIONS,
    ),
)


def checkpoint(path):
    """Save a checkpoint with seeded weights, and return its path. It has the form that the exporter restores in full."""
    encoder = encoders.build_encoder(CONFIG)
    pretrainer = models.BertPretrainerV2(encoder, mlm_activation=tf_utils.get_activation(CONFIG.get().hidden_activation))
    pretrainer(pretrainer.inputs)  # creates the variables
    pretrainer.set_weights(fixture.weights(pretrainer.get_weights()))
    return tf.train.Checkpoint(**pretrainer.checkpoint_items).save(path)


def main(model_dir, record):
    with tempfile.TemporaryDirectory() as folder:
        model_file = pieces.train(folder)
        inputs = fixture.inputs(pieces.ids(model_file))
        export_tfhub_lib.export_model(
            model_dir,
            encoder_config=CONFIG,
            model_checkpoint_path=checkpoint(folder + "/weights"),
            with_mlm=True,
            sp_model_file=model_file,
        )
    outputs = tf.saved_model.load(model_dir)(inputs)
    pooled, sequence = (outputs[name].numpy() for name in ("pooled_output", "sequence_output"))
    fixture.write_vectors(record, pooled, sequence, inputs_fed=inputs, vocab_size=pieces.SIZE)


if __name__ == "__main__":
    main(*sys.argv[1:])
