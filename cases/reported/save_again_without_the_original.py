"""Loads an encoder from a temporary folder, and saves it again when that folder is gone."""

import hashlib
import os
import shutil
from pathlib import Path

import tensorflow as tf

HANDLE = "https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3"
cached = Path(os.environ["TFHUB_CACHE_DIR"]) / hashlib.sha1(HANDLE.encode()).hexdigest()
shutil.copytree(str(cached), "original")

encoder = tf.saved_model.load("original")
shutil.rmtree("original")

tf.saved_model.save(encoder, "again")
