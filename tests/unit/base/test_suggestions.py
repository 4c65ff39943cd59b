"""What somebody may have meant."""

from __future__ import annotations

from harness.base.suggestions import closest, did_you_mean


def test_did_you_mean() -> None:
    assert did_you_mean("modle", ["model", "device"]) == "did you mean 'model'?"
    assert did_you_mean("zzz", ["model", "device"]) == "known: model, device"
    assert did_you_mean("zzz", map(str, range(100))) == ""
    assert did_you_mean("zzz", []) == ""


def test_closest() -> None:
    assert closest("modle", {"device": 1, "model": 2}) == "model"
    assert closest("zzz", ["model"]) is None
