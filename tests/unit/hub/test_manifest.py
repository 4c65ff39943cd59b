"""A manifest is what it says or it is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from pydantic import ValidationError

from harness.hub import replicas
from harness.hub.manifest import Manifest

PLAIN: dict[str, Any] = json.loads(replicas.manifest_path("bert-en/3").read_text())


def changed(**fields: Any) -> dict[str, Any]:
    return copy.deepcopy(PLAIN) | fields


def test_a_manifest_round_trips() -> None:
    manifest = Manifest.model_validate(PLAIN)
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


def test_it_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Manifest.model_validate(PLAIN).id = "other/1"


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"widht": 32}, "widht"),
        ({"format": 2}, "format"),
        ({"id": "Bert 3"}, "id"),
        ({"handle": "file:///models/bert"}, "handle"),
        ({"hub_format": "saved_model_3"}, "hub_format"),
        ({"archive_sha256": "0"}, "archive_sha256"),
        ({"tolerance": 0}, "tolerance"),
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
