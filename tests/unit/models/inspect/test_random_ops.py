"""Only what leads to the outputs counts: initialisers and dropout while training are in nearly every graph."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format

from harness.models.inspect import messages
from harness.models.inspect.random_ops import Graph


def graph(**parts: Any) -> Graph:
    model = json_format.ParseDict({"meta_graphs": [{"graph_def": parts}]}, messages.saved_model(b""))
    return Graph(model.meta_graphs[0].graph_def)


def function(name: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {"signature": {"name": name}, "node_def": list(nodes)}


def call(name: str, **attributes: Any) -> dict[str, Any]:
    return {"name": "call", "op": "StatefulPartitionedCall", "attr": {"f": {"func": {"name": name}}, **attributes}}


NORMAL = {"name": "noise", "op": "RandomStandardNormal"}


def test_what_leads_to_an_output() -> None:
    nodes = [NORMAL, {"name": "out", "op": "AddV2", "input": ["x", "noise"]}, {"name": "quiet", "op": "Identity", "input": ["x:0"]}]
    assert graph(node=nodes).of_outputs(["out:0"]) == ("RandomStandardNormal",)
    assert graph(node=nodes).of_outputs(["quiet:0"]) == ()


def test_control_inputs_count() -> None:
    nodes = [{"name": "noise", "op": "RandomShuffle"}, {"name": "out", "op": "NoOp", "input": ["^noise"]}]
    assert graph(node=nodes).of_outputs(["out:0"]) == ("RandomShuffle",)


@pytest.mark.parametrize("attributes", [{}, {"branches": {"list": {"func": [{"name": "inner"}]}}}])
def test_functions_are_followed(attributes: Any) -> None:
    start = function("outer", call("inner")) if not attributes else function("outer", call("none", **attributes))
    functions = [start, function("inner", NORMAL, call("outer")), function("train", {"name": "drop", "op": "RandomUniform"})]
    found = graph(node=[{**call("outer"), "name": "out"}], library={"function": functions})
    assert found.of_outputs(["out:0"]) == ("RandomStandardNormal",)
    assert found.of_function("train") == ("RandomUniform",)
    assert found.of_function("not there") == ()
