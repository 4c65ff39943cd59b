"""Cases that failed because of the machine: what they say, and what their cell gets for it. Pure.

A case sees nothing but an exception where the disk is full or the TPU compiler is gone; it must not count against the
software under test.
"""

from __future__ import annotations

import re

from harness.domain import Outcome, Status, Trouble
from harness.environments.uv import DISK
from harness.run.assign import CellEnd
from harness.run.attempts import Finished

# As the fixture `tpu_compiler` of cases/conftest.py asks of cases.
NO_COMPILER = re.compile(r"\A(?:[\w.]+: )?tpu compiler unavailable: (?P<why>.+)")


def machine_trouble(done: Finished) -> CellEnd | None:
    """How the cell ends whose case says this; None where the software is to blame, or nobody is.

    A declared failure (xfail) that is the machine's is none of those declared.
    """
    if done.outcome in (Outcome.FAILED, Outcome.ERROR) and DISK.search(done.evidence):
        return _unavailable(Trouble.DISK, "no space left on device while the cell ran")
    if done.outcome in (Outcome.FAILED, Outcome.ERROR, Outcome.XFAILED) and (said := NO_COMPILER.search(done.message)):
        return _unavailable(Trouble.DEVICE, f"the TPU compiler is not there: {said['why']}")
    return None


def _unavailable(trouble: Trouble, message: str) -> CellEnd:
    return CellEnd(status=Status.UNAVAILABLE, trouble=trouble, message=message)
