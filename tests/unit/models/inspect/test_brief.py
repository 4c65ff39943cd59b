"""What cases are told: the interface, inputs for it, and what stands in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.domain import HubFormat, Interface
from harness.models import replicas
from harness.models.inspect import ModelKind, brief, inspect
from harness.models.inspect.interface import format_of, interface_of, width_of
from harness.models.inspect.sample import BATCH, LENGTH, Fill, Filled, best_call, obstacle, recipe
from harness.models.inspect.values import Call, Constant, Tensor
from tests.unit.models.inspect.conftest import (
    CONFIG,
    FLOAT,
    INT,
    LONG,
    STRING,
    SaveModel,
    called,
    info,
    named,
    ragged,
    serve,
    several,
    spec,
    write_keras,
)

WORDS = {name: spec(INT, -1, -1) for name in ("input_word_ids", "input_mask", "input_type_ids")}
VECTORS = named(pooled_output=spec(FLOAT, -1, 8), sequence_output=spec(FLOAT, -1, -1, 8), default=spec(FLOAT, -1, 8))


def told(model: Path) -> dict[str, Any]:
    return brief.manifest(inspect(model), "./my_model")


@pytest.mark.parametrize(
    ("name", "dtype", "shape", "made"),
    [
        ("input_mask", "int32", (None, None), Filled(dtype="int32", shape=(BATCH, LENGTH), fill=Fill.ALL_ONES)),
        ("input_type_ids", "int32", (None, 7), Filled(dtype="int32", shape=(BATCH, 7), fill=Fill.ALL_ZEROS)),
        ("segment_ids", "int64", (3, 7), Filled(dtype="int64", shape=(3, 7), fill=Fill.ALL_ZEROS)),
        ("input_word_ids", "int32", (1, None), Filled(dtype="int32", shape=(1, LENGTH), fill=Fill.IDS)),
        ("x", "float32", (None, 3), Filled(dtype="float32", shape=(BATCH, 3), fill=Fill.RANDOM)),
        ("x", "bfloat16", (), Filled(dtype="bfloat16", shape=(), fill=Fill.RANDOM)),
        ("flag", "bool", (None,), Filled(dtype="bool", shape=(BATCH,), fill=Fill.ALL_ONES)),
        ("text", "string", None, Filled(dtype="string", shape=(BATCH,), fill=Fill.SENTENCES)),
        ("x", "float32", None, Filled(dtype="float32", shape=(BATCH, LENGTH), fill=Fill.RANDOM)),
        ("none", "float32", (0, None), Filled(dtype="float32", shape=(0, LENGTH), fill=Fill.RANDOM)),
    ],
)
def test_inputs(name: str, dtype: str, shape: tuple[int | None, ...] | None, made: Filled) -> None:
    assert recipe(Tensor(name=name, dtype=dtype, shape=shape)) == made


def test_what_can_not_be_made() -> None:
    large = Tensor(name="x", dtype="float32", shape=(None, 10**6, 10**6))
    assert obstacle(large) == "x has 2,000,000,000,000 elements"
    assert recipe(large) is None
    assert obstacle(Tensor(name="", dtype="variant", shape=None, unusual="RaggedTensorSpec")) == "an input is a RaggedTensorSpec"


def test_the_call_for_inference_is_taken() -> None:
    x = Tensor(name="x", dtype="float32", shape=(None,))
    train, infer = (Call(args=(x, Constant(value=flag)), kwargs=(), outputs=None) for flag in (True, False))
    assert best_call((train, infer)) is infer
    assert best_call(()) is None


def test_a_dict_encoder(saved_model: SaveModel) -> None:
    model = saved_model(serve(object_graph_def=called((several(named(**WORDS), {"bool_value": False}), VECTORS))))
    found = inspect(model)
    assert (interface_of(found), format_of(found), width_of(found)) == (Interface.DICT, HubFormat.SAVED_MODEL_2, 8)
    known = told(model)
    assert known["inputs"]["input_mask"] == [[1] * 16, [1] * 7 + [0] * 9]
    assert known["inputs"]["input_word_ids"][1][7:] == [0] * 9
    assert known["outputs"] == {}


def test_the_length_that_a_model_is_fixed_to(saved_model: SaveModel) -> None:
    words = {name: spec(INT, -1, 5) for name in WORDS}
    known = told(saved_model(serve(object_graph_def=called((several(named(**words)), VECTORS)))))
    assert {name: len(rows[0]) for name, rows in known["inputs"].items()} == dict.fromkeys(WORDS, 5)


@pytest.mark.parametrize(
    ("taken", "given", "interface"),
    [
        ({"list_value": {"values": list(WORDS.values())}}, several(spec(FLOAT, -1, 8), spec(FLOAT, -1, -1, 8)), Interface.LIST),
        (spec(STRING, -1), named(**WORDS), Interface.TEXT),
        (spec(STRING, -1), spec(FLOAT, -1, 512), Interface.OTHER),
        (named(**WORDS), spec(FLOAT, -1, 8), Interface.OTHER),
        (named(x=spec(FLOAT, 2)), VECTORS, Interface.OTHER),
    ],
)
def test_interfaces(taken: Any, given: Any, interface: Interface, saved_model: SaveModel) -> None:
    assert interface_of(inspect(saved_model(serve(object_graph_def=called((several(taken), given)))))) is interface


def test_a_model_that_can_not_be_called(saved_model: SaveModel) -> None:
    composite = {"composite_tensor": {}, "dtype": FLOAT}
    known = told(saved_model(serve(signature_def={"f": {"inputs": {"x": info(FLOAT, -1), "s": composite}}})))
    assert known["checked"]["call"] is None
    assert known["checked"]["signatures"]["f"]["obstacle"] == "s is a composite tensor"


def test_a_sparse_placeholder_goes_in_by_its_parts(saved_model: SaveModel) -> None:
    """TensorFlow 1 writes one name; what TensorFlow 2 loads takes three."""
    sparse = {"coo_sparse": {}, "dtype": FLOAT, "tensor_shape": {"dim": [{"size": -1}, {"size": 10}]}}
    known = told(saved_model(serve(signature_def={"f": {"inputs": {"s": sparse}}})))["checked"]["signatures"]["f"]
    assert known["obstacle"] == ""
    assert known["inputs"] == {
        "s_indices": {"dtype": "int64", "values": ((0, 0), (1, 1))},
        "s_values": {"dtype": "float32", "shape": [2], "fill": "random"},
        "s_dense_shape": {"dtype": "int64", "values": (2, 10)},
    }


def test_a_ragged_input_has_row_splits_that_fit_its_values(saved_model: SaveModel) -> None:
    function = {"canonicalized_input_signature": several(several(ragged(INT, -1, -1)), named())}
    graph = {"nodes": [{}], "concrete_functions": {"f": function}}
    inputs = {"ids": info(INT, -1), "ids_1": info(LONG, -1)}
    known = told(saved_model(serve(signature_def={"f": {"inputs": inputs}}, object_graph_def=graph)))
    assert known["checked"]["signatures"]["f"]["inputs"] == {
        "ids": {"dtype": "int32", "shape": [5], "fill": "ids"},
        "ids_1": {"dtype": "int64", "values": (0, 3, 5)},
    }


def test_a_call_with_a_ragged_tensor(saved_model: SaveModel) -> None:
    known = told(saved_model(serve(object_graph_def=called((several(ragged(INT, -1, -1, -1, 4)), spec(FLOAT, -1))))))
    (argument,) = known["checked"]["call"]["args"]
    assert argument["ragged"]["values"] == {"dtype": "int32", "shape": [13, 4], "fill": "ids"}
    assert [splits["values"] for splits in argument["ragged"]["splits"]] == [(0, 3, 5), (0, 3, 5, 8, 10, 13)]


def test_a_keras_file(tmp_path: Path) -> None:
    path = write_keras(tmp_path / "m.keras", CONFIG)
    assert inspect(path).kind is ModelKind.KERAS_ZIP
    known = told(path)
    assert (known["hub_format"], known["interface"]) == ("keras_file", "other")
    assert known["checked"]["signatures"] == {}
    assert known["checked"]["call"]["args"] == [{"dtype": "int32", "shape": [2, 16], "fill": "ids"}]


@pytest.mark.parametrize("replica", replicas.every(), ids=lambda replica: replica.manifest.id)
def test_replicas_have_the_interface_that_their_publisher_says(replica: replicas.Replica, tmp_path: Path) -> None:
    replicas.unpack(replica, tmp_path / "model")
    found = inspect(tmp_path / "model")
    assert (format_of(found), interface_of(found)) == (replica.manifest.hub_format, replica.manifest.interface)
    assert width_of(found) in (replica.manifest.width, 0)
