"""Loading a handle several times. Models that load fast are enough to see it."""

import threading

import pytest
import tensorflow_hub as hub

pytestmark = pytest.mark.models(interface=["list", "tf1_signature"])


def test_two_threads(model):
    """Two threads may load the same handle at once; each gets its own set of weights."""
    loaded = []
    threads = [threading.Thread(target=lambda: loaded.append(hub.load(model.handle))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one, other = ({id(variable) for variable in module.variables} for module in loaded)
    assert len(one) == len(other) > 0
    assert not one & other
