"""Whether loading compares a model's signatures with what TensorFlow has."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub

pytestmark = [
    pytest.mark.models(interface=["dict", "list", "tf1_signature"]),
    pytest.mark.needs("eager execution"),
]


class Doubling(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="no_argument_of_tensorflow")])
    def double(self, numbers):
        return {"no_output_of_tensorflow": 2 * numbers}


def test_load(tmp_path):
    """hub.load takes a model whose signature, input and output have names that TensorFlow never had, and runs it."""
    module = Doubling()
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"no_function_of_tensorflow": module.double})
    serve = hub.load(str(tmp_path / "model")).signatures["no_function_of_tensorflow"]
    outputs = serve(no_argument_of_tensorflow=tf.constant([1.0, 2.0]))
    assert np.array_equal(outputs["no_output_of_tensorflow"].numpy(), [2.0, 4.0])
