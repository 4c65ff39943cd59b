"""`hubmatrix compile`: options become a question, the answer becomes a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import HubmatrixError, ProgramError
from harness.base.workspace import Workspace
from harness.commands.compile import answer_text, compile_file, request_of
from harness.services.tpu_compiler.answers import CompileOutcome, CompilerAnswer, DeviceNumbers, Hlo

FILE = Path("/models/step.pb")
COMPILED = CompilerAnswer(
    outcome=CompileOutcome.COMPILED,
    program="22a76acc59d80802",
    seconds=0.467,
    numbers=DeviceNumbers(
        code_bytes=136_192,
        argument_bytes=176_128,
        output_bytes=1024,
        alias_bytes=0,
        temporary_bytes=3 * 2**30,
        peak_bytes=345_088,
        chip_bytes=16 * 2**30,
        flops=673_344.0,
        bytes_accessed=1_810_944.0,
        roofline_us=2.2112,
    ),
    hlo=Hlo(
        products={"f32": 10, "bf16": 2},
        instructions=310,
        collectives={"all-reduce": 5},
        collective_bytes={"all-reduce": 72_196},
    ),
)


def test_options_become_a_question() -> None:
    question = request_of(FILE, "v4", 4, "0, 2")
    assert (question.hlo, question.chip, question.chips, question.split) == (FILE, "v4", 4, (0, 2))
    assert request_of(FILE, "v5e", 1, "").split == ()


@pytest.mark.parametrize(
    ("chip", "chips", "split", "message"),
    [
        ("v9", 1, "", "--chip: no chip 'v9' (hint: one of v2, v3, v4, v5e, v5p, v6e, 7x)"),
        ("v5e", 17, "", "--chips: no topology of 17 v5e (hint: 16 at most)"),
        ("v5e", 2, "0,x", "--split: 'x' isn't the number of a parameter (hint: numbers and commas: 0,1)"),
        ("v5e", 2, "-1", "--split: '-1' isn't the number of a parameter (hint: numbers and commas: 0,1)"),
    ],
)
def test_a_wrong_option_is_told_with_its_name(chip: str, chips: int, split: str, message: str) -> None:
    with pytest.raises(HubmatrixError) as error:
        request_of(FILE, chip, chips, split)
    assert (str(error.value), error.value.exit_code) == (message, 2)


def test_a_file_that_is_not_there_is_told_before_anything_is_installed(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="no such file") as error:
        compile_file(Workspace(root=tmp_path), tmp_path / "none.pb", "v5e", 1, "")
    assert error.value.exit_code == 5


def test_the_verdict_with_its_numbers() -> None:
    assert (
        answer_text(COMPILED, "v5e", 4)
        == """\
program 22a76acc59d80802: 310 instructions; matrix products and convolutions: 2 in bf16, 10 in f32
4 devices of TPU v5e: compiled in 0.47 s

  code             133.0 KiB
  arguments        172.0 KiB
  outputs          1.0 KiB
  of them in place 0 B
  temporaries      3.00 GiB
  needed           3.00 GiB of 16.00 GiB
  alive at once    337.0 KiB of buffers at most
  arithmetic       6.73e+05 operations
  memory traffic   1.7 MiB
  least time       2.21 µs; 197 TFLOP/s (bf16), 819 GB/s a chip: https://docs.cloud.google.com/tpu/docs/v5e
  all-reduce       5, 70.5 KiB of each device"""
    )


def test_a_verdict_of_before_says_so() -> None:
    before = COMPILED.model_copy(update={"reused": True})
    assert answer_text(before, "v5e", 1).splitlines()[1] == "TPU v5e: compiled (compiled before, in 0.47 s)"


def test_a_refusal_is_told_in_the_compilers_words() -> None:
    words = "RESOURCE_EXHAUSTED: Ran out of memory on HBM.\nSee https://openxla.org/xla/errors/error_1000"
    refused = CompilerAnswer(outcome=CompileOutcome.REFUSED, program="aa", message=words.splitlines()[0], evidence=words)
    assert (
        answer_text(refused, "v2", 1)
        == """\
program aa: 0 instructions; matrix products and convolutions: none
TPU v2: refused

  RESOURCE_EXHAUSTED: Ran out of memory on HBM.
  See https://openxla.org/xla/errors/error_1000"""
    )


def test_a_crash_is_told_with_what_it_printed() -> None:
    crashed = CompilerAnswer(
        outcome=CompileOutcome.TIMED_OUT, program="aa", message="no answer after 300 s", evidence="at work on x"
    )
    assert answer_text(crashed, "v2", 1).splitlines()[1:] == ["TPU v2: timed out", "", "  no answer after 300 s", "  at work on x"]
