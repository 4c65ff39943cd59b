"""Which batch is tried next, and when that ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.studies.sizes.model import BATCHES, Trial
from harness.studies.sizes.search import MemoryAmounts, largest, next_batch, read_amounts, undecided
from tests.unit.studies.sizes.made import REFUSAL, fits, lost, refused, too_large

SILENT = "RESOURCE_EXHAUSTED: out of memory"


def test_the_largest_is_tried_first_for_it_may_decide_alone() -> None:
    assert next_batch(BATCHES, ()) == 128
    assert next_batch(BATCHES, [fits(128)]) is None


def test_a_refusal_that_names_amounts_leads_to_the_batch_that_should_just_fit() -> None:
    assert read_amounts(REFUSAL) == MemoryAmounts(used=int(31.5 * 2**30), limit=int(15.75 * 2**30))
    assert next_batch(BATCHES, [too_large(128)]) == 64
    assert next_batch(BATCHES, [too_large(128), fits(64)]) is None


def test_a_guess_that_was_too_large_is_followed_by_one_that_is_smaller() -> None:
    assert next_batch(BATCHES, [too_large(128), too_large(64)]) == 32


def test_a_guess_that_was_too_small_is_followed_by_its_neighbour() -> None:
    tried = [too_large(128, REFUSAL.replace("31.50G", "200.00G")), fits(8)]
    assert next_batch(BATCHES, tried) == 16


def test_less_than_a_single_row_would_fit() -> None:
    assert next_batch(BATCHES, [too_large(128, REFUSAL.replace("31.50G", "9000.00G"))]) == 1


def test_without_amounts_the_middle_is_next() -> None:
    assert read_amounts(SILENT) is None
    assert next_batch(BATCHES, [too_large(128, SILENT)]) == 8


@pytest.mark.parametrize("end", [refused(128), lost(128)])
def test_an_answer_that_says_nothing_of_other_batches_ends_the_search(end: Trial) -> None:
    assert next_batch(BATCHES, [end]) is None


@given(st.sampled_from([0, *BATCHES]), st.floats(0.02, 50), st.booleans())
def test_every_search_ends_at_the_truth_with_few_compiles(truth: int, error: float, speaks: bool) -> None:
    """Whatever the compiler's amounts are worth."""
    tried: list[Trial] = []
    while (batch := next_batch(BATCHES, tried)) is not None:
        used = 15.75 * batch / max(truth, 0.5) * error
        words = REFUSAL.replace("31.50G", f"{used:.2f}G") if speaks else SILENT
        tried.append(fits(batch) if batch <= truth else too_large(batch, words))
        assert len({one.batch for one in tried}) == len(tried)
    assert (largest(tried) or 0) == truth
    assert undecided(BATCHES, tried) == []
    assert len(tried) <= len(BATCHES)
    if not speaks:
        assert len(tried) <= 5


@pytest.mark.parametrize(("amount", "used"), [("512.0M", 2**29), ("1.5T", int(1.5 * 2**40)), ("700", 700)])
def test_amounts_are_read_in_their_units(amount: str, used: int) -> None:
    said = read_amounts(REFUSAL.replace("31.50G", amount))
    assert said is not None
    assert said.used == used
