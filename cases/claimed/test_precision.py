"""How precisely a published text model computes."""

import pytest
import tensorflow as tf

pytestmark = pytest.mark.models(format="saved_model_2", interface=["list", "dict"])


@pytest.mark.declared(
    raises="AssertionError",
    match=r"they are {tf\.float32}",
    instead="the weights are float32: what is to be computed in bfloat16 has to be cast",
)
def test_weights_are_bfloat16(loaded):
    """Wrong belief: the weights of a Hub model are bfloat16."""
    types = {variable.dtype for variable in loaded.variables if variable.dtype.is_floating}
    assert types == {tf.bfloat16}, f"they are {types}"
