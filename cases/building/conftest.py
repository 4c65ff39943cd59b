"""What a network of this folder has to give: one number a text, by a Dense layer on the publisher's vectors."""

import pytest


@pytest.fixture
def right(model):
    """right(dense): what this Dense layer makes of the publisher's pooled_output, to be compared by ==.

    A sum of as many products as the vectors are wide: ten times the tolerance of one of them is never reached by rounding.
    """

    def right(dense):
        kernel, bias = dense.get_weights()
        return pytest.approx(model.outputs["pooled_output"] @ kernel + bias, abs=10 * model.tolerance)

    return right
