"""The project's own matrix.yaml and its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness import catalog
from harness.documents.nodes import compose, plain
from harness.domain import Accelerator, Case, Device, KerasChoice, SaveFormat, TextOps
from harness.matrix import Spec, load_spec, schema
from harness.matrix.plan import expand
from harness.models import replicas

PROJECT = Path(__file__).parents[3]
SCHEMA = PROJECT / "docs" / "matrix.schema.json"


@pytest.fixture(scope="module")
def spec() -> Spec:
    return load_spec(PROJECT / "matrix.yaml")


@pytest.fixture(scope="module")
def cases() -> tuple[Case, ...]:
    return catalog.of_matrix(catalog.read_cases(PROJECT / "cases"))


@pytest.fixture
def document() -> Any:
    node = compose((PROJECT / "matrix.yaml").read_text(encoding="utf-8"), "matrix.yaml")
    assert node is not None
    return plain(node)


def test_every_minor_since_1_15(spec: Spec) -> None:
    minors = [tuple(map(int, release.version.split(".")[:2])) for release in spec.releases]
    assert minors == [(1, 15), *((2, minor) for minor in range(22))]


def test_packages(spec: Spec) -> None:
    """tensorflow-cpu starts with 2.1 and ends with 2.14: later, tf-keras asks for `tensorflow`."""
    plain_package = {release.version for release in spec.releases if release.package == "tensorflow"}
    assert plain_package == {"1.15.5", "2.0.4", "2.15.1", "2.16.2", "2.17.1", "2.18.1", "2.19.1", "2.20.0", "2.21.0"}


def test_tiers(spec: Spec) -> None:
    quick, full = expand(spec, tier="quick"), expand(spec, tier="full")
    hardware = [one for one in full.environments.values() if one.accelerator is not Accelerator.NONE]
    assert (len(quick.environments), len(full.environments), len(hardware)) == (18, 255, 116)
    assert set(full.models) == {model.id for model in spec.models}
    assert {cell.id for cell in quick.cells} < {cell.id for cell in full.cells}


def test_the_other_installer_is_shown_by_the_plainest_cells(spec: Spec) -> None:
    """One for each TensorFlow, model and format: on the CPU, with the Keras that comes, without tensorflow-text."""
    cells = expand(spec, select="install=today-uv").cells
    assert {(cell.axes.device, cell.axes.keras, cell.axes.text) for cell in cells} == {
        (Device.CPU, KerasChoice.DEFAULT, TextOps.WITHOUT)
    }
    assert len(cells) == len(spec.releases) * len(spec.models) * len(SaveFormat)


def test_no_interpreter_is_pinned(spec: Spec) -> None:
    """Which one has all packages is learned from the index, for every TensorFlow alike."""
    assert {axes.python for include in spec.include for axes in include.combinations()} == set()


def test_the_quick_tier_has_one_model_a_kind(spec: Spec) -> None:
    kinds = [(model.format, model.interface) for model in expand(spec, tier="quick").models.values()]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == {(model.format, model.interface) for model in spec.models}


def test_every_model_has_a_replica_that_says_the_same(spec: Spec) -> None:
    assert {model.id: model for model in spec.models} == {replica.manifest.id: replica.model for replica in replicas.every()}


def test_every_cell_has_cases(spec: Spec, cases: tuple[Case, ...]) -> None:
    """One without any would be drawn as completed, and nothing was tried."""
    plan = expand(spec, tier="full", cases=cases)
    kinds = {(cell.axes.model, cell.axes.device) for cell in plan.cells}
    bearing = {kind: [case for case in cases if case.bears_on(plan.models.get(kind[0]), kind[1])] for kind in kinds}
    assert {kind for kind, bearing_on in bearing.items() if not bearing_on} == set()


def test_every_case_has_cells(spec: Spec, cases: tuple[Case, ...]) -> None:
    plan = expand(spec, tier="full", cases=cases)
    kinds = {(cell.axes.model, cell.axes.device) for cell in plan.cells}
    assert [case.id for case in cases if not any(case.bears_on(plan.models.get(model), device) for model, device in kinds)] == []


def test_cells_without_a_model(spec: Spec, cases: tuple[Case, ...]) -> None:
    """Of an environment as many as its cases tell apart: one for each save format, one for each other device."""
    plan = expand(spec, tier="quick", select="tensorflow=2.15.1 and install=as-released and text=without", cases=cases)
    plain = [cell.id.removeprefix("tf-2_15_1-as-released--") for cell in plan.cells if not cell.axes.model]
    assert plain == [
        "no-model--h5--cpu",
        "no-model--h5--xla-cpu",
        "no-model--keras--cpu",
        "no-model--savedmodel--cpu",
        "no-model--savedmodel--tpu-v5e",
        "no-model--savedmodel--mirrored-2",
    ]
    assert list(plan.models) == ["bert-en/2", "bert-en/3", "bert-uncased/1", "preprocess/3"]


def test_the_committed_schema_is_up_to_date() -> None:
    hint = "hubmatrix spec --schema > docs/matrix.schema.json"
    assert SCHEMA.read_text(encoding="utf-8") == schema.text(), hint


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(schema.text()))


def test_the_matrix_is_valid(document: Any) -> None:
    Draft202012Validator(json.loads(schema.text())).validate(document)


def edits() -> list[tuple[str, list[str | int], Any]]:
    release: list[str | int] = ["axes", "tensorflow", 0]
    return [
        ("unknown section", ["modles"], {}),
        ("unknown axis", ["axes", "devise"], ["cpu"]),
        ("unknown limit", ["limits", "memry"], "6 GiB"),
        ("number for a version", [*release, "version"], 2.16),
        ("number for a Python", [*release, "pythons"], [3.1]),
        ("patch of a Python", [*release, "pythons"], ["3.10.1"]),
        ("no Python", [*release, "pythons"], []),
        ("unknown package", [*release, "package"], "tensorflow-gpu"),
        ("not a date", [*release, "released"], "June 2024"),
        ("unknown install policy", ["axes", "install"], ["tomorrow"]),
        ("twice the same", ["axes", "keras"], ["default", "default"]),
        ("tensorflow-text or not", ["axes", "text"], [True]),
        ("no models", ["axes", "model"], {}),
        ("unknown model format", ["axes", "model", "bert-en/3", "format"], "h5"),
        ("handle without address", ["axes", "model", "bert-en/3", "handle"], "bert"),
        ("model id with capitals", ["axes", "model", "BERT"], {"handle": "https://x", "format": "hub", "interface": "list"}),
        ("exclude without reason", ["exclude"], [{"when": "device=cpu"}]),
        ("empty exclude", ["exclude"], [{"when": "", "reason": "none"}]),
        ("include without reason", ["include"], [{"device": "cpu"}]),
        ("number for a hub", ["include"], [{"hub": 0.1, "reason": "pin"}]),
        ("no full tier", ["tiers"], {"quick": {"select": "", "title": "all"}}),
        ("tier without title", ["tiers", "full"], {"select": ""}),
        ("size without unit", ["limits", "memory"], 6),
        ("size of another unit", ["limits", "memory"], "6 GB"),
        ("no time", ["limits", "case_seconds"], 0),
        ("other format", ["version"], 2),
    ]


@pytest.mark.parametrize(("path", "value"), [edit[1:] for edit in edits()], ids=[edit[0] for edit in edits()])
def test_the_schema_refuses(document: Any, path: list[str | int], value: Any) -> None:
    target = document
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    assert not Draft202012Validator(json.loads(schema.text())).is_valid(document)


def test_the_text_axis_may_be_absent(document: Any) -> None:
    del document["axes"]["text"]
    Draft202012Validator(json.loads(schema.text())).validate(document)


def test_the_schema_accepts_includes(document: Any) -> None:
    document["include"] = [{"tensorflow": ["2.15.1"], "python": "3.9", "hub": "0.12.0", "reason": "pin"}]
    document["exclude"] = None
    Draft202012Validator(json.loads(schema.text())).validate(document)
