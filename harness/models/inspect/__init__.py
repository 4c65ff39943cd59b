"""Inspect a model by its files, without TensorFlow and without writing anything.

`inspect(path)` returns an `Inspected`, or raises a ModelError that says what was looked for and what was found. Sizes, counts and
depths are bounded before anything is read, so that no file takes more than moments, or more memory than it has bytes.
"""

from harness.models.inspect.find import inspect, kind_of
from harness.models.inspect.values import Content, Inspected, ModelKind

__all__ = ["Content", "Inspected", "ModelKind", "inspect", "kind_of"]
