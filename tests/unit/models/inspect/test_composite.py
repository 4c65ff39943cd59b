"""Which inputs of a signature are the parts of one ragged or sparse tensor."""

from __future__ import annotations

import pytest

from harness.models.inspect.composite import grouped
from harness.models.inspect.sample import Listed, recipe
from harness.models.inspect.values import Layout, Tensor

IDS = Tensor(name="", dtype="int32", shape=(None, None), layout=Layout.RAGGED, ragged_rank=1)
WORDS = Tensor(name="", dtype="string", shape=(None, None, None), layout=Layout.RAGGED, ragged_rank=2)
FEATURES = Tensor(name="", dtype="float32", shape=(None, 10), layout=Layout.SPARSE)


def dense(name: str, dtype: str, *shape: int | None) -> Tensor:
    return Tensor(name=name, dtype=dtype, shape=shape)


def described(inputs: list[Tensor], *composites: Tensor) -> list[str]:
    return [*map(str, grouped(inputs, composites))]


def test_a_ragged_tensor_and_another_input() -> None:
    inputs = [dense("scale", "float32", None), dense("words", "string", None), dense("words_1", "int64", None)]
    inputs.append(dense("words_2", "int64", None))
    assert described(inputs, WORDS) == [
        "scale: float32 [?]",
        "words: ragged string [?, ?, ?] in 3 parts (words, words_1, words_2)",
    ]


@pytest.mark.parametrize("name", ["args_0", "input_1", "ids"])
def test_what_keras_calls_its_arguments(name: str) -> None:
    inputs = [dense(name, "int32", None), dense(f"{name}_1", "int64", None)]
    assert described(inputs, IDS) == [f"{name}: ragged int32 [?, ?] in 2 parts ({name}, {name}_1)"]


def test_two_ragged_tensors_of_one_list() -> None:
    inputs = [dense(name, dtype, None) for name, dtype in (("x", "int32"), ("x_1", "int64"), ("x_2", "int32"), ("x_3", "int64"))]
    assert [tensor.parts for tensor in grouped(inputs, [IDS])] == [("x", "x_1"), ("x_2", "x_3")]


def test_a_sparse_tensor() -> None:
    inputs = [dense("f", "int64", None, 2), dense("f_1", "float32", None), dense("f_2", "int64", 2)]
    assert described(inputs, FEATURES) == ["f: sparse float32 [?, 10] in 3 parts (f, f_1, f_2)"]


def test_a_sparse_tensor_of_an_unknown_size_is_not_tried() -> None:
    inputs = [dense("f", "int64", None, 2), dense("f_1", "float32", None), dense("f_2", "int64", 2)]
    assert {tensor.unusual for tensor in grouped(inputs, [])} == {
        "part of a sparse tensor (f, f_1, f_2) whose size the file doesn't say"
    }


def test_what_may_be_ragged_gets_values_that_fit_both_readings() -> None:
    inputs = [dense("ids", "int32", None), dense("ids_1", "int64", None), dense("ids_2", "int64", None)]
    flat, *splits = grouped(inputs, [])
    assert flat.note == (
        "ids and ids_1 and ids_2 may be one ragged tensor, values and row splits: what is made up for them fits both readings"
    )
    assert [recipe(tensor) for tensor in splits] == [Listed(dtype="int64", values=(0, 1)), Listed(dtype="int64", values=(0, 2))]
    assert described(inputs) == ["ids: int32 [?]", "ids_1: int64 [?]", "ids_2: int64 [?]"]


@pytest.mark.parametrize(
    "inputs",
    [
        [dense("x", "float32", None, 3), dense("x_1", "float32", None, 3)],
        [dense("input_1", "int32", None, 16), dense("input_2", "int32", None, 16)],
        [dense("x", "float32", 4), dense("x_1", "int64", None)],
        [dense("x", "float32", None), dense("y", "int64", None)],
    ],
)
def test_ordinary_inputs_stay_as_they_are(inputs: list[Tensor]) -> None:
    assert list(grouped(inputs, [IDS, WORDS, FEATURES])) == inputs
