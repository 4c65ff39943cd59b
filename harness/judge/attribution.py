"""Tell whose fault a failure was: the machine's, or the software's under test. Pure.

A case sees nothing but an exception where the disk is full, the TPU compiler is gone, another process holds the TPU or a
companion could not be installed; it must not count against the software under test.
"""

from __future__ import annotations

import re
from dataclasses import replace

from harness.domain import Companion, Lacking, Outcome, Trouble
from harness.environments.shortage import shortage
from harness.environments.uv import DISK
from harness.run.ends import NOT_RUN

# In the words that cases raise (see `tpu_compiler` in cases/conftest.py).
NO_COMPILER = re.compile(r"\A(?:[\w.]+: )?tpu compiler unavailable: (?P<why>.+)")
# Raised by the fixtures of companions, cases/preprocessing/conftest.py, in the words of harness/environments/companions.py.
NO_COMPANION = re.compile(
    rf"\A(?:[\w.]+: )?(?P<package>{'|'.join(companion.value for companion in Companion)}) unavailable"
    rf"(?: \((?P<trouble>{'|'.join(trouble.value for trouble in Trouble)})\))?: (?P<why>.+)"
)
# Messages of libtpu and TensorFlow for a TPU that they can't open, most often because another process has it. The first three are
# from `tpu_initializer_helper.cc`, in TensorFlow until 2.12 and in XLA since; the others from the drivers for /dev/accel0 and
# /dev/vfio/0.
HELD_TPU = re.compile(
    r"The TPU is already in use(?: by process with pid \d+)?"
    r"|libtpu\.so already in used? by (?:another )?process(?: with pid \d+)?"
    r"|Internal error when accessing libtpu multi-process lockfile"
    r"|open\(/dev/(?:accel|vfio/)\d+\): (?:Device or resource busy|Operation not permitted)"
    r"|Couldn't open device: /dev/accel\d+(?: \([^)\n]+\))?"
)
# pytest's own mark of the lines that an error is in: of a file or conftest.py that can't be imported its words are all there is.
MARKED = re.compile(r"^E +", re.MULTILINE)
MAY_BE_THE_MACHINE = (Outcome.FAILED, Outcome.ERROR)


def machine_trouble(outcome: Outcome, message: str, evidence: str) -> Lacking | None:
    """Return what the machine lacks if that made a case fail; None if the software failed, or nothing did.

    Declarations don't count here: a full disk is never a declared failure, whatever class the case announces.

    Args:
        outcome: the outcome of the case.
        message: its exception's class and message.
        evidence: the traceback and the printed output.
    """
    if outcome not in MAY_BE_THE_MACHINE:
        return None
    # Of a full disk the whole output counts: what a case raises then may be any error of whatever it could not write.
    # So it does of a case that pytest could not even begin with: what ended pytest is printed, nothing is raised.
    everywhere = DISK.search(evidence) or message.startswith(NOT_RUN)
    if short := shortage(MARKED.sub("", message)) or (shortage(MARKED.sub("", evidence)) if everywhere else None):
        return replace(short, message=f"{short.message} while the cell ran")
    if compiler := NO_COMPILER.search(message):
        return Lacking(trouble=Trouble.DEVICE, message=f"the TPU compiler is missing: {compiler['why']}")
    # In the output too: TensorFlow loads libtpu while it is imported, only logs that the TPU is taken, and goes on without it.
    if held_tpu := HELD_TPU.search(f"{message}\n{evidence}"):
        return Lacking(trouble=Trouble.DEVICE, message=f"the TPU can't be opened: {held_tpu.group()}")
    if companion := NO_COMPANION.search(message):
        trouble = Trouble(companion["trouble"]) if companion["trouble"] else None
        return Lacking(
            trouble=trouble, message=f"{companion['package']} can't be installed beside the environment: {companion['why']}"
        )
    return None
