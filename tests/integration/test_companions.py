"""Packages beside an environment: the fixture as cases have it, in a mini project whose index has a transformers of a few lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.domain import Outcome, Status, Trouble
from tests.minis import packages
from tests.minis.project import Mini, outcomes

Make = Callable[..., Mini]
FIXTURES = (Path(__file__).parents[2] / "cases" / "preprocessing" / "conftest.py").read_text(encoding="utf-8")
ASKS = """
    import sys

    def test_asks(transformers):
        import shared
        import tensorflow
        venv = tensorflow.__file__.rpartition("/tensorflow/")[0]
        assert shared.VERSION == "1.0" and shared.__file__.startswith(venv), "what is under test wins"
        assert transformers.VERSION == "4.0" and transformers.EXTRA == "extra"
        assert ".hubmatrix/companions/" in transformers.__file__
        assert sys.path[-1] in transformers.__file__
"""
OTHER = "def test_other(): pass\n"


def project(mini: Make, *, transformers: dict[str, list[str]], source: str = "from extra import EXTRA\n", asks: str = ASKS) -> Mini:
    """`transformers`: requirements by version. TensorFlow wants shared<2; the index has 1.0 and 2.0 of it."""
    cases = {"a/conftest.py": FIXTURES, "a/test_asks.py": asks, "a/test_other.py": OTHER}
    made = mini(cases, requires=["shared<2"])
    index = made.root / "index"
    for version in ("1.0", "2.0"):
        packages.wheel(index, "shared", version, {"shared/__init__.py": f"VERSION = {version!r}\n"})
    packages.wheel(index, "extra", "1.0", {"extra/__init__.py": "EXTRA = 'extra'\n"})
    for version, requires in transformers.items():
        module = f"VERSION = {version!r}\n{source}"
        packages.wheel(index, "transformers", version, {"transformers/__init__.py": module}, requires)
    return made


@pytest.mark.parametrize("mode", [(), ("--no-zygote",)], ids=["zygote", "fresh"])
def test_the_newest_that_changes_nothing_is_installed_beside(mini: Make, mode: tuple[str, ...]) -> None:
    made = project(mini, transformers={"4.0": ["shared", "extra"], "5.0": ["shared>=2", "extra"]})
    run = made.run(*mode)
    assert outcomes(run) == {"test_asks": "passed", "test_other": "passed"}
    (environment,) = run.environments
    assert {one.name for one in environment.packages} == {"shared", "tensorflow", "tensorflow-hub"}
    state = made.root / ".hubmatrix"
    assert [path.relative_to(state).parts[0] for path in state.rglob("transformers")] == ["companions"]
    assert not [*(state / "companions").rglob("shared")]
    assert all(cell.reused for cell in made.run(*mode).cells)


def test_the_resolvers_proof_is_the_reason_of_a_skip(mini: Make) -> None:
    run = project(mini, transformers={"5.0": ["shared>=2", "extra"]}).run()
    assert outcomes(run) == {"test_asks": "skipped", "test_other": "passed"}
    assert run.cells[0].status is Status.COMPLETED
    (told,) = [record.message for record in run.cases if record.outcome is Outcome.SKIPPED]
    assert told == (
        "Skipped: unsatisfiable: Because all versions of transformers depend on shared>=2 and shared==1.0, we can conclude that "
        "all versions of transformers cannot be used. And because you require transformers, we can conclude that your "
        "requirements are unsatisfiable."
    )


def test_without_an_index_the_cell_is_unavailable_and_other_cases_are_measured(mini: Make) -> None:
    made = project(mini, transformers={"4.0": ["shared", "extra"]}, asks=OTHER.replace("other", "first"))
    made.run()
    assert not [*(made.root / ".hubmatrix" / "companions").iterdir()], "no case asked"
    made.write_cases({"a/test_asks.py": ASKS, "a/test_other.py": OTHER + "\n"})
    index = dict(made.env)
    made.env |= {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/", "UV_FIND_LINKS": ""}
    run = made.run()
    (cell,) = run.cells
    assert (cell.status, cell.trouble) == (Status.UNAVAILABLE, Trouble.NETWORK)
    assert cell.message.startswith("transformers can't be installed beside the environment: ")
    assert outcomes(run) == {"test_other": "passed"}
    made.env = index
    assert made.run().cells[0].status is Status.COMPLETED


def test_nothing_is_installed_beside_an_environment_without_the_import(mini: Make) -> None:
    made = project(mini, transformers={"4.0": ["extra"]})
    packages.wheel(made.root / "index", "tensorflow-hub", "0.99.0", {"tensorflow_hub/__init__.py": "raise ImportError('no')\n"})
    assert made.run().cells[0].status is Status.IMPORT_FAILED
    assert not [*(made.root / ".hubmatrix" / "companions").iterdir()]


def test_an_import_that_raises_is_the_softwares(mini: Make) -> None:
    made = project(mini, transformers={"4.0": ["extra"]}, source="raise ImportError('too new for these packages')\n")
    run = made.run()
    assert outcomes(run) == {"test_asks": "error", "test_other": "passed"}
    assert run.cells[0].status is Status.COMPLETED
    assert "ImportError: too new for these packages" in [record.message for record in run.cases]
