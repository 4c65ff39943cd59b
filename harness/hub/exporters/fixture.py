"""What both exporters share: sizes, weights, the fixed input and the record of outputs.

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


def vocabulary():
    """The wordpieces in order; the position of a piece is its id."""
    return VOCAB_FILE.read_text().splitlines()


def inputs():
    """Word ids, mask and type ids of SENTENCES, int32 [2, 16]; the second row ends in padding."""
    ids = {piece: number for number, piece in enumerate(vocabulary())}
    words, mask, types = np.zeros((3, len(SENTENCES), LENGTH), np.int32)
    for row, sentence in enumerate(SENTENCES):
        pieces = sentence.split()
        words[row, : len(pieces)] = [ids[piece] for piece in pieces]
        mask[row, : len(pieces)] = 1
        ends = [place for place, piece in enumerate(pieces) if piece == "[SEP]"]
        types[row, ends[0] + 1 : ends[-1] + 1] = 1
    return {"input_word_ids": words, "input_mask": mask, "input_type_ids": types}


def weights(start):
    """Seeded values in the shapes of `start`, wide enough that every output differs.

    Matrices are drawn anew. Vectors (biases, layer normalisation) keep their initial value and move a little.
    """
    random = np.random.RandomState(SEED)
    return [
        (random.normal(0, 0.2, value.shape) if value.ndim > 1 else value + random.normal(0, 0.1, value.shape)).astype(np.float32)
        for value in start
    ]


def write_record(path, **outputs):
    """The fixed input and what the model gave for it, as JSON. Nine digits hold every float32 exactly."""
    short = {name: [float(f"{number:.9g}") for number in value.ravel()] for name, value in outputs.items()}
    record = {
        "width": WIDTH,
        "vocab_size": len(vocabulary()),
        "inputs": {name: value.tolist() for name, value in inputs().items()},
        "outputs": {name: np.reshape(short[name], value.shape).tolist() for name, value in outputs.items()},
    }
    Path(path).write_text(json.dumps(record))
