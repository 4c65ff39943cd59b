"""The system cleaned /tmp: the model's folder in the cache is still there, saved_model.pb is not; then hub.KerasLayer."""

import hashlib
import os
from pathlib import Path

import tensorflow_hub as hub

HANDLE = "https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3"

folder = Path(os.environ["TFHUB_CACHE_DIR"]) / hashlib.sha1(HANDLE.encode()).hexdigest()
(folder / "saved_model.pb").unlink()

hub.KerasLayer(HANDLE)
