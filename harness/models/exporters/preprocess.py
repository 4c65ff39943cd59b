"""Makes `bert_en_uncased_preprocess` with a tiny vocabulary: `preprocess.py MODEL_DIR RECORD.json 1|3`.

By the Model Garden's exporter, `official.nlp.tools.export_tfhub_lib`. Its tokenizer layer keeps the initializer of its table
as an attribute, which works around https://github.com/tensorflow/tensorflow/issues/46456: without that, a model that was
loaded and saved again still asks for vocab.txt in the folder where it was first loaded from
(https://github.com/tensorflow/hub/issues/719). Versions 1 and 2 were published before the work-around.
"""

import sys
from unittest import mock

import fixture
import tensorflow as tf
import tensorflow_text  # noqa: F401  registers the ops
from official.nlp.modeling import layers
from official.nlp.tools import export_tfhub_lib

OPTIONS = {"vocab_file": str(fixture.VOCAB_FILE), "do_lower_case": True, "default_seq_length": 128, "tokenize_with_offsets": False}


def export_3(model_dir):
    """Export without Assert ops, as of version 2."""
    export_tfhub_lib.export_preprocessing(model_dir, experimental_disable_assert=True, **OPTIONS)


class BertTokenizer(layers.BertTokenizer):
    """The tokenizer layer without the work-around; to delete the attribute afterwards leaves it in what is saved."""

    def __setattr__(self, name, value):
        if name != "_vocab_initializer_donotuse":
            super().__setattr__(name, value)


def export_1(model_dir):
    """Export with Assert ops and without the work-around."""
    with mock.patch.object(layers, "BertTokenizer", BertTokenizer):
        export_tfhub_lib.export_preprocessing(model_dir, **OPTIONS)


def main(model_dir, record, version):
    {"1": export_1, "3": export_3}[version](model_dir)
    outputs = tf.saved_model.load(model_dir)(tf.constant(fixture.TEXTS))
    fixture.write_tokens(record, {name: value.numpy() for name, value in outputs.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
