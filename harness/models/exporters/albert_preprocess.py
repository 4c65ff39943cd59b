"""Makes `albert_en_preprocess` with a tiny vocabulary: `albert_preprocess.py MODEL_DIR RECORD.json`.

By the Model Garden's exporter, `official.nlp.tools.export_tfhub_lib`. The SentencePiece model is in the graph, not in a file.
"""

import sys
import tempfile

import fixture
import pieces
import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the ops
from official.nlp.tools import export_tfhub_lib


def main(model_dir, record):
    with tempfile.TemporaryDirectory() as folder:
        export_tfhub_lib.export_preprocessing(
            model_dir,
            sp_model_file=pieces.train(folder),
            do_lower_case=True,
            default_seq_length=128,
            tokenize_with_offsets=False,
            experimental_disable_assert=True,
        )
    outputs = tf.saved_model.load(model_dir)(tf.constant(fixture.TEXTS))
    fixture.write_tokens(record, {name: value.numpy() for name, value in outputs.items()}, vocab_size=pieces.SIZE)


if __name__ == "__main__":
    main(*sys.argv[1:])
