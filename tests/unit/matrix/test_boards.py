"""Conditions on a board, beside the same conditions tested square by square."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.domain import NO_MODEL, Device, Interface, SaveFormat
from harness.matrix.boards import Board, Square
from harness.matrix.facts import Facts
from harness.matrix.selector import compile_selector
from tests.unit.matrix.test_blocks import PLANNED_TERMS, conditions

INTERFACES = {"bert-en/3": Interface.DICT, "preprocess/3": Interface.TEXT}
SQUARES = tuple(
    Square(name, format_, device, f"{name.replace('/', '-') or 'no-model'}--{format_.value}--{device.value}")
    for name in ("bert-en/3", "preprocess/3", "")
    for format_ in SaveFormat
    for device in (Device.CPU, Device.GPU)
)
ENVIRONMENT = {
    "tensorflow": "2.15.1",
    "install": "today",
    "keras": "default",
    "text": "without",
    "python": None,
    "hub": "0.12.0",
    "environment": "tf-2_15_1-today",
}


@given(conditions(PLANNED_TERMS))
def test_a_condition_holds_for_the_squares_that_pass_it_one_by_one(text: str) -> None:
    board, selector = Board(SQUARES, INTERFACES), compile_selector(text)
    passing = []
    for square in SQUARES:
        own = {"model": square.model or NO_MODEL, "format": square.format, "device": square.device}
        identity = {"interface": INTERFACES.get(square.model), "cell": f"{ENVIRONMENT['environment']}--{square.words}"}
        if selector(Facts({**ENVIRONMENT, **own, **identity})):
            passing.append(square)
    assert board.members(board.where(selector)(ENVIRONMENT)) == passing


@given(st.sets(st.integers(0, len(SQUARES) - 1)))
def test_members_are_the_squares_of_a_set_in_order(numbers: set[int]) -> None:
    board = Board(SQUARES, {})
    squares = sum(1 << number for number in numbers)
    assert board.members(squares) == [SQUARES[number] for number in sorted(numbers)]


def test_no_square_is_selected_of_an_empty_board() -> None:
    assert Board((), {}).whole == 0
    assert Board((), {}).members(0) == []
