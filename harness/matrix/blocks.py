"""Blocks: the environments of a plan, each with the board that its cells are chosen from, in the matrix's order. Pure.

The product of the axes is never made: an environment is a block, and its cells are sets of squares; see `harness.matrix.boards`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from packaging.version import Version

from harness.domain import DERIVED, OF_ENVIRONMENT, Accelerator, Axes, Axis, AxisValue, Device, SaveFormat, environment_key
from harness.matrix.boards import Board, EnvironmentFacts, Square, Squares
from harness.matrix.ids import Ids
from harness.matrix.spec import AxisValues, Spec, accelerators

NAMES = tuple(row.name for row in OF_ENVIRONMENT)
Installed = tuple[AxisValue, ...]
"""The values of an environment on the axes of `OF_ENVIRONMENT`."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Boards:
    """The boards of the environments of one accelerator: for cells with a model, and for those without one.

    `choices` are the squares of each format and device, in the order of the squares of `plain`.
    """

    of_models: Board
    plain: Board
    choices: tuple[Squares, ...]

    def around(self, squares: Squares) -> Squares:
        """Return the squares without a model that have the format and device of one of these squares with a model."""
        return sum(1 << number for number, of_choice in enumerate(self.choices) if squares & of_choice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An environment. `squares` are those of its combinations, `included` those among them that an include names.

    `installed` has its values by the names of the axes; `facts` the same, and its id.
    """

    id: str
    installed: Mapping[str, Any]
    facts: EnvironmentFacts
    boards: Boards
    squares: Squares
    included: Squares

    def axes(self, square: Square) -> Axes:
        """Return the combination that a square stands for in this environment."""
        return Axes(model=square.model, format=square.format, device=square.device, **self.installed)


def blocks(spec: Spec, ids: Ids, values: AxisValues) -> Iterator[Block]:
    """Yield every environment of the product of the values and of the includes, in the matrix's order."""
    boards = {kind: _boards(spec, ids, values, kind) for kind in accelerators(spec.devices)}
    boards = {kind: pair for kind, pair in boards.items() if pair.of_models.squares}
    included: defaultdict[tuple[Installed, Accelerator], Squares] = defaultdict(int)
    for axes in spec.included():
        kind = axes.device.accelerator
        number = boards[kind].of_models.numbers.get((axes.model, axes.format, axes.device)) if kind in boards else None
        # One that isn't on the board has a value that the values were narrowed by, so it is not selected.
        if number is not None:
            included[_installed(axes), kind] |= 1 << number
    for installed in _in_order(spec, values, {installed for installed, _ in included}):
        pinned = _is_pinned(installed)
        for kind, pair in boards.items():
            own = included.get((installed, kind), 0)
            squares = own if pinned else pair.of_models.whole
            if squares:
                yield _block(ids, installed, pair, squares, own)


def _block(ids: Ids, installed: Installed, boards: Boards, squares: Squares, included: Squares) -> Block:
    by_name: dict[str, Any] = dict(zip(NAMES, installed, strict=True))
    square = boards.of_models.squares[0]
    sample = Axes(model=square.model, format=square.format, device=square.device, **by_name)
    id_ = ids.environments[environment_key(sample)]
    facts = {**by_name, "environment": id_}
    return Block(id=id_, installed=by_name, facts=facts, boards=boards, squares=squares, included=included)


def _boards(spec: Spec, ids: Ids, values: AxisValues, kind: Accelerator) -> Boards:
    devices = [device for device in map(Device, values[Axis.DEVICE]) if device.accelerator is kind]
    choices = list(product(map(SaveFormat, values[Axis.FORMAT]), devices))
    models = [str(model) for model in values[Axis.MODEL]]

    def board(names: list[str]) -> Board:
        squares = (
            Square(model, format_, device, ids.words(model, format_, device)) for model in names for format_, device in choices
        )
        return Board(tuple(squares), spec.interfaces())

    of_models = board(models)
    every = of_models.sets(lambda square: (square.format, square.device))
    return Boards(of_models=of_models, plain=board([""]), choices=tuple(every[choice] for choice in choices if choice in every))


def _in_order(spec: Spec, values: AxisValues, installed: Iterable[Installed]) -> Iterable[Installed]:
    """Return the environments of the product of the values and the pinned ones, each once, in the matrix's order."""
    unpinned = product(*(values[row.axis] for row in OF_ENVIRONMENT))
    pinned = [environment for environment in installed if _is_pinned(environment)]
    if not pinned:
        return unpinned
    # Ranked among all values of the spec: those of a pinned combination need not be among the narrowed ones.
    every = spec.values()
    ranks: list[Callable[[AxisValue], object]] = [
        _pin_rank if row.derived else _ranks(every[row.axis]).__getitem__ for row in OF_ENVIRONMENT
    ]
    return sorted(
        [*unpinned, *pinned],
        key=lambda environment: [rank(value) for rank, value in zip(ranks, environment, strict=True)],
    )


def _installed(axes: Axes) -> Installed:
    return tuple(getattr(axes, name) for name in NAMES)


def _is_pinned(installed: Installed) -> bool:
    return any(installed[NAMES.index(row.name)] is not None for row in DERIVED)


def _ranks(values: Iterable[AxisValue]) -> dict[AxisValue, int]:
    return {value: rank for rank, value in enumerate(values)}


@cache
def _pin_rank(pin: AxisValue) -> tuple[Version, str]:
    """Return the rank of a pin: no pin comes first, then pins by version; equal versions are ordered by their text."""
    return (Version("0.dev0"), "") if pin is None else (Version(str(pin)), str(pin))
