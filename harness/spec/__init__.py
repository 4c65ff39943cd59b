"""matrix.yaml, parsed strictly into a frozen Spec."""

from harness.spec.model import Exclude, Include, Spec, Tier
from harness.spec.reader import load, parse

__all__ = ["Exclude", "Include", "Spec", "Tier", "load", "parse"]
