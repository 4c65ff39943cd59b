"""The system cleaned /tmp: the module's folder in the cache is still there, tfhub_module.pb is not."""

import hashlib
import os
from pathlib import Path

import tensorflow_hub as hub

HANDLE = "https://tfhub.dev/google/bert_uncased_L-12_H-768_A-12/1"

folder = Path(os.environ["TFHUB_CACHE_DIR"]) / hashlib.sha1(HANDLE.encode()).hexdigest()
(folder / "tfhub_module.pb").unlink()

hub.Module(HANDLE)
