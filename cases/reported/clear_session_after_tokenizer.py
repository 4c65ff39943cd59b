"""clear_session between building the dataset, which tokenizes, and using it."""

import io

import sentencepiece
import tensorflow as tf
import tensorflow_text as text

model = io.BytesIO()
sentences = ["hello world", "the cat sat on the mat", "a model of a few words"] * 20
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(sentences), model_writer=model, vocab_size=30, hard_vocab_limit=False
)


def dataset():
    tokenizer = text.SentencepieceTokenizer(model.getvalue())
    return tf.data.Dataset.from_tensor_slices(sentences).map(tokenizer.tokenize)


tokens = dataset()
tf.keras.backend.clear_session()

for _ in tokens:
    pass
