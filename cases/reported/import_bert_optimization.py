"""The notebook of google-research/bert, under TensorFlow 2."""

from bert import optimization, run_classifier, tokenization  # noqa: F401
