"""Where the TPU compiler can't be had, what needs it is unavailable, and everything else is measured."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.domain import Status, Trouble
from harness.results.run import Run
from tests.minis.project import Mini, outcomes

Make = Callable[..., Mini]
CONFTEST = """
    import json
    import os
    import socket
    import pytest

    def pytest_configure(config):
        config.addinivalue_line("markers", "devices(name, ...): as in the real cases")

    @pytest.fixture(autouse=True)
    def model():
        # So that every case belongs to the cells of the one model.
        return os.environ["HUBMATRIX_MODEL"]

    @pytest.fixture
    def device():
        return os.environ["HUBMATRIX_DEVICE"]

    @pytest.fixture
    def tpu_compiler():
        return os.environ["HUBMATRIX_TPU_COMPILER"]

    @pytest.fixture
    def compiled(tpu_compiler):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(tpu_compiler)
            with connection.makefile("rw") as stream:
                stream.write('{"op": "compile", "hlo": "/x.pb", "chip": "v5e"}\\n')
                stream.flush()
                answer = json.loads(stream.readline())
        if answer["outcome"] == "unavailable":
            raise RuntimeError("tpu compiler unavailable: " + answer["message"])
        return answer
"""
CHIP = """
    import pytest

    @pytest.mark.devices("tpu-v5e")
    def test_chip(compiled, device): pass
"""
HOST = "def test_host(): pass\n"
MIXED = "def test_agrees(compiled): pass\n"


def cells(run: Run) -> dict[str, tuple[Status, Trouble | None]]:
    return {cell.axes.device.value: (cell.status, cell.trouble) for cell in run.cells}


def test_a_cell_of_nothing_else_is_set_aside_with_the_reason(mini: Make) -> None:
    """The index of the mini project has neither jax nor libtpu."""
    project = mini({"conftest.py": CONFTEST, "test_chip.py": CHIP, "test_host.py": HOST}, devices="cpu, tpu-v5e")
    run = project.run()
    assert outcomes(run) == {"test_host": "passed"}
    assert cells(run) == {"cpu": (Status.COMPLETED, None), "tpu-v5e": (Status.UNAVAILABLE, Trouble.DEVICE)}
    (chip,) = (cell for cell in run.cells if cell.axes.device.value == "tpu-v5e")
    assert chip.message.startswith("the TPU compiler isn't available: Because jax")
    assert [ref.key for ref in chip.cases] == [None]


def test_nothing_is_installed_where_no_case_asks_for_it(mini: Make) -> None:
    project = mini({"conftest.py": CONFTEST, "test_chip.py": CHIP, "test_host.py": HOST}, devices="cpu, tpu-v5e")
    assert cells(project.run("--select", "device=cpu")) == {"cpu": (Status.COMPLETED, None)}
    asked = [path.read_text() for path in (project.root / ".hubmatrix" / "locks").glob("*.in")]
    assert asked
    assert not any("libtpu" in text for text in asked)


@pytest.mark.parametrize("again", [False, True], ids=["once", "again"])
def test_a_cell_of_other_cases_as_well_is_measured_and_unavailable(mini: Make, again: bool) -> None:
    """What is unavailable is not kept: the next run asks again."""
    project = mini({"conftest.py": CONFTEST, "test_mixed.py": MIXED, "test_host.py": HOST})
    run = project.run()
    if again:
        run = project.run()
    assert outcomes(run) == {"test_host": "passed"}
    assert cells(run) == {"cpu": (Status.UNAVAILABLE, Trouble.DEVICE)}
    assert run.cells[0].message.startswith("the TPU compiler is missing: the TPU compiler isn't available: Because jax")
