"""matrix.yaml, parsed strictly into a frozen Spec."""

from harness.matrix.reader import load_spec, parse_spec
from harness.matrix.spec import Exclude, Include, Spec, Tier

__all__ = ["Exclude", "Include", "Spec", "Tier", "load_spec", "parse_spec"]
