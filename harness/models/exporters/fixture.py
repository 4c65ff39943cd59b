"""The part that the exporters share: sizes, weights, the fixed input and the record of outputs.

Runs inside an exporter's environment (Python 3.7 and later; standard library and numpy only).
"""

import json
from pathlib import Path

import numpy as np

SEED = 20210901
WIDTH = 32
LAYERS = 1
HEADS = 2
INTERMEDIATE = 64
POSITIONS = 128
VOCAB_FILE = Path(__file__).resolve().with_name("vocab.txt")
SENTENCES = (
    "[CLS] this film was good [SEP] the story is true and the cast is [MASK] [SEP]",
    "[CLS] the worst movie ##s [UNK] [SEP]",
)
LENGTH = 16
# What preprocessing gets: capitals, accents, a word in pieces, punctuation, an unknown character, more words than a row holds.
TEXTS = (
    "This film was GOOD!",
    "The wörst movies, 我?",
    "",
    "the story is true and the cast is good " * 16,
)


def vocabulary():
    """Return the wordpieces in order; the position of a piece is its id."""
    return VOCAB_FILE.read_text().splitlines()


def bert_config(kind, **more):
    """Return the configuration of a tiny BERT; `kind` is the class that the publisher's code of that year has for it."""
    sizes = {
        "vocab_size": len(vocabulary()),
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INTERMEDIATE,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
    }
    return kind(**{**sizes, **more})


def inputs(ids=None):
    """Return word ids, mask and type ids of SENTENCES, int32 [2, 16]; the second row ends in padding.

    `ids` gives the ids of a piece; a wordpiece has one.
    """
    ids = ids or (lambda piece: [vocabulary().index(piece)])
    words, mask, types = np.zeros((3, len(SENTENCES), LENGTH), np.int32)
    for row, sentence in enumerate(SENTENCES):
        numbers = [(number, piece == "[SEP]") for piece in sentence.split() for number in ids(piece)]
        words[row, : len(numbers)] = [number for number, _ in numbers]
        mask[row, : len(numbers)] = 1
        ends = [position for position, (_, end) in enumerate(numbers) if end]
        types[row, ends[0] + 1 : ends[-1] + 1] = 1
    return {"input_word_ids": words, "input_mask": mask, "input_type_ids": types}


def weights(start, seed=SEED):
    """Draw seeded values in the shapes of `start`, spread so widely that every output differs.

    Matrices are drawn anew. Vectors (biases, layer normalisation) keep their initial value and move a little.
    """
    random = np.random.RandomState(seed)
    return [
        (random.normal(0, 0.2, value.shape) if value.ndim > 1 else value + random.normal(0, 0.1, value.shape)).astype(np.float32)
        for value in start
    ]


def write_vectors(path, pooled_output, sequence_output, inputs_fed=None, vocab_size=None):
    """Write the record of an encoder: its inputs (by default `inputs()`) and its outputs."""
    outputs = {"pooled_output": pooled_output, "sequence_output": sequence_output}
    _write(path, WIDTH, vocab_size, {name: value.tolist() for name, value in (inputs_fed or inputs()).items()}, outputs)


def write_tokens(path, outputs, vocab_size=None):
    """Write the record of preprocessing: TEXTS and the token ids of each, int32 [4, length]."""
    _write(path, outputs["input_word_ids"].shape[1], vocab_size, {"sentences": TEXTS}, outputs)


def _write(path, width, vocab_size, inputs_fed, outputs):
    """Write a record as JSON. Nine digits hold every float32 exactly."""
    values = {name: _short(value) for name, value in outputs.items()}
    record = {"width": width, "vocab_size": vocab_size or len(vocabulary()), "inputs": inputs_fed, "outputs": values}
    Path(path).write_text(json.dumps(record))


def _short(value):
    if value.dtype.kind == "i":
        return value.tolist()
    short = [float(f"{number:.9g}") for number in value.ravel()]
    return np.reshape(short, value.shape).tolist()
