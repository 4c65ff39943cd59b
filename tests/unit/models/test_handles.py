"""Names in the hub library's cache; the expected ones were computed by sha1sum."""

from __future__ import annotations

from harness.models.handles import cache_name

HANDLE = "https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3"


def test_cache_name_is_the_sha1_of_the_handle() -> None:
    assert cache_name(HANDLE) == "590d7d0ea1d4e227b197a3512d641a1af6b36db1"


def test_a_handle_is_not_normalised() -> None:
    assert len({cache_name(HANDLE), cache_name(f"{HANDLE}/"), cache_name(f"{HANDLE}?tf-hub-format=compressed")}) == 3
