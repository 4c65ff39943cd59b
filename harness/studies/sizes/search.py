"""The choice of the batch to try next. Pure.

A batch fits if a larger one does, so a handful of compiles decide among all. Each takes half a minute to minutes, so they are
chosen with care: the largest batch first, since one compile may then be enough; after a refusal that names the memory needed
and the limit, the batch that should just fit, and its neighbour. After a refusal without such amounts, the middle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.studies.sizes.model import Fit, Trial

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
AMOUNT = r"(?P<{0}>[\d.]+)(?P<{0}_unit>[KMGT]?)"
# libtpu 0.0.51: "… the total memory required for HLO temporaries (28.38G) exceeds available HBM (15.75G)."
NEEDED = re.compile(rf"\({AMOUNT.format('used')}\) exceeds available HBM \({AMOUNT.format('limit')}\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryAmounts:
    """The bytes that a refused program would have used beside its arguments, and the chip's limit, from the refusal."""

    used: int
    limit: int


def read_amounts(words: str) -> MemoryAmounts | None:
    """Read the amounts of memory out of a refusal; None if it names none."""
    match = NEEDED.search(words)
    if match is None:
        return None
    return MemoryAmounts(
        used=int(float(match["used"]) * UNITS[match["used_unit"]]),
        limit=int(float(match["limit"]) * UNITS[match["limit_unit"]]),
    )


def next_batch(batches: Sequence[int], trials: Sequence[Trial]) -> int | None:
    """Choose the batch to try next; None if the question is decided or can't be."""
    by_batch = {trial.batch: trial for trial in trials}
    # Neither says anything about other batches, so more compiles would decide nothing.
    if any(trial.fit in (Fit.REFUSED, Fit.NO_ANSWER) for trial in trials):
        return None
    open_ = undecided(batches, trials)
    if not open_:
        return None
    if not by_batch:
        return open_[-1]
    smallest_refused = min((trial.batch for trial in trials if trial.fit is Fit.TOO_LARGE), default=None)
    guess = _guess(by_batch[smallest_refused]) if smallest_refused is not None else None
    if guess is None:
        return open_[len(open_) // 2]
    # The guess is too large where the arguments take much of the chip; the next answer then narrows the batches all the same.
    fitting = [batch for batch in open_ if batch <= guess]
    return fitting[-1] if fitting else open_[0]


def undecided(batches: Sequence[int], trials: Sequence[Trial]) -> list[int]:
    """List the batches that are larger than all that fit and smaller than all that are too large."""
    low = largest(trials) or 0
    high = min((trial.batch for trial in trials if trial.fit is Fit.TOO_LARGE), default=None)
    return [batch for batch in sorted(batches) if batch > low and (high is None or batch < high)]


def largest(trials: Sequence[Trial]) -> int | None:
    """Return the largest batch that was tried and fits, None if there is none."""
    return max((trial.batch for trial in trials if trial.fit is Fit.FITS), default=None)


def _guess(refused: Trial) -> float | None:
    """Return the batch that should just fit, since temporaries grow with the batch."""
    amounts = read_amounts(f"{refused.answer.message}\n{refused.answer.evidence}")
    return refused.batch * amounts.limit / amounts.used if amounts else None
