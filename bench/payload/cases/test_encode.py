"""The body of every cell: load the model of a handle, encode its fixed input, check the result."""

import numpy as np
import tensorflow_hub as hub


def encode(model):
    encoder = hub.KerasLayer(model["handle"])
    outputs = encoder({name: np.array(rows, np.int32) for name, rows in model["inputs"].items()})
    expected = np.array(model["outputs"]["pooled_output"], np.float32)
    difference = np.abs(outputs["pooled_output"].numpy() - expected).max()
    assert difference <= model["tolerance"], f"max abs difference {difference:.3g}"


def test_encode(model, receipt):
    encode(model)
    receipt.touch()
