"""A manifest is what it says or it is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from pydantic import ValidationError

from harness.models import replicas
from harness.models.manifest import Manifest, Vectors

PLAIN: dict[str, Any] = json.loads(replicas.manifest_path("bert-en/3").read_text())
TOKENS = {name: [[6, 7, 0], [6, 9, 7]] for name in ("input_word_ids", "input_mask", "input_type_ids")}


def changed(**fields: Any) -> dict[str, Any]:
    return copy.deepcopy(PLAIN) | fields


def preprocessing(**fields: Any) -> dict[str, Any]:
    given = {"interface": "text", "width": 3, "tolerance": 0, "encoder": "bert-en/3"}
    return changed(**given, inputs={"sentences": ["good", "bad"]}, outputs=copy.deepcopy(TOKENS)) | fields


def test_a_manifest_round_trips() -> None:
    manifest = Manifest.model_validate(PLAIN)
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


def test_a_preprocessing_model_round_trips() -> None:
    manifest = Manifest.model_validate(preprocessing())
    assert Manifest.model_validate_json(manifest.model_dump_json(exclude_none=True)) == manifest


def test_a_sequence_output_is_not_needed() -> None:
    data = changed()
    del data["outputs"]["sequence_output"]
    assert Manifest.model_validate(data).outputs == Vectors(pooled_output=data["outputs"]["pooled_output"])


def test_it_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Manifest.model_validate(PLAIN).id = "other/1"


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"widht": 32}, "widht"),
        ({"format": 1}, "format"),
        ({"id": "Bert 3"}, "id"),
        ({"handle": "file:///models/bert"}, "handle"),
        ({"hub_format": "saved_model_3"}, "hub_format"),
        ({"archive_sha256": "0"}, "archive_sha256"),
        ({"tolerance": -1}, "tolerance"),
        ({"encoder": "Bert"}, "encoder"),
    ],
)
def test_what_is_not_known_is_refused(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Manifest.model_validate(changed(**fields))
    assert [error["loc"] for error in caught.value.errors()] == [(place,)]


def test_a_script_is_a_name_not_a_path() -> None:
    data = changed()
    data["exporter"]["script"] = "../../evil.py"
    with pytest.raises(ValidationError, match="pattern"):
        Manifest.model_validate(data)


def test_shapes_must_agree() -> None:
    data = changed(width=33)
    with pytest.raises(ValidationError, match=r"outputs are not \[batch, 33\]"):
        Manifest.model_validate(data)
    data = changed()
    data["inputs"]["input_mask"][0].append(1)
    with pytest.raises(ValidationError, match="differ in batch or length"):
        Manifest.model_validate(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (preprocessing(width=4), r"outputs are not \[batch, 4\]"),
        (preprocessing(inputs={"sentences": ["one"]}), r"outputs are not \[batch, 3\]"),
        (preprocessing(inputs=TOKENS), "inputs and outputs are not of one kind"),
        (preprocessing(interface="dict"), "inputs are not those of interface 'dict'"),
        (changed(interface="text"), "inputs are not those of interface 'text'"),
        (preprocessing(encoder=None), "an encoder is named by preprocessing models, and by no other"),
        (changed(encoder="bert-en/3"), "an encoder is named by preprocessing models, and by no other"),
        (preprocessing(tolerance=1e-5), "token ids have the tolerance 0"),
        (changed(tolerance=0), "token ids have the tolerance 0"),
    ],
)
def test_a_manifest_is_of_one_kind(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Manifest.model_validate(data)


@pytest.mark.parametrize("rows", [[[6, 7, 0], [6, 9]], [["a", "b", "c"]] * 2, [[6.5, 7.0, 0.0]] * 2])
def test_token_ids_are_whole_numbers_in_rows_of_one_length(rows: list[list[object]]) -> None:
    data = preprocessing()
    data["outputs"]["input_mask"] = rows
    with pytest.raises(ValidationError):
        Manifest.model_validate(data)
