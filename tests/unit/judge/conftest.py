"""Runs made by hand, as the report's tests have them."""

from __future__ import annotations

import pytest

from tests.unit.report.conftest import Records


@pytest.fixture
def records() -> Records:
    return Records()
