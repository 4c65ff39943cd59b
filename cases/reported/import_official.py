"""The first lines of the tutorial "Classify text with BERT"."""

import tensorflow_text  # noqa: F401
from official.nlp import optimization  # noqa: F401
