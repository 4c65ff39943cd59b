"""Unit tests start no process, and build the project's values with `make`, whose defaults are valid.

Not in here: anything that only one test file needs.
"""

from __future__ import annotations

import asyncio
import asyncio.base_events
import os
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest

from harness.base.workspace import Workspace
from harness.domain import (
    Axes,
    Axis,
    Case,
    Cell,
    Device,
    EnvironmentRequest,
    HubFormat,
    InstallPolicy,
    Interface,
    KerasChoice,
    Limits,
    Model,
    Outcome,
    Release,
    SaveFormat,
    Status,
    TextOps,
)
from harness.environments.accelerators import MachineFacts
from harness.environments.interpreters import Interpreter
from harness.environments.lock import Lock
from harness.judge.attribution import machine_trouble
from harness.models.inspect import bounded, inspect
from harness.results.format import CaseRecord, CaseRef, CellRecord, EnvironmentRecord, Footer, Header, Host
from harness.results.rows import Fact
from harness.results.run import Run, run_of
from harness.results.store import open_store
from harness.run.keys import Identity
from harness.run.machine import Machine
from harness.run.settings import RunSettings

NOON = "2026-11-20T12:00:00+00:00"

# A shared machine with two cores says nothing about how long an example may take.
hypothesis.settings.register_profile("unit", deadline=None)
hypothesis.settings.load_profile("unit")


class ProcessStarted(AssertionError):
    """A unit test reached a function that starts a process."""


STARTERS: tuple[tuple[Any, str], ...] = (
    (subprocess.Popen, "__init__"),
    (os, "fork"),
    (os, "forkpty"),
    (os, "posix_spawn"),
    (os, "posix_spawnp"),
    (os, "system"),
    (asyncio, "create_subprocess_exec"),
    (asyncio, "create_subprocess_shell"),
    (asyncio.subprocess, "create_subprocess_exec"),
    (asyncio.subprocess, "create_subprocess_shell"),
    (asyncio.base_events.BaseEventLoop, "subprocess_exec"),
    (asyncio.base_events.BaseEventLoop, "subprocess_shell"),
)


def _forbidden(owner: Any, name: str) -> Any:
    def starts_a_process(*_: object, **__: object) -> NoReturn:
        raise ProcessStarted(
            f"unit tests start no process, but {owner.__name__}.{name} was called; such a test is an integration test"
        )

    return starts_a_process


@pytest.fixture(scope="module", autouse=True)
def no_process() -> Iterator[None]:
    """For a module, not a function: hypothesis would object, and nothing is kept between tests."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in STARTERS:
            patch.setattr(owner, name, _forbidden(owner, name))
        patch.setattr(bounded, "in_child", inspect)
        yield


class Make:
    """Values of the project. Every argument has a default, and no two fields share a value by accident."""

    @staticmethod
    def release(version: str = "2.16.2", **values: Any) -> Release:
        known = {"package": "tensorflow", "released": date(2024, 6, 28), "pythons": ("3.9", "3.10", "3.11")}
        return Release(version=version, **(known | values))

    @classmethod
    def request(cls, id_: str = "tf-2_16_2-as-released", **values: Any) -> EnvironmentRequest:
        known = {
            "release": cls.release(),
            "install": InstallPolicy.AS_RELEASED,
            "keras": KerasChoice.DEFAULT,
            "text": TextOps.WITHOUT,
        }
        return EnvironmentRequest(id=id_, **(known | {"python": None, "hub": None} | values))

    @staticmethod
    def interpreter(version: str = "3.11.7", **values: Any) -> Interpreter:
        known = {"path": Path(f"/opt/python/{version}/bin/python3"), "platform": "linux-x86_64"}
        return Interpreter(version=version, **(known | values))

    @staticmethod
    def lock(**values: Any) -> Lock:
        known = {
            "path": Path("/nowhere/lock.txt"),
            "sha256": "10c" * 21 + "0",
            "resolved": date(2026, 11, 20),
            "packages": (("numpy", "1.26.4"), ("tensorflow", "2.16.2")),
            "exclude_newer": date(2024, 7, 19),
        }
        return Lock(**(known | values))

    @classmethod
    def identity(cls, **values: Any) -> Identity:
        known = {"lock": cls.lock(), "interpreter": cls.interpreter(), "settings": (("CUDA_VISIBLE_DEVICES", "-1"),)}
        return Identity(**(known | values))

    @staticmethod
    def model(id_: str = "bert-en/3", **values: Any) -> Model:
        known = {"handle": f"https://tfhub.dev/{id_}", "format": HubFormat.SAVED_MODEL_2, "interface": Interface.DICT}
        return Model(id=id_, **(known | values))

    @staticmethod
    def case(id_: str = "cases/test_a.py::test_a", **values: Any) -> Case:
        known = {
            "title": "What it shows",
            "uses": frozenset({Axis.MODEL}),
            "formats": frozenset(),
            "interfaces": frozenset(),
            "digest": "d1",
        }
        return Case(id=id_, **(known | values))

    @staticmethod
    def axes(**values: Any) -> Axes:
        known = {
            "tensorflow": "2.16.2",
            "install": InstallPolicy.AS_RELEASED,
            "keras": KerasChoice.DEFAULT,
            "text": TextOps.WITHOUT,
            "model": "bert-en/3",
            "format": SaveFormat.H5,
            "device": Device.CPU,
        }
        return Axes(**(known | values))

    @classmethod
    def cell(cls, id_: str = "cell-1", *, environment: str = "tf-2_16_2-as-released", **axes: Any) -> Cell:
        return Cell(id=id_, axes=cls.axes(**axes), environment=environment)

    @staticmethod
    def limits(**values: Any) -> Limits:
        known = {"case_seconds": 60.0, "import_seconds": 90.0, "install_seconds": 600.0}
        return Limits(**(known | {"memory_bytes": 4 * 2**30, "free_disk_bytes": 2**30} | values))

    @classmethod
    def machine(cls, root: Path, **values: Any) -> Machine:
        """One with CPython 3.11 and two slots, for this project folder."""
        known = {
            "uv": Path("uv"),
            "workspace": Workspace(root=root),
            "interpreters": {"3.11": cls.interpreter()},
            "accelerators": MachineFacts(system="Linux"),
            "slots": 2,
            "limits": cls.limits(),
        }
        return Machine(**(known | values))

    @classmethod
    def settings(cls, root: Path) -> RunSettings:
        """Of a run in this project folder."""
        return RunSettings(machine=cls.machine(root), run="run-1", attribute=machine_trouble)

    @staticmethod
    def header(**values: Any) -> Header:
        host = Host(system="Linux", machine="x86_64", python="3.11.7", cores=2, memory_bytes=8 * 2**30)
        known = {"started": NOON, "hubmatrix": "0.1", "tier": "quick", "selection": "", "planned_cells": 1, "host": host}
        return Header(**({"run": "20261120-120000-abcdef"} | known | values))

    @classmethod
    def run(cls, *facts: Fact, finished: bool = True, **header: Any) -> Run:
        """One run, whole; `finished=False`: one that was cut off."""
        footer = Footer(finished="later", interrupted=False, records=len(facts) + 1) if finished else None
        return run_of(cls.header(**header), facts, footer)

    @staticmethod
    def keep(workspace: Workspace, run: Run) -> None:
        """Take a run into the store of a project."""
        with open_store(workspace.results) as store:
            store.add(run)

    @staticmethod
    def environment_record(**values: Any) -> EnvironmentRecord:
        known = {
            "id": "tf-2_16_2-as-released",
            "key": "environment-key",
            "tensorflow": "2.16.2",
            "install": InstallPolicy.AS_RELEASED,
            "keras": KerasChoice.DEFAULT,
            "text": TextOps.WITHOUT,
            "requirements": ("tensorflow==2.16.2", "tensorflow-hub"),
            "status": Status.COMPLETED,
            "recorded": NOON,
        }
        return EnvironmentRecord(**(known | values))

    @staticmethod
    def case_record(**values: Any) -> CaseRecord:
        known = {
            "key": "case-key",
            "case": "cases/test_a.py::test_a",
            "environment": "tf-2_16_2-as-released",
            "cell": "cell-1",
            "uses": {"model": "bert-en/3"},
            "outcome": Outcome.PASSED,
            "seconds": 0.25,
            "recorded": NOON,
            "run": "20261120-120000-abcdef",
        }
        return CaseRecord(**(known | values))

    @classmethod
    def cell_record(cls, **values: Any) -> CellRecord:
        known = {
            "id": "cell-1",
            "key": "cell-key",
            "axes": cls.axes(),
            "environment": "tf-2_16_2-as-released",
            "status": Status.COMPLETED,
            "cases": (CaseRef(case="cases/test_a.py::test_a", key="case-key"),),
            "recorded": NOON,
        }
        return CellRecord(**(known | values))


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make


MATRIX = """\
version: 1
axes:
  tensorflow:
    - {version: "2.15.1", package: tensorflow-cpu, released: 2024-03-08, pythons: ["3.10", "3.11"]}
    - {version: "2.16.2", package: tensorflow, released: 2024-06-28, pythons: ["3.11", "3.12"]}
  install: [as-released, today]
  keras: [default, legacy]
  model:
    bert-en/3:
      handle: https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3
      format: saved_model_2
      interface: dict
  format: [h5, keras]
  device: [cpu]
exclude:
  - when: keras=legacy and tensorflow<2.16
    reason: up to 2.15 tf.keras is Keras 2 already
tiers:
  quick:
    title: One of each
    select: install=as-released and keras=default
  full:
    title: All
    select: ""
limits:
  case_seconds: 60
  import_seconds: 90
  install_seconds: 600
  memory: 4 GiB
  free_disk: 1 GiB
"""
CASES = '''\
def test_load(model):
    """It loads."""


def test_save(model, save_format):
    """It saves."""
'''
AXES_AS_FIXTURES = """\
import pytest


@pytest.fixture
def model():
    pass


@pytest.fixture
def save_format():
    pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Workspace:
    """A project of two TensorFlows, six environments, twelve cells and two cases."""
    place = Workspace(root=tmp_path / "project")
    place.cases.mkdir(parents=True)
    place.matrix.write_text(MATRIX)
    (place.cases / "conftest.py").write_text(AXES_AS_FIXTURES)
    (place.cases / "test_tiny.py").write_text(CASES)
    return place
