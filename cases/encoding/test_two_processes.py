"""Two processes with one model, as a server with several workers has: the parent imports TensorFlow, the workers are forked.

One kind of model is enough to see it; list models load fast.
"""

import multiprocessing

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub


def pooled(encoder, model):
    """pooled_output of the model's example texts."""
    return encoder(list(model.inputs.values()))[0].numpy()


def load_and_encode(model):
    return pooled(hub.load(model.handle), model)


@pytest.mark.needs("eager execution")
@pytest.mark.models(format="saved_model_2", interface="list")
def test_forked_before(model, encoder, early_worker, record_property):
    """A worker that was forked before TensorFlow computed anything loads the model, and gives the same numbers.

    Not to the last bit: how TensorFlow optimizes a graph may depend on what the process did before.
    """
    difference = np.abs(early_worker(load_and_encode, model) - pooled(encoder, model)).max()
    record_property("difference between processes", float(difference))
    assert difference <= model.tolerance, f"max abs difference {difference:.3g}"


@pytest.mark.needs("eager execution")
@pytest.mark.declared(
    raises="TimeoutError",
    match="the worker has computed nothing after 5 s",
    instead="TensorFlow's threads are not in the forked process: fork before it computes anything, or use spawn",
    proof="cases/encoding/test_two_processes.py::test_forked_before",
)
def test_forked_after():
    """Wrong way: forking after TensorFlow has computed something, such as a server that loads its model and then forks workers.

    The worker's first call of a tf.function never ends.
    """
    double = tf.function(lambda number: 2 * number)
    double(tf.constant(1.0))
    here, there = multiprocessing.Pipe()
    worker = multiprocessing.get_context("fork").Process(target=lambda: there.send(float(double(tf.constant(1.0)))))
    worker.start()
    try:
        if not here.poll(5.0):
            assert worker.is_alive(), "the worker ended without a word"
            raise TimeoutError("the worker has computed nothing after 5 s")
        assert here.recv() == 2.0
    finally:
        worker.terminate()
        worker.join()
