"""SentencepieceTokenizer.detokenize inside of what XLA compiles, as everything on a TPU is."""

import io

import sentencepiece
import tensorflow as tf
import tensorflow_text as text

model = io.BytesIO()
sentences = iter(["hello world", "the cat sat on the mat", "a model of a few words"] * 20)
sentencepiece.SentencePieceTrainer.train(sentence_iterator=sentences, model_writer=model, vocab_size=30, hard_vocab_limit=False)
tokenizer = text.SentencepieceTokenizer(model.getvalue())


def detokenize(tokens):
    return tokenizer.detokenize(tokens)


try:
    compiled = tf.function(detokenize, jit_compile=True)
except TypeError:  # up to TensorFlow 2.4
    compiled = tf.function(detokenize, experimental_compile=True)

compiled(tf.constant([[5, 6, 7]]))
