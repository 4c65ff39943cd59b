"""hubmatrix: which TensorFlow loads, runs, saves and reloads which Hub text model, with evidence."""

__version__ = "0.1.0"
