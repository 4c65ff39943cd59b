"""What venv and pip would have installed is what is installed: seeds, pip's choices, final releases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.domain import Status
from harness.results.format import EnvironmentRecord
from tests.integration.conftest import install_pytest
from tests.minis import packages
from tests.minis.project import MINOR, Mini

CASE = {"test_one.py": "def test_one(model): pass\n"}
NEW = "99.0"
Make = Callable[..., Mini]
seeded = pytest.mark.skipif(tuple(map(int, MINOR.split("."))) >= (3, 12), reason="from Python 3.12 on a venv holds nothing but pip")


def of(project: Mini) -> EnvironmentRecord:
    (environment,) = project.run().environments
    assert environment.status is Status.COMPLETED, environment.evidence
    return environment


def setuptools(environment: EnvironmentRecord) -> str | None:
    return next((package.version for package in environment.packages if package.name == "setuptools"), None)


@seeded
def test_pip_keeps_the_setuptools_that_a_venv_brings(mini: Make) -> None:
    project = mini(CASE, requires=["setuptools"], install="today")
    packages.wheel(project.root / "index", "setuptools", NEW, {"setuptools/__init__.py": ""})
    environment = of(project)
    (seed,) = environment.seeds
    assert (seed.name, setuptools(environment)) == ("setuptools", seed.version)
    assert seed.version != NEW


@seeded
def test_pip_replaces_it_where_it_does_not_satisfy(mini: Make) -> None:
    project = mini(CASE, requires=[f"setuptools>={NEW}"], install="today")
    packages.wheel(project.root / "index", "setuptools", NEW, {"setuptools/__init__.py": ""})
    assert setuptools(of(project)) == NEW


@seeded
def test_it_is_there_where_nobody_asks_for_it(mini: Make) -> None:
    environment = of(mini(CASE, install="today", tensorflow="import setuptools"))
    assert setuptools(environment) == environment.seeds[0].version


def test_uv_brings_nothing(mini: Make) -> None:
    project = mini(CASE, requires=["setuptools"])
    packages.wheel(project.root / "index", "setuptools", NEW, {"setuptools/__init__.py": ""})
    environment = of(project)
    assert (environment.seeds, setuptools(environment)) == ((), NEW)


def test_a_pre_release_that_a_requirement_names_is_taken(mini: Make) -> None:
    project = mini(CASE, requires=["nightly==2.5.0.dev1"])
    packages.wheel(project.root / "index", "nightly", "2.5.0.dev1", {"nightly.py": ""})
    assert ("nightly", "2.5.0.dev1") in {(package.name, package.version) for package in of(project).packages}


def test_a_pre_release_is_never_taken_unasked(mini: Make) -> None:
    """Its final release has a wheel for the Python before this one, and so that Python is taken."""
    major, minor = MINOR.split(".")
    before = f"{major}.{int(minor) - 1}"
    project = mini(CASE, python=f'{before}", "{MINOR}')
    if not install_pytest(project.toolchains, before):
        pytest.skip(f"no CPython {before} on this machine")
    index = project.root / "index"
    next(index.glob("tensorflow_hub-*.whl")).unlink()
    tag = f"cp{before.replace('.', '')}-none-any"
    packages.wheel(index, "tensorflow-hub", "0.99.0", {"tensorflow_hub/__init__.py": ""}, tag=tag)
    packages.wheel(index, "tensorflow-hub", "0.99.1rc0", {"tensorflow_hub/__init__.py": ""})
    environment = of(project)
    assert environment.python is not None
    assert environment.python.startswith(f"{before}.")
    assert ("tensorflow-hub", "0.99.0") in {(package.name, package.version) for package in environment.packages}
