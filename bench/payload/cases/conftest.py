"""Fixtures of a cell of the benchmark: the manifest of its model, and a file that says that it ran. Equal under every tool."""

import json
import os
from pathlib import Path

import pytest

RECEIPTS = Path(__file__).parents[1] / "receipts"


@pytest.fixture
def model():
    return json.loads(Path(os.environ["HUBMATRIX_MODEL"]).read_text(encoding="utf-8"))


@pytest.fixture
def receipt(model):
    """A file of this process for this TensorFlow and model; the benchmark counts them."""
    import tensorflow as tf

    RECEIPTS.mkdir(exist_ok=True)
    return RECEIPTS / f"{tf.__version__} {model['id'].replace('/', '-')} {os.getpid()}"
