"""One distribution strategy for each device that runs programs: two logical CPUs, the TPUs or the GPUs of this machine."""

import os
from contextlib import contextmanager

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub


@pytest.fixture(scope="session", autouse=True)
def strategy(device):
    """Made before anything else: TensorFlow can't be given logical devices or TPUs once it is at work."""
    return {"mirrored-2": two_cpus, "tpu": tpus, "gpu": gpus}[device]()


def two_cpus():
    """Two logical devices on one CPU, which is how to try a strategy without hardware."""
    cpu = tf.config.experimental.list_physical_devices("CPU")[0]
    halves = [tf.config.experimental.VirtualDeviceConfiguration()] * 2
    tf.config.experimental.set_virtual_device_configuration(cpu, halves)
    return tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])


def tpus():
    """`local` are the TPUs of this machine; TPU_NAME is set where they are elsewhere. tf.distribute.TPUStrategy is from 2.3 on."""
    resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=os.environ.get("TPU_NAME", "local"))
    tf.config.experimental_connect_to_cluster(resolver)
    tf.tpu.experimental.initialize_tpu_system(resolver)
    return tf.distribute.TPUStrategy(resolver)


def gpus():
    """All GPUs of this machine, or the only one."""
    return tf.distribute.MirroredStrategy()


@pytest.fixture(scope="session")
def run(strategy):
    """strategy.run, which up to TensorFlow 2.1 is called experimental_run_v2."""
    return getattr(strategy, "run", None) or strategy.experimental_run_v2


@pytest.fixture(scope="session")
def shared(model, strategy):
    """hub.load(model.handle) in the scope, once, because it takes most of a case's time. Read it, or wrap it in hub.KerasLayer."""
    with strategy.scope():
        return hub.load(model.handle)


@contextmanager
def lent(loaded):
    """Its weights are put back."""
    before = [weight.numpy() for weight in loaded.variables] if tf.executing_eagerly() else []
    yield loaded
    for weight, value in zip(loaded.variables, before):
        weight.assign(value)


@pytest.fixture
def shared_to_train(shared):
    """`shared` for a case that trains it."""
    with lent(shared):
        yield shared


@pytest.fixture
def loaded_to_train(loaded):
    """`loaded`, which knows no strategy, for a case that trains it."""
    with lent(loaded):
        yield loaded


@pytest.fixture(scope="session")
def keras():
    """The Keras 2 that hub.KerasLayer is made of: tf.keras, and from TensorFlow 2.16 on, where that is Keras 3, tf_keras."""
    if issubclass(hub.KerasLayer, tf.keras.layers.Layer):
        return tf.keras
    import tf_keras

    return tf_keras


@pytest.fixture(scope="session")
def pooled(request, model):
    """pooled_output of the model's inputs, as its publisher's TensorFlow gave it; where none is recorded, as one device does."""
    if "pooled_output" in model.outputs:
        return model.outputs["pooled_output"]
    inputs = {name: tf.constant(rows) for name, rows in model.inputs.items()}
    return request.getfixturevalue("loaded")(inputs)["pooled_output"].numpy()


@pytest.fixture(scope="session")
def assert_near(device):
    """assert_near(values, right): equal but for rounding. A TPU multiplies bfloat16, and a GPU may."""
    tolerance = 1e-4 if device == "mirrored-2" else 0.05
    return lambda values, right: np.testing.assert_allclose(values, right, rtol=tolerance, atol=tolerance)


@pytest.fixture(scope="session")
def first_loss(batch, pooled, strategy):
    """The mean squared error of `batch` by a head of ones: a text's score is the sum of its pooled_output."""
    scores = pooled.sum(axis=1, keepdims=True).repeat(strategy.num_replicas_in_sync, axis=0)
    return np.mean((scores - batch[1]) ** 2)


@pytest.fixture(scope="session")
def batch(model, strategy):
    """Inputs and labels of one step: two texts a replica."""
    inputs = {name: rows.repeat(strategy.num_replicas_in_sync, axis=0) for name, rows in model.inputs.items()}
    labels = np.array([[1.0], [0.0]], np.float32).repeat(strategy.num_replicas_in_sync, axis=0)
    return inputs, labels
