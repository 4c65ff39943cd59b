"""What a model's own files say of it, for cases on a model that nobody wrote cases for: `hubmatrix check` puts it there.

What can't be tried with made-up inputs is skipped with the reason: it says nothing of the model, good or bad.
"""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

SENTENCES = ["Hub models are easy to load.", "What did it say? Nothing!"]
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def array(recipe):
    """A made-up array, the same each time: recipe is {"dtype", "shape", "fill"} or {"dtype", "values"}."""
    import tensorflow as tf

    dtype = tf.as_dtype(recipe["dtype"]).as_numpy_dtype
    if "values" in recipe:
        return np.array(recipe["values"], dtype)
    shape, fill = recipe["shape"], recipe["fill"]
    filled = {
        "ids": lambda: np.resize(np.arange(10), shape),
        "ones": lambda: np.ones(shape),
        "zeros": lambda: np.zeros(shape),
        "random": lambda: np.random.RandomState(7).random_sample(shape),
        "sentences": lambda: np.resize(np.array(SENTENCES, object), shape),
    }[fill]()
    return filled.astype(dtype)


def argument(described):
    """Tensors, lists and dicts of them, and constants, as a call takes them."""
    import tensorflow as tf

    if "list" in described:
        return [argument(item) for item in described["list"]]
    if "dict" in described:
        return {name: argument(item) for name, item in described["dict"].items()}
    if "ragged" in described:
        parts = described["ragged"]
        return tf.RaggedTensor.from_nested_row_splits(array(parts["values"]), [array(splits) for splits in parts["splits"]])
    if "sparse" in described:
        parts = described["sparse"]
        return tf.SparseTensor(array(parts["indices"]), array(parts["values"]), array(parts["shape"]))
    return tf.constant(array(described)) if "dtype" in described else described["value"]


class Signature:
    """One of a model's named ways in.

    arrays     name: numpy array. A ragged or sparse tensor goes in as its parts, each under its own name.
    outputs    name: (dtype, shape), None in a shape where any size may be
    random     ops in it that draw random numbers
    """

    def __init__(self, name, known):
        self.name = name
        self.outputs = {output["name"]: (output["dtype"], output["shape"]) for output in known["outputs"]}
        self.random = known["random"]
        self._obstacle = known["obstacle"]
        self._inputs = known["inputs"]

    def __repr__(self):
        return self.name

    @property
    def arrays(self):
        if self._obstacle:
            pytest.skip("not tried with made-up inputs: " + self._obstacle)
        return {name: array(recipe) for name, recipe in self._inputs.items()}

    def inputs(self):
        import tensorflow as tf

        return {name: tf.constant(value) for name, value in self.arrays.items()}


class Checked:
    """What was read without TensorFlow.

    keras        Keras saved it, so that Keras may load it
    trainable    number of weights that can be trained
    custom       Keras classes that only the author's code defines, and that aren't here
    lambdas      names of Lambda layers, whose Python code is in the file
    tags         those of the graph that is loaded
    signatures   names
    random       ops that draw random numbers when the object itself is called
    """

    def __init__(self, known):
        self.keras = known["keras"]
        self.trainable = known["trainable"]
        self.custom = known["custom"]
        self.lambdas = known["lambdas"]
        self.tags = known["tags"]
        self.signatures = known["signatures"].keys()
        self.random = (known["call"] or {}).get("random", [])
        self._call = known["call"]

    def arguments(self):
        """What the loaded object itself is called with: args and kwargs, those of one of its traces."""
        if self._call is None:
            if self.signatures:
                pytest.skip("not tried: the object itself can't be called, its signatures can")
            pytest.skip("not tried: its file doesn't say what goes in")
        if self._call["obstacle"]:
            pytest.skip("not tried with made-up inputs: " + self._call["obstacle"])
        args, kwargs = self._call["args"], self._call["kwargs"]
        return [argument(item) for item in args], {name: argument(item) for name, item in kwargs.items()}


def _known(config):
    manifest = config.getoption("--model")
    return json.loads(Path(manifest).read_text(encoding="utf-8")).get("checked") if manifest else None


def pytest_generate_tests(metafunc):
    if "signature" in metafunc.fixturenames:
        known = _known(metafunc.config) or {"signatures": {}}
        signatures = [Signature(name, described) for name, described in known["signatures"].items()]
        none = pytest.param(None, marks=pytest.mark.skip(reason="not tried: the model has no signatures"))
        metafunc.parametrize("signature", signatures or [none], ids=[signature.name for signature in signatures] or ["none"])


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


def dense(outputs):
    """Every output as a numpy array, in the order of tf.nest."""
    import tensorflow as tf

    return [value.numpy() for value in tf.nest.flatten(outputs, expand_composites=True)]


def is_float(values):
    import tensorflow as tf

    return tf.as_dtype(values.dtype).is_floating


def alike(first, second):
    if is_float(first):
        return np.allclose(first.astype(np.float64), second.astype(np.float64), equal_nan=True, **CLOSE)
    return np.array_equal(first, second)


@pytest.fixture
def assert_same():
    """Compares outputs with those of another call. Where made-up inputs give no number at all, or an op is random, skips."""

    def compare(first, second, random):
        first, second = dense(first), dense(second)
        assert [(one.dtype, one.shape) for one in first] == [(other.dtype, other.shape) for other in second]
        differing = [place for place, (one, other) in enumerate(zip(first, second)) if not alike(one, other)]
        if differing and random:
            pytest.skip("not compared: the model draws random numbers ({})".format(", ".join(random)))
        for place in differing:
            np.testing.assert_allclose(second[place], first[place], err_msg=f"output {place}", **CLOSE)
        expect_numbers(first)

    return compare


def expect_numbers(outputs):
    """Skips where no output has a finite number: made-up inputs are outside of what the model is for."""
    floats = [values for values in outputs if is_float(values) and values.size]
    if floats and not any(np.isfinite(values.astype(np.float64)).any() for values in floats):
        pytest.skip("not compared: the model gives no finite number for made-up inputs")


@pytest.fixture
def assert_finite():
    """Expects gradients that are finite numbers. Where outputs aren't, as made-up inputs may have it, skips."""
    import tensorflow as tf

    def expect(gradients, outputs):
        expect_numbers(dense(outputs))
        arrays = [tf.convert_to_tensor(gradient).numpy() for gradient in gradients if gradient is not None]
        assert arrays, "no weight has a gradient"
        finite = all(np.isfinite(values.astype(np.float64)).all() for values in arrays)
        if not finite and not all(np.isfinite(values).all() for values in dense(outputs) if is_float(values)):
            pytest.skip("not compared: some outputs are no finite numbers for made-up inputs")
        assert finite

    return expect
