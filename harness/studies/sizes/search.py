"""Which batch to try next. Pure.

Whether a batch fits is monotone, so a handful of compiles decide among all. Each takes half a minute to minutes, so they are
chosen by what is known: the largest first, for then one compile may be all; after a refusal that names what was wanted and
what there is, the batch that should just fit, and its neighbour. Without such words the middle.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.studies.sizes.model import Fit, Tried

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
AMOUNT = r"(?P<{0}>[\d.]+)(?P<{0}_unit>[KMGT]?)"
# libtpu 0.0.51: "… the total memory required for HLO temporaries (28.38G) exceeds available HBM (15.75G)."
NEEDED = re.compile(rf"\({AMOUNT.format('used')}\) exceeds available HBM \({AMOUNT.format('limit')}\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a refused program would have used beside its arguments, and what there is in all. Bytes."""

    used: int
    limit: int


def wanted(words: str) -> Wanted | None:
    """Read off a refusal; None where it names no amounts."""
    found = NEEDED.search(words)
    if found is None:
        return None
    return Wanted(
        used=int(float(found["used"]) * UNITS[found["used_unit"]]),
        limit=int(float(found["limit"]) * UNITS[found["limit_unit"]]),
    )


def next_batch(batches: Sequence[int], tried: Sequence[Tried]) -> int | None:
    """The batch to try next; None when it is decided, or can't be."""
    known = {one.batch: one for one in tried}
    if any(one.fit in (Fit.REFUSED, Fit.NO_ANSWER) for one in tried):
        return None
    open_ = undecided(batches, tried)
    if not open_:
        return None
    if not known:
        return open_[-1]
    smallest_refused = min((one.batch for one in tried if one.fit is Fit.TOO_LARGE), default=None)
    guess = _guess(known[smallest_refused]) if smallest_refused is not None else None
    if guess is None:
        return open_[len(open_) // 2]
    fitting = [batch for batch in open_ if batch <= guess]
    return fitting[-1] if fitting else open_[0]


def undecided(batches: Sequence[int], tried: Sequence[Tried]) -> list[int]:
    """Larger than all that fit, smaller than all that are too large."""
    low = largest(tried) or 0
    high = min((one.batch for one in tried if one.fit is Fit.TOO_LARGE), default=None)
    return [batch for batch in sorted(batches) if batch > low and (high is None or batch < high)]


def largest(tried: Sequence[Tried]) -> int | None:
    """The largest that fits, of those tried."""
    return max((one.batch for one in tried if one.fit is Fit.FITS), default=None)


def _guess(refused: Tried) -> float | None:
    """The batch that should just fit, for temporaries grow with the batch."""
    said = wanted(f"{refused.answer.message}\n{refused.answer.evidence}")
    return refused.batch * said.limit / said.used if said else None
