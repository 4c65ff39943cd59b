"""How to hand three inputs to an encoder that wants a dict, and the ways that look as good and fail.

In all of them the message is a long list: what was given, then each structure that the SavedModel would take.
"""

import pytest
import tensorflow as tf

pytestmark = pytest.mark.models(format="saved_model_2", interface="dict")
EAGER = pytest.mark.needs("eager execution")

TEXTS = ["this film was good", "the worst movie"]


@pytest.fixture
def ids(model):
    return tf.constant(model.inputs["input_word_ids"])


@pytest.fixture
def mask(model):
    return tf.constant(model.inputs["input_mask"])


@pytest.fixture
def types(model):
    return tf.constant(model.inputs["input_type_ids"])


@EAGER
def test_dict(model, encoder, ids, mask, types):
    """A dict with the model's own three names, in any order, gives the published vectors."""
    outputs = encoder({"input_type_ids": types, "input_mask": mask, "input_word_ids": ids})
    assert outputs["pooled_output"].numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


@EAGER
def test_inputs_keyword(model, encoder, ids, mask, types):
    """The dict as keyword argument `inputs` gives the same."""
    outputs = encoder(inputs={"input_word_ids": ids, "input_mask": mask, "input_type_ids": types})
    assert outputs["pooled_output"].numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


@EAGER
def test_type_ids_of_zero(model, encoder, ids, mask, types):
    """One text a row, no pairs: the type ids are zeros. A text that has none of its own gives its published vector."""
    alone = types.numpy().sum(axis=1) == 0
    assert alone.any()
    outputs = encoder({"input_word_ids": ids, "input_mask": mask, "input_type_ids": tf.zeros_like(ids)})
    assert outputs["pooled_output"].numpy()[alone] == pytest.approx(model.outputs["pooled_output"][alone], abs=model.tolerance)


@EAGER
def test_renamed(model, encoder, ids, mask, types):
    """What a Hugging Face tokenizer gives, renamed, gives the same."""
    tokenized = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
    names = {"input_ids": "input_word_ids", "token_type_ids": "input_type_ids", "attention_mask": "input_mask"}
    outputs = encoder({names[name]: value for name, value in tokenized.items()})
    assert outputs["pooled_output"].numpy() == pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+'attention_mask': <tf\.Tensor",
    instead="its names are input_word_ids, input_mask, input_type_ids: rename them",
    proof="cases/encoding/test_input_names.py::test_renamed",
)
def test_hugging_face_names(encoder, ids, mask, types):
    """Wrong way: a dict with the names of Hugging Face's tokenizers."""
    encoder({"input_ids": ids, "token_type_ids": types, "attention_mask": mask})


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+\* {'input_\w+': <tf\.Tensor [^>]+>,\s+'input_\w+': [^>]+>}",
    instead="all three are needed: give zeros as input_type_ids",
    proof="cases/encoding/test_input_names.py::test_type_ids_of_zero",
)
def test_without_type_ids(encoder, ids, mask):
    """Wrong way: a dict without input_type_ids."""
    encoder({"input_word_ids": ids, "input_mask": mask})


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+'special_tokens_mask': <tf\.Tensor",
    instead="exactly its three names: drop what else a tokenizer gives",
    proof="cases/encoding/test_input_names.py::test_dict",
)
def test_an_entry_too_many(encoder, ids, mask, types):
    """Wrong way: a dict with one more entry."""
    encoder({"input_word_ids": ids, "input_mask": mask, "input_type_ids": types, "special_tokens_mask": 1 - mask})


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+\* \[(<tf\.Tensor [^>]+>,\s+){2}<tf\.Tensor [^>]+>\]",
    instead="this model takes a dict with the names input_word_ids, input_mask, input_type_ids",
    proof="cases/encoding/test_input_names.py::test_dict",
)
def test_list(encoder, ids, mask, types):
    """Wrong way: a list of three, as version 1 and 2 of the same model take it."""
    encoder([ids, mask, types])


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+\* \[<tf\.Tensor [^>]+>,\s+<tf\.Tensor [^>]+>\]",
    instead="this model takes a dict, with type ids: zeros",
    proof="cases/encoding/test_input_names.py::test_type_ids_of_zero",
)
def test_list_of_two(encoder, ids, mask):
    """Wrong way: encoder([input_ids, attention_mask])."""
    encoder([ids, mask])


@pytest.mark.declared(
    raises="TypeError",
    match=r"call\(\) takes from 2 to 3 positional arguments but 4 were given",
    instead="one argument, a dict: encoder({'input_word_ids': ..., 'input_mask': ..., 'input_type_ids': ...})",
    proof="cases/encoding/test_input_names.py::test_dict",
)
def test_three_arguments(encoder, ids, mask, types):
    """Wrong way: three positional arguments."""
    encoder(ids, mask, types)


@pytest.mark.declared(
    raises="TypeError",
    match="missing 1 required positional argument: 'inputs'",
    when="tensorflow<2.2",
    instead="one argument, a dict: write encoder(dict(input_word_ids=...))",
    proof="cases/encoding/test_input_names.py::test_dict",
)
@pytest.mark.declared(
    raises="ValueError",
    match="The first argument to `Layer.call` must always be passed",
    instead="one argument, a dict: write encoder(dict(input_word_ids=...))",
    proof="cases/encoding/test_input_names.py::test_dict",
)
def test_three_keywords(encoder, ids, mask, types):
    """Wrong way: three keyword arguments."""
    encoder(input_word_ids=ids, input_mask=mask, input_type_ids=types)


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+'text': <tf\.Tensor",
    instead="an encoder takes ids; text goes through its preprocessing model first",
    proof="cases/encoding/test_input_names.py::test_dict",
)
def test_text_in_a_dict(encoder):
    """Wrong way: encoder(inputs={"text": ...})."""
    encoder(inputs={"text": tf.constant(TEXTS)})


@pytest.mark.declared(
    raises="ValueError",
    match=r"(?s)Could not find matching (concrete )?function to call.+shape=\(2,\),? dtype=string",
    instead="an encoder takes ids; text goes through its preprocessing model first",
    proof="cases/encoding/test_input_names.py::test_dict",
)
def test_text(encoder):
    """Wrong way: an array of strings handed to the encoder."""
    encoder(tf.constant(TEXTS))


@pytest.mark.declared(
    raises="TypeError",
    match=r"too many positional arguments|missing required arguments: input_mask|Expected at most 0 positional arguments",
    instead="a signature takes keyword arguments: serve(**inputs)",
    proof="cases/encoding/test_input_names.py::test_keywords_to_a_signature",
)
def test_dict_to_a_signature(encoder, ids, mask, types):
    """Wrong way: a dict as the one argument of a signature."""
    serve = encoder.resolved_object.signatures["serving_default"]  # resolved_object is what hub.load gives
    serve({"input_word_ids": ids, "input_mask": mask, "input_type_ids": types})


@EAGER
def test_keywords_to_a_signature(model, encoder, ids, mask, types):
    """signatures["serving_default"] takes keyword arguments and gives a dict with the published vectors; its names are numbered."""
    serve = encoder.resolved_object.signatures["serving_default"]
    outputs = serve(input_word_ids=ids, input_mask=mask, input_type_ids=types)
    right = pytest.approx(model.outputs["pooled_output"], abs=model.tolerance)
    assert any(output.numpy() == right for output in outputs.values())


@pytest.mark.declared(
    raises="KeyError",
    match="'pooled_output'",
    instead="its outputs have other names: call the model, not its signature",
    proof="cases/encoding/test_input_names.py::test_dict",
)
def test_output_name_of_a_signature(encoder, ids, mask, types):
    """Wrong way: "pooled_output" of a signature's outputs."""
    serve = encoder.resolved_object.signatures["serving_default"]
    serve(input_word_ids=ids, input_mask=mask, input_type_ids=types)["pooled_output"]
