"""Exports a BERT tokenizer: ops of tensorflow-text, as the preprocessing models have them."""

from pathlib import Path

import tensorflow as tf
import tensorflow_text as text

Path("vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\nworld\n")


class Tokenizer(tf.Module):
    def __init__(self):
        super().__init__()
        self.tokenizer = text.BertTokenizer("vocab.txt", token_out_type=tf.int32, lower_case=True)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, sentences):
        return self.tokenizer.tokenize(sentences).merge_dims(1, 2).to_tensor(shape=(None, 8))


tf.saved_model.save(Tokenizer(), "model")
