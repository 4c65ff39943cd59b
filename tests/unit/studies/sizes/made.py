"""Answers of a compiler as the tests need them."""

from __future__ import annotations

from harness.services.tpu_compiler.answers import CompileOutcome, CompilerAnswer, DeviceNumbers
from harness.studies.sizes.model import Trial

GIB = 2**30
REFUSAL = (
    "RESOURCE_EXHAUSTED: E1000: CompileTimeHbmOom: Ran out of memory on HBM, the total memory required for HLO temporaries "
    "(31.50G) exceeds available HBM (15.75G). HLO module: a_inference_compiled_122031__.29734."
)
"""As libtpu 0.0.51 says it."""


def fits(batch: int, *, temporary: int = GIB) -> Trial:
    numbers = DeviceNumbers(
        code_bytes=12 * 2**20,
        argument_bytes=3 * GIB // 2,
        output_bytes=3 * GIB // 2,
        alias_bytes=3 * GIB // 2,
        temporary_bytes=temporary,
        flops=5.5e12,
        bytes_accessed=2.5e10,
        roofline_us=30_525.0,
    )
    return Trial(batch=batch, answer=CompilerAnswer(outcome=CompileOutcome.COMPILED, numbers=numbers), seconds=31.4)


def too_large(batch: int, message: str = REFUSAL) -> Trial:
    return Trial(
        batch=batch, answer=CompilerAnswer(outcome=CompileOutcome.REFUSED, message=message, evidence=message), seconds=12.0
    )


def refused(batch: int) -> Trial:
    words = "UNIMPLEMENTED: no such op on this chip"
    return Trial(batch=batch, answer=CompilerAnswer(outcome=CompileOutcome.REFUSED, message=words, evidence=words))


def lost(batch: int) -> Trial:
    return Trial(
        batch=batch, answer=CompilerAnswer(outcome=CompileOutcome.TIMED_OUT, message="no answer from the compiler after 1800 s")
    )
