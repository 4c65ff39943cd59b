"""Verdicts are kept by everything that can change them, and nothing else is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.services.tpu_compiler.answer_store import AnswerStore, CompileTarget
from harness.services.tpu_compiler.answers import CompileOutcome, CompilerAnswer, DeviceNumbers

PLACE = CompileTarget(program="22a76acc", topology=("v5e:2x2", "default"), devices=4, split=(0, 1))
COMPILED = CompilerAnswer(
    outcome=CompileOutcome.COMPILED, program="22a76acc", seconds=0.5, numbers=DeviceNumbers(code_bytes=136_192)
)


@pytest.fixture
def store(tmp_path: Path) -> AnswerStore:
    return AnswerStore(folder=tmp_path / "compiled", compiler="libtpu 1")


def test_what_was_kept_is_found_again(store: AnswerStore) -> None:
    assert store.find(PLACE) is None
    store.keep(PLACE, COMPILED)
    assert store.find(PLACE) == COMPILED


@pytest.mark.parametrize(
    "other",
    [
        replace(PLACE, program="other"),
        replace(PLACE, topology=("v6e:2x2", "default")),
        replace(PLACE, topology=("v5e:2x2", "megacore")),
        replace(PLACE, devices=2),
        replace(PLACE, split=(0,)),
    ],
)
def test_another_program_or_other_devices_are_another_place(store: AnswerStore, other: CompileTarget) -> None:
    store.keep(PLACE, COMPILED)
    assert store.find(other) is None


def test_another_compiler_is_asked_again(store: AnswerStore) -> None:
    store.keep(PLACE, COMPILED)
    assert replace(store, compiler="libtpu 2").find(PLACE) is None


@pytest.mark.parametrize("outcome", list(CompileOutcome))
def test_only_the_compilers_word_on_the_program_is_kept(store: AnswerStore, outcome: CompileOutcome) -> None:
    store.keep(PLACE, COMPILED.model_copy(update={"outcome": outcome}))
    assert (store.find(PLACE) is not None) == (outcome in (CompileOutcome.COMPILED, CompileOutcome.REFUSED))


def test_a_damaged_file_is_nothing(store: AnswerStore) -> None:
    store.keep(PLACE, COMPILED)
    (file,) = store.folder.iterdir()
    file.write_text(file.read_text()[:20])
    assert store.find(PLACE) is None
