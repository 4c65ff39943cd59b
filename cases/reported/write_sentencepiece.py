"""Exports a SentencePiece tokenizer, as the multilingual sentence encoder has one."""

import io

import sentencepiece
import tensorflow as tf
import tensorflow_text as text

model = io.BytesIO()
sentences = iter(["hello world", "the cat sat on the mat", "a model of a few words"] * 20)
sentencepiece.SentencePieceTrainer.train(sentence_iterator=sentences, model_writer=model, vocab_size=30, hard_vocab_limit=False)


class Tokenizer(tf.Module):
    def __init__(self):
        super().__init__()
        self.tokenizer = text.SentencepieceTokenizer(model.getvalue())

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, sentences):
        return self.tokenizer.tokenize(sentences).to_tensor()


tf.saved_model.save(Tokenizer(), "model")
