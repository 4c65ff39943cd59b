"""What a case knows of its model, read from a manifest by cases/conftest.py."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from harness.models import replicas

CONFTEST = Path(__file__).parents[2] / "cases" / "conftest.py"


@pytest.fixture(scope="module")
def conftest() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cases_conftest", CONFTEST)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shapes(arrays: dict[str, Any]) -> dict[str, tuple[object, ...]]:
    return {name: (array.dtype.kind, array.dtype.itemsize, array.shape) for name, array in arrays.items()}


def test_an_encoder_takes_token_ids_and_gives_vectors(conftest: ModuleType) -> None:
    model = conftest.Model(replicas.manifest_path("bert-en/3"))
    assert shapes(model.inputs) == dict.fromkeys(("input_word_ids", "input_mask", "input_type_ids"), ("i", 4, (2, 16)))
    assert shapes(model.outputs) == {"pooled_output": ("f", 4, (2, 32)), "sequence_output": ("f", 4, (2, 16, 32))}
    assert model.encoder is None


def test_preprocessing_takes_sentences_and_names_an_encoder(conftest: ModuleType, tmp_path: Path) -> None:
    encoder = json.loads(replicas.manifest_path("bert-en/3").read_text())
    (tmp_path / "bert-en-3.json").write_text(json.dumps(encoder))
    text = {"interface": "text", "encoder": "bert-en/3", "width": 3, "tolerance": 0, "inputs": {"sentences": ["größe", "b"]}}
    (tmp_path / "text-1.json").write_text(json.dumps(encoder | text | {"outputs": {"input_mask": [[1, 1, 0], [1, 0, 0]]}}))
    model = conftest.Model(str(tmp_path / "text-1.json"))
    assert model.inputs["sentences"].tolist() == ["größe", "b"]
    assert model.outputs["input_mask"].dtype == np.int32
    assert (model.encoder.handle, model.encoder.interface) == (encoder["handle"], "dict")


def test_a_model_is_of_a_format_and_an_interface(conftest: ModuleType) -> None:
    model = conftest.Model(replicas.manifest_path("bert-en/3"))
    assert model.is_one_of()
    assert model.is_one_of(format="saved_model_2", interface=["list", "dict"])
    assert not model.is_one_of(interface="text")
    assert not model.is_one_of(format="hub", interface="dict")
