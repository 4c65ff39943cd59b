"""What a model's own files say of it, for cases on a model that nobody wrote cases for: `hubmatrix check` puts it there."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

SENTENCES = ["Hub models are easy to load.", "What did it say? Nothing!"]


def array(recipe):
    """A made-up input, the same each time: recipe is {"dtype", "shape", "fill"}."""
    import tensorflow as tf

    shape, fill = recipe["shape"], recipe["fill"]
    made = {
        "ids": lambda: np.resize(np.arange(10), shape),
        "ones": lambda: np.ones(shape),
        "zeros": lambda: np.zeros(shape),
        "random": lambda: np.random.RandomState(7).random_sample(shape),
        "sentences": lambda: np.resize(np.array(SENTENCES, object), shape),
    }[fill]()
    return made.astype(tf.as_dtype(recipe["dtype"]).as_numpy_dtype)


def arguments(described):
    """Arrays, lists and dicts of them, and constants, as a call takes them."""
    import tensorflow as tf

    if "fill" in described:
        return tf.constant(array(described))
    if "list" in described:
        return [arguments(one) for one in described["list"]]
    if "dict" in described:
        return {name: arguments(one) for name, one in described["dict"].items()}
    return described["value"]


class Signature:
    """One of a model's named ways in.

    arrays     name: numpy array
    outputs    name: (dtype, shape), None in a shape where any size may be
    """

    def __init__(self, name, known):
        self.name = name
        self.outputs = {output["name"]: (output["dtype"], output["shape"]) for output in known["outputs"]}
        self.obstacle = known["obstacle"]
        self._inputs = known["inputs"]

    def __repr__(self):
        return self.name

    @property
    def arrays(self):
        if self.obstacle:
            pytest.skip("can't be tried with made-up inputs: " + self.obstacle)
        return {name: array(recipe) for name, recipe in self._inputs.items()}

    def inputs(self):
        import tensorflow as tf

        return {name: tf.constant(value) for name, value in self.arrays.items()}


class Checked:
    """What was found without TensorFlow.

    keras        Keras saved it, so that Keras may load it
    trainable    number of weights that can be trained
    tags         those of the graph that is loaded
    """

    def __init__(self, known):
        self.keras = known["keras"]
        self.trainable = known["trainable"]
        self.tags = known["tags"]
        self._call = known["call"]

    def arguments(self):
        """What the loaded object itself is called with: args and kwargs, those of one of its traces."""
        if self._call is None:
            pytest.skip("the object itself can't be called; it has signatures")
        if self._call["obstacle"]:
            pytest.skip("can't be tried with made-up inputs: " + self._call["obstacle"])
        args, kwargs = self._call["args"], self._call["kwargs"]
        return [arguments(one) for one in args], {name: arguments(one) for name, one in kwargs.items()}


def _known(config):
    manifest = config.getoption("--model")
    return json.loads(Path(manifest).read_text(encoding="utf-8")).get("checked") if manifest else None


def pytest_generate_tests(metafunc):
    if "signature" in metafunc.fixturenames:
        known = _known(metafunc.config)
        found = [Signature(name, one) for name, one in (known or {"signatures": {}})["signatures"].items()]
        metafunc.parametrize("signature", found, ids=[one.name for one in found])


@pytest.fixture(scope="session")
def checked(request, model):
    known = _known(request.config)
    if known is None:
        pytest.skip("the manifest doesn't say what the model takes: give the model to `hubmatrix check`")
    return Checked(known)


@pytest.fixture(autouse=True)
def packages(request):
    """Imports what the model's ops need, as its user does."""
    for name in (_known(request.config) or {}).get("imports", ()):
        importlib.import_module(name)


@pytest.fixture
def eager():
    """For what TensorFlow 1 does only in a session."""
    import tensorflow as tf

    if not tf.executing_eagerly():
        pytest.skip("TensorFlow 1 runs graphs in sessions: see test_in_a_session")
