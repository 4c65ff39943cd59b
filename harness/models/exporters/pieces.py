"""A tiny SentencePiece vocabulary for ALBERT, made on the spot from the words of vocab.txt.

Its special pieces and their ids are those of ALBERT's published vocabulary. Published vocabularies also normalize Unicode
(nmt_nfkc), by a table of 240 kB that this one goes without. The same release of sentencepiece makes the same file.
"""

from pathlib import Path

import fixture
import numpy as np
import sentencepiece

SIZE = 216
SENTENCES = 2000
WORDS_EACH = 8


def train(folder):
    """Train the vocabulary and return the path of its model file, `pieces.model`; `pieces.vocab` beside it is for people."""
    words = [stem + ending for stem in fixture.vocabulary() if stem.isalpha() for ending in ("", "", "s", "ed", "ing")]
    chosen = np.random.RandomState(fixture.SEED).choice(words, (SENTENCES, WORDS_EACH))
    Path(folder, "corpus.txt").write_text("".join(" ".join(sentence) + "\n" for sentence in chosen))
    options = {
        "input": folder + "/corpus.txt",
        "model_prefix": folder + "/pieces",
        "vocab_size": SIZE,
        "pad_id": 0,
        "unk_id": 1,
        "bos_id": -1,
        "eos_id": -1,
        "control_symbols": "[CLS],[SEP],[MASK]",
        "normalization_rule_name": "identity",
        "num_threads": 1,
    }
    sentencepiece.SentencePieceTrainer.Train(" ".join(f"--{name}={value}" for name, value in options.items()))
    return folder + "/pieces.model"


def ids(model_file):
    """Return a function from a piece of fixture.SENTENCES to its ids in this vocabulary, usually one a word."""
    processor = sentencepiece.SentencePieceProcessor()
    processor.Load(model_file)

    def of(piece):
        if piece.startswith("["):
            return [processor.PieceToId(piece)]
        return list(processor.EncodeAsIds(piece.replace("##", "")))

    return of
