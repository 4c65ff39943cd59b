"""Verdicts are kept by everything that can change them, and nothing else is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.services.tpu_compiler.answers import Answer, Numbers, Verdict
from harness.services.tpu_compiler.kept import Place, Shelf

PLACE = Place(program="22a76acc", topology=("v5e:2x2", "default"), devices=4, split=(0, 1))
COMPILED = Answer(outcome=Verdict.COMPILED, program="22a76acc", seconds=0.5, numbers=Numbers(code_bytes=136_192))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(folder=tmp_path / "compiled", compiler="libtpu 1")


def test_what_was_kept_is_found_again(shelf: Shelf) -> None:
    assert shelf.find(PLACE) is None
    shelf.keep(PLACE, COMPILED)
    assert shelf.find(PLACE) == COMPILED


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
def test_another_program_or_other_devices_are_another_place(shelf: Shelf, other: Place) -> None:
    shelf.keep(PLACE, COMPILED)
    assert shelf.find(other) is None


def test_another_compiler_is_asked_again(shelf: Shelf) -> None:
    shelf.keep(PLACE, COMPILED)
    assert replace(shelf, compiler="libtpu 2").find(PLACE) is None


@pytest.mark.parametrize("outcome", list(Verdict))
def test_only_the_compilers_word_on_the_program_is_kept(shelf: Shelf, outcome: Verdict) -> None:
    shelf.keep(PLACE, COMPILED.model_copy(update={"outcome": outcome}))
    assert (shelf.find(PLACE) is not None) == (outcome in (Verdict.COMPILED, Verdict.REFUSED))


def test_a_damaged_file_is_nothing(shelf: Shelf) -> None:
    shelf.keep(PLACE, COMPILED)
    (file,) = shelf.folder.iterdir()
    file.write_text(file.read_text()[:20])
    assert shelf.find(PLACE) is None
