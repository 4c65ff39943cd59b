"""The largest batch that fits on a TPU chip: models of true size, lowered by TensorFlow and compiled ahead of time."""
