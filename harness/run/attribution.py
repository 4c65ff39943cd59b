"""Cases that failed because of the machine: what they say, and what their cell gets for it. Pure.

A case sees nothing but an exception where the disk is full, the TPU compiler is gone, another process holds the TPU or a
companion could not be installed; it must not count against the software under test.
"""

from __future__ import annotations

import re

from harness.domain import Companion, Outcome, Status, Trouble
from harness.environments.uv import DISK
from harness.run.assign import CellEnd
from harness.run.attempts import Finished

# As the fixture `tpu_compiler` of cases/conftest.py asks of cases.
NO_COMPILER = re.compile(r"\A(?:[\w.]+: )?tpu compiler unavailable: (?P<why>.+)")
# As the fixtures of companions raise it, cases/preprocessing/conftest.py, with the words of harness/environments/companions.py.
NO_COMPANION = re.compile(
    rf"\A(?:[\w.]+: )?(?P<what>{'|'.join(one.value for one in Companion)}) unavailable"
    rf"(?: \((?P<trouble>{'|'.join(one.value for one in Trouble)})\))?: (?P<why>.+)"
)
# What libtpu and TensorFlow say of a TPU that they can't open, most often because another process has it. The first three are of
# `tpu_initializer_helper.cc`, in TensorFlow until 2.12 and in XLA since; the others of the drivers for /dev/accel0 and /dev/vfio/0.
HELD_TPU = re.compile(
    r"The TPU is already in use(?: by process with pid \d+)?"
    r"|libtpu\.so already in used? by (?:another )?process(?: with pid \d+)?"
    r"|Internal error when accessing libtpu multi-process lockfile"
    r"|open\(/dev/(?:accel|vfio/)\d+\): (?:Device or resource busy|Operation not permitted)"
    r"|Couldn't open device: /dev/accel\d+(?: \([^)\n]+\))?"
)
BY_THE_MACHINE = (Outcome.FAILED, Outcome.ERROR, Outcome.XFAILED)


def machine_trouble(done: Finished) -> CellEnd | None:
    """How the cell ends whose case says this; None where the software is to blame, or nobody is.

    A declared failure (xfail) that is the machine's is none of those declared.
    """
    if done.outcome in (Outcome.FAILED, Outcome.ERROR) and DISK.search(done.evidence):
        return _unavailable(Trouble.DISK, "no space left on device while the cell ran")
    if done.outcome in BY_THE_MACHINE and (said := NO_COMPILER.search(done.message)):
        return _unavailable(Trouble.DEVICE, f"the TPU compiler is not there: {said['why']}")
    if done.outcome in BY_THE_MACHINE and (said := HELD_TPU.search(f"{done.message}\n{done.evidence}")):
        return _unavailable(Trouble.DEVICE, f"the TPU can't be opened: {said.group()}")
    if done.outcome in BY_THE_MACHINE and (said := NO_COMPANION.search(done.message)):
        trouble = Trouble(said["trouble"]) if said["trouble"] else None
        return _unavailable(trouble, f"{said['what']} can't be installed beside the environment: {said['why']}")
    return None


def _unavailable(trouble: Trouble | None, message: str) -> CellEnd:
    return CellEnd(status=Status.UNAVAILABLE, trouble=trouble, message=message)
