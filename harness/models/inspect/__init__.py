"""What a model that a user has says of itself, read without TensorFlow and without writing anything.

`inspect(path)` gives an `Inspected`, or a ModelError that says what was looked for and what was found. Sizes, counts and
depths are bounded before anything is read, so that no file takes more than moments, or memory that the file itself has not.
"""

from harness.models.inspect.find import find, inspect
from harness.models.inspect.values import Content, Inspected, Kind

__all__ = ["Content", "Inspected", "Kind", "find", "inspect"]
