"""The largest batch that fits, end to end with TensorFlow and the TPU compiler, on a model small enough for a test."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.base.workspace import Workspace
from harness.environments import uv
from harness.environments.venv import Venv
from harness.matrix import load_spec
from harness.models import replicas
from harness.run.machine import look_around
from harness.services.tpu_compiler import environment
from harness.services.tpu_compiler.answers import CompilerAnswer
from harness.services.tpu_compiler.service import compiler_in
from harness.studies.sizes import export
from harness.studies.sizes.measure import QuestionState, Search, start_search
from harness.studies.sizes.model import Fit, Operation, Question, Size
from harness.studies.sizes.programs import bench_of
from harness.studies.sizes.shelf import Shelf

pytestmark = [pytest.mark.tensorflow, pytest.mark.libtpu]
ROOT = Path(__file__).parents[2]
TINY = Size(name="tiny", title="Tiny", handle="", layers=1, width=32, heads=2, vocabulary=252, positions=128)
STEP = Question(model="tiny", operation=Operation.ADAMW, length=128, chip="v5e")
BATCHES = (2, 2**16)


class NoCompiler:
    async def answer(self, line: bytes) -> CompilerAnswer:
        raise AssertionError(f"asked although it is known: {line!r}")


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """The project's environments, and nothing known of sizes. The replica stands where the export would be."""
    place, shared = Workspace(root=tmp_path), Workspace(root=ROOT)
    place.state.mkdir()
    for mine, theirs in ((place.venvs, shared.venvs), (place.locks, shared.locks), (place.bytecode, shared.bytecode)):
        theirs.mkdir(parents=True, exist_ok=True)
        mine.symlink_to(theirs)
    replicas.unpack(replicas.find_replica("small-bert/2"), export.model_folder(TINY, place))
    return place


async def begun(place: Workspace) -> Search:
    spec = load_spec(ROOT / "matrix.yaml")
    bench = await bench_of(await look_around(place, spec.limits), spec)
    return start_search(
        bench, TINY, [STEP], BATCHES, Shelf(folder=place.sizes / "answers", compiler=environment.compiler_digest()), print
    )


async def measured(place: Workspace) -> QuestionState:
    wanted = await begun(place)
    made = await environment.ensure_compiler(uv.find_uv(), place, wanted.bench.machine.interpreters)
    assert isinstance(made, Venv), made
    compiler = compiler_in(made, place, place.work)
    try:
        await wanted.decide(compiler)
    finally:
        await compiler.close()
    return wanted.states[STEP]


async def known(place: Workspace) -> QuestionState:
    wanted = await begun(place)
    await wanted.decide(NoCompiler())
    return wanted.states[STEP]


def test_a_batch_that_is_too_large_is_refused_in_the_compilers_words(place: Workspace) -> None:
    """A fine-tuning step: weights and slots are parameters and updated in place, and what is known is asked once."""

    found = asyncio.run(measured(place))
    assert [(trial.batch, trial.fit) for trial in found.trials] == [(2**16, Fit.TOO_LARGE), (2, Fit.FITS)]
    refused, fits = (trial.answer for trial in found.trials)
    assert "Ran out of memory on HBM" in refused.message
    assert "exceeds available HBM (15.75G)" in refused.message
    weights_and_slots = 3 * 4 * found.weights
    assert fits.numbers.argument_bytes is not None
    assert fits.numbers.argument_bytes > weights_and_slots
    assert fits.numbers.alias_bytes is not None
    assert fits.numbers.alias_bytes > weights_and_slots
    assert asyncio.run(known(place)) == found
