"""The same failure has the same signature wherever it happens; another cause has another. The texts are what TensorFlow prints."""

from __future__ import annotations

import pytest

from harness.incell.hubmatrix_signature import VERSION, innermost, masked, signature

SYMBOLIC = "A KerasTensor is symbolic: it's a placeholder for a shape an a dtype. It doesn't have any actual numerical value."
KERAS_2 = f"""Exception encountered when calling layer 'keras_layer' (type KerasLayer).

{SYMBOLIC}

Call arguments received by layer 'keras_layer' (type KerasLayer):
  • inputs={{'input_word_ids': '<KerasTensor shape=(None, None), dtype=int32, sparse=False, name=input_word_ids>'}}
  • training=None"""
KERAS_3 = f"""Exception encountered when calling Functional.call().

\x1b[1m{SYMBOLIC}\x1b[0m

Arguments received by Functional.call():
  • x"""
USER_CODE = f"""in user code:

    /venv/lib/python3.7/site-packages/keras/engine/training.py:853 train_function  *
        return step_function(self, iterator)
    /venv/lib/python3.7/site-packages/keras/engine/training.py:842 step_function  **
        outputs = model.distribute_strategy.run(run_step, args=(data,))

    ValueError: {SYMBOLIC}
"""
NEWER_USER_CODE = f"""in user code:

    File "/venv/lib/python3.10/site-packages/keras/engine/training.py", line 1249, in train_function  *
        return step_function(self, iterator)

    ValueError: {SYMBOLIC}"""
GRAPH = """Graph execution error:

Detected at node 'bert/embedding/Gather' defined at (most recent call last):
    File "/project/cases/x.py", line 7, in test_x
      loaded(ids)
Node: 'bert/embedding/Gather'
indices[0,1] = 1000000 is not in [0, 252)
\t [[{{node bert/embedding/Gather}}]] [Op:__inference_restored_function_body_4711]"""


@pytest.mark.parametrize(
    "message", [SYMBOLIC, KERAS_2, KERAS_3, USER_CODE, NEWER_USER_CODE], ids=["plain", "keras2", "keras3", "old", "new"]
)
def test_what_wraps_a_cause_is_taken_off(message: str) -> None:
    assert innermost(message) == SYMBOLIC


def test_wrappers_in_wrappers() -> None:
    layer = (
        'Exception encountered when calling layer "a" (type KerasLayer).\n\n'
        + NEWER_USER_CODE
        + '\n\nCall arguments received by layer "a":\n  • x'
    )
    assert innermost(layer) == SYMBOLIC


def test_the_graph_executor_says_where_before_it_says_what() -> None:
    assert innermost(GRAPH).startswith("indices[0,1] = 1000000 is not in [0, 252)")
    assert masked(innermost(GRAPH)) == "indices<shape> = <n> is not in <shape>"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("<KerasLayer object at 0x7ff61bf763f0>", "<KerasLayer object at 0x7ff603da0350>"),
        ("No such file: /tmp/a/b/model.h5", "No such file: $WORK/tf-2_4_4-1/tmp/model.h5"),
        ("HTTP Error at http://127.0.0.1:43781/fault/403/x", "HTTP Error at http://127.0.0.1:1/fault/404/y"),
        ("layer keras_layer_12 has no weights", "layer keras_layer_3 has no weights"),
        ("expected shape (None, 128), got (2, 16)", "expected shape (None, 64), got (4, 8)"),
        ('Tensor("StatefulPartitionedCall:96", dtype=resource)', 'Tensor("StatefulPartitionedCall:94", dtype=resource)'),
        ("lacks the TF-Keras metadata", "lacks the Keras metadata"),
        ("assert 2 == (23 + 2)\n +  where 2 = len([1])", "assert 0 == (25 + 2)\n +  where 0 = len([])"),
    ],
)
def test_what_differs_from_run_to_run_is_masked(text: str, same: str) -> None:
    assert masked(text) == masked(same)
    assert signature("ValueError", text) == signature("builtins.ValueError", same)


@pytest.mark.parametrize(
    ("kind", "text", "package", "function"),
    [
        ("TypeError", "no float32 here", "keras", "call"),
        ("ValueError", "no int32 here", "keras", "call"),
        ("ValueError", "no float32 here", "tensorflow", "call"),
        ("ValueError", "no float32 here", "keras", "build"),
    ],
)
def test_another_class_text_or_frame_is_another_failure(kind: str, text: str, package: str, function: str) -> None:
    assert signature(kind, text, package, function) != signature("ValueError", "no float32 here", "keras", "call")


def test_the_same_code_under_another_name_of_its_package() -> None:
    assert signature("ValueError", "no", "tensorflow_core", "f") == signature("ValueError", "no", "tensorflow", "f")
    assert signature("ValueError", "no", "tf_keras", "f") == signature("ValueError", "no", "keras", "f")


def test_a_signature_names_its_algorithm() -> None:
    assert signature("ValueError", "no").startswith(f"{VERSION}-")
