"""Which model of true size is another one."""

from __future__ import annotations

from harness.studies.sizes.export import model_key
from harness.studies.sizes.model import SIZES


def test_every_size_is_a_model_of_its_own() -> None:
    """Also the one that differs by nothing but the policy under which it is exported."""
    assert len({model_key(size) for size in SIZES.values()}) == len(SIZES)
