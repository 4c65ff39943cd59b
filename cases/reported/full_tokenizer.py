"""The tokenizer of google-research/bert, under TensorFlow 2."""

from pathlib import Path

from bert import tokenization

Path("vocab.txt").write_text("[PAD]\n[UNK]\nhello\n")

tokenization.FullTokenizer("vocab.txt")
