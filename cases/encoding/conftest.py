"""One model serves all cases of this folder: it's loaded once."""

import multiprocessing

import pytest
import tensorflow as tf
import tensorflow_hub as hub


@pytest.fixture(scope="session")
def encoder(model, request):
    """hub.KerasLayer(model.handle). It may also be given what hub.load made of the handle, which other folders use too."""
    return hub.KerasLayer(request.getfixturevalue("loaded") if tf.executing_eagerly() else model.handle)


@pytest.fixture(scope="session", autouse=True)
def fresh():
    """No new default graph for each case: in TF1 the model belongs to the graph that it was loaded in."""


def pytest_collection_finish(session):
    """No case has run yet, so TensorFlow has no threads yet: the moment to fork."""
    if any("early_worker" in item.fixturenames for item in session.items):
        session.config.early_worker = EarlyWorker()


def pytest_sessionfinish(session):
    if hasattr(session.config, "early_worker"):
        session.config.early_worker.process.terminate()


class EarlyWorker:
    """A process forked from this one, which waits for one thing to do."""

    def __init__(self):
        forked = multiprocessing.get_context("fork")
        self.here, there = forked.Pipe()
        self.process = forked.Process(target=self._serve, args=(there,), daemon=True)
        self.process.start()

    @staticmethod
    def _serve(there):
        function, argument = there.recv()
        try:
            there.send(function(argument))
        except Exception as error:  # noqa: BLE001 the caller raises it
            there.send(error)

    def __call__(self, function, argument):
        self.here.send((function, argument))
        result = self.here.recv()
        self.process.join()
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def early_worker(request):
    """early_worker(function, argument): its result in a process that was forked before the first case. For one call."""
    return request.config.early_worker
