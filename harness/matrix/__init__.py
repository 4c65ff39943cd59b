"""matrix.yaml, parsed strictly into a frozen Spec."""

from harness.matrix.reader import load, parse
from harness.matrix.spec import Exclude, Include, Spec, Tier

__all__ = ["Exclude", "Include", "Spec", "Tier", "load", "parse"]
