"""Exports a BERT tokenizer: ops of tensorflow-text, as the preprocessing models have them."""

from pathlib import Path

import tensorflow as tf
import tensorflow_text as text

tf.compat.v1.enable_v2_behavior()  # for TensorFlow 1.15
Path("vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\nworld\n")


class Tokenizer(tf.Module):
    def __init__(self):
        super().__init__()
        line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        entries = tf.lookup.TextFileInitializer("vocab.txt", tf.string, line, tf.int64, number)
        self.vocabulary = tf.lookup.StaticVocabularyTable(entries, num_oov_buckets=1)
        self.tokenizer = text.BertTokenizer(self.vocabulary, token_out_type=tf.int64, lower_case=True)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, sentences):
        return self.tokenizer.tokenize(sentences).to_tensor()


tf.saved_model.save(Tokenizer(), "model")
