"""Which cases cases/conftest.py leaves out because a prerequisite doesn't hold, without TensorFlow."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.unit.test_cases_model import conftest as conftest


class Layer:
    pass


class HubLayer(Layer):
    pass


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stand-ins for tensorflow and tensorflow_hub: eager, Keras without TFSMLayer, hub without Module."""
    tensorflow: Any = ModuleType("tensorflow")
    tensorflow.keras = SimpleNamespace(layers=SimpleNamespace(Layer=Layer))
    tensorflow.executing_eagerly = lambda: True
    hub: Any = ModuleType("tensorflow_hub")
    hub.KerasLayer = HubLayer
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    monkeypatch.setitem(sys.modules, "tensorflow_hub", hub)
    return SimpleNamespace(tensorflow=tensorflow, hub=hub)


def mark(name: str, *args: str) -> SimpleNamespace:
    """A mark as an item holds it. pytest.mark itself knows only those of the project's own tests."""
    return SimpleNamespace(name=name, args=args)


def item(*marks: Any, fixturenames: tuple[str, ...] = ()) -> Any:
    """An item of pytest, as far as the hook looks at it."""
    return SimpleNamespace(
        iter_markers=lambda name: (mark for mark in marks if mark.name == name), fixturenames=fixturenames, user_properties=[]
    )


@pytest.mark.parametrize(
    ("prerequisite", "answer"),
    [
        ("eager execution", True),
        ("graph execution", False),
        ("tf.keras.layers.Layer", True),
        ("tf.keras.layers.TFSMLayer", False),
        ("tf.estimator.Estimator", False),
        ("hub.Module", False),
        ("hub.KerasLayer is a tf.keras.layers.Layer", True),
        ("tf.keras.layers.Layer is a hub.KerasLayer", False),
        ("tf.keras.layers.TFSMLayer is a tf.keras.layers.Layer", False),
        ("json", True),
        ("no_such_package", False),
    ],
)
def test_a_prerequisite_holds_or_not(conftest: ModuleType, packages: SimpleNamespace, prerequisite: str, answer: bool) -> None:
    conftest.holds.cache_clear()
    assert conftest.holds(prerequisite) is answer


def test_how_tensorflow_executes_is_asked_once(conftest: ModuleType, packages: SimpleNamespace) -> None:
    conftest.holds.cache_clear()
    assert conftest.holds("eager execution")
    packages.tensorflow.executing_eagerly = lambda: False
    assert conftest.holds("eager execution")


def test_a_package_is_not_imported(conftest: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "this", raising=False)
    conftest.holds.cache_clear()
    assert conftest.holds("this")
    assert "this" not in sys.modules


def test_a_case_whose_prerequisites_hold_is_run(conftest: ModuleType, packages: SimpleNamespace) -> None:
    conftest.holds.cache_clear()
    case = item(mark("needs", "json", "eager execution"), mark("lacks", "hub.Module"), mark("declared"))
    conftest.pytest_runtest_setup(case)
    assert case.user_properties == []


@pytest.mark.parametrize(
    ("marks", "fixturenames", "unmet"),
    [
        ([mark("needs", "json", "hub.Module")], (), "hub.Module"),
        ([mark("needs", "json"), mark("needs", "graph execution")], (), "graph execution"),
        ([mark("lacks", "hub.KerasLayer")], (), "no hub.KerasLayer"),
        ([], ("model", "tensorflow_text"), "tensorflow_text"),
    ],
)
def test_a_case_whose_prerequisites_do_not_hold_is_not_applicable(
    conftest: ModuleType, packages: SimpleNamespace, marks: list[Any], fixturenames: tuple[str, ...], unmet: str
) -> None:
    conftest.holds.cache_clear()
    case = item(*marks, fixturenames=fixturenames)
    with pytest.raises(pytest.skip.Exception, match=f"^not applicable: needs {unmet}$"):
        conftest.pytest_runtest_setup(case)
    assert case.user_properties == [("hubmatrix_unmet", unmet)]
