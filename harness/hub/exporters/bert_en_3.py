"""Makes a tiny `bert_en/3` with the Model Garden's own exporter: `bert_en_3.py MODEL_DIR RECORD.json`.

A TF2 SavedModel with dict interface. Runs on tf-models-official 2.5; the harness never imports it.
"""

import sys
import tempfile

import fixture
import tensorflow as tf
from official.nlp.bert.configs import BertConfig
from official.nlp.tools import export_tfhub_lib

CONFIG = BertConfig(
    vocab_size=len(fixture.vocabulary()),
    hidden_size=fixture.WIDTH,
    num_hidden_layers=fixture.LAYERS,
    num_attention_heads=fixture.HEADS,
    intermediate_size=fixture.INTERMEDIATE,
    max_position_embeddings=fixture.POSITIONS,
    type_vocab_size=2,
)


def checkpoint(folder):
    """Path of a checkpoint with seeded weights, in the form that the exporter restores in full."""
    encoder = export_tfhub_lib.get_bert_encoder(CONFIG)
    encoder.set_weights(fixture.weights(encoder.get_weights()))
    both = tf.train.Checkpoint(model=encoder, encoder=encoder)
    return both.save(folder + "/weights")


def main(model_dir, record):
    with tempfile.TemporaryDirectory() as folder:
        export_tfhub_lib.export_model(
            model_dir,
            bert_config=CONFIG,
            model_checkpoint_path=checkpoint(folder),
            with_mlm=False,
            vocab_file=str(fixture.VOCAB_FILE),
            do_lower_case=True,
        )
    outputs = tf.saved_model.load(model_dir)(fixture.inputs())
    fixture.write_record(record, **{name: outputs[name].numpy() for name in ("pooled_output", "sequence_output")})


if __name__ == "__main__":
    main(*sys.argv[1:])
