"""Which layers are the author's own, by the configs of Keras 2 and 3, and which are Python code."""

from __future__ import annotations

from typing import Any

import pytest

from harness.models.inspect.keras_classes import custom_classes, lambda_layers


def layer(name: str, **more: Any) -> dict[str, Any]:
    return {"class_name": name, "config": {"name": name.lower()}, **more}


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"layers": list(layers)}}


@pytest.mark.parametrize(
    ("described", "classes"),
    [
        (model(layer("Dense"), layer("Attention1")), ("Attention1",)),  # .h5 of Keras 2: no modules
        (model(layer("Attention1", module=None, registered_name="Attention1")), ("Attention1",)),  # .keras of 2.15 and 3
        (model(layer("Dense", module="keras.layers", registered_name=None)), ()),
        (model(layer("Mine", module="my.layers", registered_name="Mine")), ("Mine",)),
        (model(layer("Custom>Mine")), ("Custom>Mine",)),
        (model(layer("KerasLayer")), ("KerasLayer",)),
        (model(layer("TFOpLambda"), layer("Functional"), model(layer("Inner"))), ("Inner",)),
        ({"class_name": "Sequential", "config": [layer("Dense"), layer("Old")]}, ("Old",)),
        (model({"class_name": "Dense", "config": {"kernel_initializer": {"class_name": "HeNormal", "config": {}}}}), ()),
    ],
)
def test_custom(described: Any, classes: tuple[str, ...]) -> None:
    assert custom_classes(described) == classes


def test_a_lambda_is_python_code_unless_it_names_a_function() -> None:
    keras_2 = {"class_name": "Lambda", "config": {"name": "a", "function": ["4wEAAA", None, None], "function_type": "lambda"}}
    keras_3 = {"class_name": "Lambda", "config": {"name": "b", "function": {"class_name": "__lambda__", "config": {"code": "4wE"}}}}
    named = {"class_name": "Lambda", "config": {"name": "c", "function": "relu", "function_type": "function"}}
    assert lambda_layers(model(keras_2, keras_3, named)) == ("a", "b")
