"""What every case may ask for: a model, a save format, a device, a Hub server, a compiler for TPUs.

By hand, without the harness:
    TFHUB_CACHE_DIR=... python -m pytest cases --model MANIFEST.json --save-format h5 --device cpu
"""

import importlib.util
import inspect
import json
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest


def pytest_addoption(parser):
    add = parser.getgroup("hubmatrix").addoption
    add("--model", metavar="MANIFEST.json", default=os.environ.get("HUBMATRIX_MODEL"), help="the model's manifest")
    add("--save-format", choices=("h5", "keras", "savedmodel"), default=os.environ.get("HUBMATRIX_FORMAT", "h5"))
    add("--device", default=os.environ.get("HUBMATRIX_DEVICE", "cpu"), help="cpu, xla-cpu, or one that a mark `devices` names")
    add("--hub-server", metavar="ADDRESS", default=os.environ.get("HUBMATRIX_HUB_SERVER"), help="of `hubmatrix serve`")
    add("--tpu-compiler", metavar="SOCKET", default=os.environ.get("HUBMATRIX_TPU_COMPILER"), help="of `hubmatrix compiler`")


def pytest_configure(config):
    config.addinivalue_line("markers", "models(format, interface): the models that a case is about; a text or a list of them")
    config.addinivalue_line("markers", "devices(name, ...): the devices that a case is for; without this mark cpu and xla-cpu")
    config.addinivalue_line("markers", "declared(raises, match, instead, ...): a failure that is known; read by the harness")
    config.addinivalue_line("markers", "needs(prerequisite, ...): what the case presupposes; not run where one doesn't hold")
    config.addinivalue_line("markers", "lacks(prerequisite): what a user sees without it; run only where it doesn't hold")
    config.addinivalue_line("markers", "task(name, instead_of=None): the way to do what a user comes for; read by the harness")
    config.addinivalue_line("filterwarnings", "default")  # a warning is no failure, whatever settings are found by hand


def pytest_collection_modifyitems(config, items):
    """Leaves out the cases that are about other models or devices; those whose imports can't be undone come last.

    tensorflow_text adds ops. After tf_keras has been used beside the tf.keras of TensorFlow 2.15.1, saving a network as .keras
    does not end (stopped after 120 s; 2.5 s without).
    """
    items.sort(key=lambda item: not {"tensorflow_text", "packages", "tf_keras"}.isdisjoint(item.fixturenames))
    left_out = [item for item in items if not is_for(item, config.getoption("--device"))]
    if config.getoption("--model"):
        chosen = Model(config.getoption("--model"))
        left_out += [item for item in items if not all(chosen.is_one_of(**mark.kwargs) for mark in item.iter_markers("models"))]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def is_for(item, device):
    marks = [mark.args for mark in item.iter_markers("devices")] or [("cpu", "xla-cpu")]
    return all(device in names for names in marks)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Before any fixture: a case whose prerequisites don't hold is not applicable here, which says nothing bad of the software."""
    prerequisites = [prerequisite for mark in item.iter_markers("needs") for prerequisite in mark.args]
    if "tensorflow_text" in item.fixturenames:
        prerequisites.append("tensorflow_text")
    missing = [prerequisite for prerequisite in prerequisites if not holds(prerequisite)]
    there = [prerequisite for mark in item.iter_markers("lacks") for prerequisite in mark.args if holds(prerequisite)]
    for unmet in missing + ["no " + prerequisite for prerequisite in there]:
        # Not the skip's own words: skips have other reasons too, and the harness must tell them apart.
        item.user_properties.append(("hubmatrix_unmet", unmet))
        pytest.skip("not applicable: needs " + unmet)


@lru_cache(maxsize=None)  # once: a case that makes a tf.Graph its default changes "eager execution"
def holds(prerequisite):
    """Whether what a mark `needs` or `lacks` names is there.

    "hub.Module"                                            a dotted attribute below tf or hub
    "hub.KerasLayer is a tf.keras.layers.Layer"             one such attribute, a class, is a subclass of another
    "tensorflow_text"                                       a package; it is looked for, never imported
    "eager execution", "graph execution"                    how TensorFlow executes as imported
    """
    if prerequisite in ("eager execution", "graph execution"):
        import tensorflow as tf

        return tf.executing_eagerly() == (prerequisite == "eager execution")
    if prerequisite.startswith(("tf.", "hub.")):
        values = [attribute(name) for name in prerequisite.split(" is a ")]
        return None not in values and (len(values) == 1 or issubclass(*values))
    return importlib.util.find_spec(prerequisite) is not None


def attribute(dotted):
    """What the dotted name of a prerequisite stands for; None where some part of it is missing."""
    if dotted.startswith("tf."):
        import tensorflow as value
    else:
        import tensorflow_hub as value
    for name in dotted.split(".")[1:]:
        value = getattr(value, name, None)
    return value


class Recorded(dict):
    """Values by name. A case that compares with values that nobody recorded is skipped."""

    def __missing__(self, name):
        pytest.skip(f"no {name} is recorded for this model")


class Model:
    """A published model: how to ask for it, and what it must give.

    handle      what users write
    format      "hub" (TF1) or "saved_model_2" (TF2)
    interface   "tf1_signature", "list", "dict" or "text"
    width       length of the vectors that it gives
    inputs      input_word_ids, input_mask, input_type_ids: int32 [batch, length], in the order that list models take
    outputs     pooled_output: float32 [batch, width], sequence_output: float32 [batch, length, width], in the order that
                list models give; empty for a model without a record
    tolerance   the largest difference from `outputs` that is no change
    encoder     None

    A "text" model (preprocessing) turns sentences into the inputs of another model:

    width       length of the rows that it gives
    inputs      sentences: str [batch]
    outputs     input_word_ids, input_mask, input_type_ids: int32 [batch, width]
    encoder     a Model that takes these
    """

    def __init__(self, manifest):
        manifest = Path(manifest)
        known = json.loads(manifest.read_text(encoding="utf-8"))
        self.handle = known["handle"]
        self.format = known["hub_format"]
        self.interface = known["interface"]
        self.width = known["width"]
        self.tolerance = known["tolerance"]
        given, gives = (None, np.int32) if self.interface == "text" else (np.int32, np.float32)
        self.inputs = {name: np.array(rows, given) for name, rows in known["inputs"].items()}
        self.outputs = Recorded((name, np.array(rows, gives)) for name, rows in known["outputs"].items())
        encoder = known.get("encoder")
        self.encoder = Model(manifest.with_name(encoder.replace("/", "-") + ".json")) if encoder else None

    def __repr__(self):
        return self.handle

    def is_one_of(self, format=None, interface=None):
        pairs = ((self.format, format), (self.interface, interface))
        return all(wanted is None or own == wanted or own in list(wanted) for own, wanted in pairs)


@pytest.fixture(scope="session")
def model(request):
    if not request.config.getoption("--model"):
        pytest.fail("which model? give --model MANIFEST.json", pytrace=False)
    return Model(request.config.getoption("--model"))


def as_long_as_possible(fixture_name, config):
    """The scope of what is loaded once for many cases. TF1 has one graph, and each case starts an empty one: nothing to share."""
    import tensorflow as tf

    return "session" if tf.executing_eagerly() else "function"


@pytest.fixture(scope=as_long_as_possible)
def loaded(model):
    """hub.load(model.handle), once, because loading takes most of a case's time. Read it, don't train it."""
    import tensorflow_hub as hub

    return hub.load(model.handle)


@pytest.fixture(scope=as_long_as_possible)
def layer(model):
    """hub.KerasLayer(model.handle), once. It has weights of its own, other than those of `loaded`; fit may have trained them."""
    import tensorflow_hub as hub

    return hub.KerasLayer(model.handle)


@pytest.fixture(scope="session")
def save_format(request):
    return request.config.getoption("--save-format")


@pytest.fixture(scope="session")
def device(request):
    return request.config.getoption("--device")


@pytest.fixture(scope="session")
def on_device(device):
    """Decorates a function so that it runs on the device: for cpu as it is, for xla-cpu compiled by XLA."""
    import tensorflow as tf

    if device == "cpu":
        return lambda function: function
    known = inspect.signature(tf.function).parameters
    for name in ("jit_compile", "experimental_compile"):  # the second up to TensorFlow 2.4
        if name in known:
            return tf.function(**{name: True})
    return pytest.skip(f"tf.function of TensorFlow {tf.__version__} has no argument that asks for XLA")


@pytest.fixture(scope="session")
def unmoved():
    """unmoved(weights, before) names those that are what they were, but for those that no training moves.

    weights   variables that were trained
    before    their values before, arrays in the same order; `after` may hold those after it, where `weights` are but names

    A key's bias adds the same number to all scores of a word, and softmax takes it out again: its gradient is zero, and what it
    moves by is rounding.
    """

    def unmoved(weights, before, after=None):
        names = [getattr(weight, "name", weight) for weight in weights]
        values = [weight.numpy() for weight in weights] if after is None else after
        still = [name for name, old, new in zip(names, before, values) if np.array_equal(old, new)]
        return [name for name in still if "key/bias" not in name.replace("key_bias", "key/bias")]

    return unmoved


@pytest.fixture(autouse=True)
def fresh():
    """Every case starts with an empty default graph, as a program does; TF1 keeps one for the whole process."""
    import tensorflow as tf

    tf.keras.backend.clear_session()


@pytest.fixture(scope="session")
def tensorflow_text():
    """`import tensorflow_text`, the line that people forget: without it TensorFlow lacks the ops of text models."""
    import tensorflow_text

    return tensorflow_text


@pytest.fixture
def saved(save_format, tmp_path):
    """Where to save a model: the name's ending tells Keras the format."""
    return str(tmp_path / {"h5": "model.h5", "keras": "model.keras", "savedmodel": "model"}[save_format])


@pytest.fixture(scope="session")
def hub_server(request):
    """Address of a Hub server on this machine, http://127.0.0.1:PORT: replicas under their published paths, faults on request."""
    if not request.config.getoption("--hub-server"):
        pytest.fail("which server? run `hubmatrix serve` and give --hub-server ADDRESS", pytrace=False)
    return request.config.getoption("--hub-server")


@pytest.fixture(scope="session")
def tpu_compiler(request):
    """Unix socket of the TPU compiler, a path: a JSON line asks, a JSON line answers, one question a connection.

    {"op": "compile", "hlo": "/abs/file.pb", "chip": "v5e", "chips": 1, "split": []}    ahead of time; a serialized HloModuleProto
    {"op": "run", "hlo": "/abs/file.pb", "arguments": "/abs/arguments.npz"}             on this machine's CPU, by the same XLA

    The answer's "outcome": compiled, refused (its word on the program), crashed, timed_out, memory (it died of the program),
    invalid (the question is wrong), unavailable. That last one says nothing of the program: raise
    RuntimeError("tpu compiler unavailable: " + answer["message"]), and the cell is unavailable instead of failed.
    """
    if not request.config.getoption("--tpu-compiler"):
        pytest.fail("which compiler? run `hubmatrix compiler` and give --tpu-compiler SOCKET", pytrace=False)
    return request.config.getoption("--tpu-compiler")
