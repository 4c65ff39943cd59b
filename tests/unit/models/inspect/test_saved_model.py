"""SavedModels and TF1 Hub modules: what is read, and what a damaged one is called."""

from __future__ import annotations

import json
import re
import resource
import time
from pathlib import Path

import pytest
from google.protobuf import json_format

from harness.base.errors import ModelError
from harness.models import replicas
from harness.models.inspect import ModelKind, inspect, messages
from harness.models.inspect.values import Constant, Layout, Named, Tensor
from tests.unit.models.inspect.conftest import (
    FLOAT,
    INT,
    RESOURCE,
    STRING,
    SaveModel,
    called,
    info,
    named,
    proto,
    ragged,
    serve,
    several,
    sparse,
    spec,
)


def test_signatures(saved_model: SaveModel) -> None:
    two = {"inputs": {"b": info(INT, -1, 16), "a": info(STRING)}, "outputs": {"y": info(FLOAT, -1, 3)}}
    content = inspect(saved_model(serve(signature_def={"serving_default": two, "__saved_model_init_op": {}}))).content
    assert content.written_by == "TensorFlow 2.15.1"
    assert content.tags == (("serve",),)
    (found,) = content.signatures
    assert found.name == "serving_default"
    assert [*map(str, found.inputs)] == ["a: string []", "b: int32 [?, 16]"]
    assert [*map(str, found.outputs)] == ["y: float32 [?, 3]"]


SPARSE = "sparse: sparse float32 [2] in 3 parts (sparse_indices, sparse_values, sparse_dense_shape)"


def test_unknown_rank_and_what_cannot_be_made(saved_model: SaveModel) -> None:
    anything = {"name": "x:0", "dtype": FLOAT, "tensor_shape": {"unknown_rank": True}}
    placeholder = {"coo_sparse": {}, "dtype": FLOAT, "tensor_shape": {"dim": [{"size": 2}]}}
    inputs = {"any": anything, "handle": info(RESOURCE), "sparse": placeholder}
    (found,) = inspect(saved_model(serve(signature_def={"f": {"inputs": inputs}}))).content.signatures
    assert [*map(str, found.inputs)] == ["any: float32 [?]", "handle: resource tensor []", SPARSE]


def test_calls(saved_model: SaveModel) -> None:
    """A flag that is False is not the same as no flag."""
    taken = several(named(x=spec(FLOAT, -1, 3, name="other")), spec(INT, 2), {"bool_value": False}, {"none_value": {}})
    objects = called((taken, named(y=spec(FLOAT, -1))))
    objects["concrete_functions"]["f0"]["canonicalized_input_signature"] = several(taken, named(training={"bool_value": True}))
    (call,) = inspect(saved_model(serve(object_graph_def=objects))).content.calls
    assert call.args == (
        Named(items=(("x", Tensor(name="x", dtype="float32", shape=(None, 3))),)),
        Tensor(name="", dtype="int32", shape=(2,)),
        Constant(value=False),
        Constant(value=None),
    )
    assert call.kwargs == (("training", Constant(value=True)),)
    assert call.outputs == Named(items=(("y", Tensor(name="y", dtype="float32", shape=(None,))),))


def test_calls_that_nobody_could_trace(saved_model: SaveModel) -> None:
    objects = called((several({"type_spec_value": {"type_spec_class_name": "RaggedTensorSpec"}}), {"none_value": {}}))
    (call,) = inspect(saved_model(serve(object_graph_def=objects))).content.calls
    assert call.args == (Tensor(name="", dtype="variant", shape=None, unusual="RaggedTensorSpec"),)
    assert call.outputs is None


def test_calls_with_ragged_and_sparse_tensors(saved_model: SaveModel) -> None:
    objects = called((several(ragged(INT, -1, -1), sparse(FLOAT, -1, 10)), {"none_value": {}}))
    (call,) = inspect(saved_model(serve(object_graph_def=objects))).content.calls
    assert call.args == (
        Tensor(name="", dtype="int32", shape=(None, None), layout=Layout.RAGGED, ragged_rank=1, splits="int64"),
        Tensor(name="", dtype="float32", shape=(None, 10), layout=Layout.SPARSE),
    )


def test_a_signature_that_draws_random_numbers(saved_model: SaveModel) -> None:
    function = {"inputs": {"x": info(FLOAT, -1)}, "outputs": {"y": {**info(FLOAT, -1), "name": "noise:0"}}}
    graph = {"node": [{"name": "noise", "op": "RandomStandardNormal"}]}
    content = inspect(saved_model(serve(signature_def={"f": function}, graph_def=graph))).content
    assert content.signatures[0].random == ("RandomStandardNormal",)
    assert content.notes == ("f draws random numbers (RandomStandardNormal): its values can't be compared",)


def test_what_training_left_is_no_weight(saved_model: SaveModel) -> None:
    """The slots of an optimizer and the totals of a metric are variables too: of Keras 2.15, and of 2.10 and before."""
    variable = {"variable": {"name": "v", "dtype": FLOAT, "trainable": True}}
    nodes = [
        {"children": [{"node_id": 1, "local_name": "w"}, {"node_id": 2}, {"node_id": 4}, {"node_id": 7}]},
        variable,
        {"user_object": {"identifier": "experimentalOptimizer"}, "children": [{"node_id": 3}]},
        variable,
        {"user_object": {"identifier": "_tf_keras_metric"}, "children": [{"node_id": 5}]},
        variable,
        variable,
        {"slot_variables": [{"slot_variable_node_id": 6}], "children": [{"node_id": 6}]},
    ]
    content = inspect(saved_model(serve(object_graph_def={"nodes": nodes}))).content
    assert (len(content.variables), content.state) == (1, 3)


def test_an_author_s_layer_in_a_saved_model(saved_model: SaveModel) -> None:
    """keras_metadata.pb tells it, or the saved objects of Keras up to 2.4."""
    described = json.dumps({"class_name": "Attention1", "config": {"name": "a"}})
    layer = {"user_object": {"identifier": "_tf_keras_layer", "metadata": described}}
    folder = saved_model(serve(object_graph_def={"nodes": [{"user_object": {"identifier": "_tf_keras_model"}}, layer]}))
    assert inspect(folder).content.custom == ("Attention1",)
    beside = saved_model(serve(object_graph_def={"nodes": [{}]}), name="beside")
    metadata = {"nodes": [{"identifier": "_tf_keras_layer", "metadata": described}, {"identifier": "_tf_keras_layer"}]}
    (beside / "keras_metadata.pb").write_bytes(json_format.ParseDict(metadata, messages.keras_metadata(b"")).SerializeToString())
    assert inspect(beside).content.custom == ("Attention1",)


def test_a_child_that_is_not_there(saved_model: SaveModel) -> None:
    objects = {"nodes": [{"children": [{"node_id": 7, "local_name": "__call__"}]}]}
    assert inspect(saved_model(serve(object_graph_def=objects))).content.calls == ()


def test_variables(saved_model: SaveModel) -> None:
    weight = {"variable": {"name": "w", "dtype": FLOAT, "shape": {"dim": [{"size": 3}]}, "trainable": True}}
    (found,) = inspect(saved_model(serve(object_graph_def={"nodes": [{}, weight]}))).content.variables
    assert (found.name, found.dtype, found.shape, found.trainable) == ("w", "float32", (3,), True)


def test_ops_that_need_a_package(saved_model: SaveModel) -> None:
    functions = {"function": [{"node_def": [{"op": "CaseFoldUTF8"}, {"op": "MatMul"}]}]}
    graph = {"node": [{"op": "Addons>GeluV2"}, {"op": "Identity"}], "library": functions}
    content = inspect(saved_model(serve(graph_def=graph))).content
    assert content.packages == ("tensorflow-text", "the library of the ops Addons>…")
    assert content.ops == {"CaseFoldUTF8", "MatMul", "Addons>GeluV2", "Identity"}


def test_what_is_missing_is_noted(saved_model: SaveModel) -> None:
    weight = {"variable": {"name": "w", "dtype": FLOAT}}
    graph = {
        "meta_info_def": {"tags": ["train", "gpu"]},
        "object_graph_def": {"nodes": [weight]},
        "asset_file_def": [{"filename": "vocab.txt"}],
    }
    assert inspect(saved_model(graph)).content.notes == (
        "variables/variables.index is missing, and the graph has variables",
        "variables/variables.data-* is missing, and the graph has variables",
        "no graph is tagged 'serve'; there are: {gpu, train}",
        "assets/vocab.txt is missing",
    )


def test_the_graph_that_loaders_take(saved_model: SaveModel) -> None:
    train = {"meta_info_def": {"tags": ["train"]}, "signature_def": {"no": {}}}
    content = inspect(saved_model(train, serve(signature_def={"yes": {}}))).content
    assert [one.name for one in content.signatures] == ["yes"]
    assert content.tags == (("train",), ("serve",))


@pytest.mark.parametrize("replica", replicas.every(), ids=lambda replica: replica.manifest.id)
def test_replicas(replica: replicas.Replica, tmp_path: Path) -> None:
    """What publishers' exporters wrote can be read, and names its TensorFlow, its weights and a way in."""
    replicas.unpack(replica, tmp_path / "model")
    found = inspect(tmp_path / "model")
    assert found.kind is (ModelKind.TF1_HUB if replica.manifest.hub_format.value == "hub" else ModelKind.SAVED_MODEL)
    assert found.content.written_by.startswith("TensorFlow ")
    assert found.content.signatures or found.content.calls
    assert found.content.notes == ()


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        inspect(folder)
    assert caught.value.exit_code == 5
    return str(caught.value).replace(str(folder), "MODEL")


def test_cut_off(saved_model: SaveModel) -> None:
    folder = saved_model(serve(signature_def={"serving_default": {"inputs": {"x": info(FLOAT, 2)}}}))
    file = folder / "saved_model.pb"
    whole = file.read_bytes()
    told = set()
    for size in range(len(whole)):
        file.write_bytes(whole[:size])
        told.add(re.findall(r"MODEL/saved_model.pb: (\w+(?: \w+)?)", refusal(folder))[0])
    assert told == {"empty", "holds no", "cut off"}


@pytest.mark.parametrize("data", [b"<html>", b"\x08\x01\xff\xff\xff", b"\x12\x05hello", bytes(1000)])
def test_garbage(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(data)
    assert "(hint: copy or export the model again)" in refusal(tmp_path)


def test_depth_is_bounded(saved_model: SaveModel) -> None:
    """A thousand lists in each other, made by hand: the parser gives up, and Python's stack is left alone."""
    inner = b""
    for _ in range(1000):
        inner = _field(51, _field(1, inner))
    traced = _field(3, inner)
    entry = _field(1, b"f") + _field(2, traced)
    graph = _field(7, _field(2, entry))
    folder = saved_model(serve())
    (folder / "saved_model.pb").write_bytes(b"\x08\x01" + _field(2, graph))
    assert "cut off or damaged" in refusal(folder)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


@pytest.mark.parametrize("beginning", [b"", proto(serve())])
def test_ten_gigabytes_of_nothing(beginning: bytes, tmp_path: Path) -> None:
    """A sparse file is refused by its size, at once and without reading it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    with (tmp_path / "saved_model.pb").open("wb") as file:
        file.write(beginning)
        file.truncate(10 * 2**30)
    told = refusal(tmp_path)
    assert told == (
        "MODEL: 10.0 GiB, the limit is 8 GiB (each cell works on a copy) (hint: the largest file is saved_model.pb, 10.0 GiB)"
    )
    assert time.monotonic() - started < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 2**10


def test_a_graph_that_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / "saved_model.pb").open("wb") as file:
        file.write(proto(serve()))
        file.truncate(3 * 2**30)
    assert refusal(tmp_path) == (
        "MODEL/saved_model.pb: 3.0 GiB, and at most 1 GiB can be inspected "
        "(hint: weights belong into variables/, not into the graph)"
    )


def test_sparse_below_the_limit(tmp_path: Path) -> None:
    """Zeros are no protocol buffer: the first byte says so."""
    with (tmp_path / "saved_model.pb").open("wb") as file:
        file.truncate(2**30)
    started = time.monotonic()
    assert "not a protocol buffer of a SavedModel" in refusal(tmp_path)
    assert time.monotonic() - started < 1
