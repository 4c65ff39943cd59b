"""The cache belongs to somebody else: the lock file can't be written there."""

import os

# A folder in which nobody may make a file, not even root.
os.environ["TFHUB_CACHE_DIR"] = "/sys/kernel"

import tensorflow_hub as hub

hub.Module("https://tfhub.dev/google/universal-sentence-encoder-large/3")
