"""The plan: which cells and environments a run has, and under which ids. Pure, and the only expander.

Cells come in the matrix's order: TensorFlow ascending, then install, keras, text, pins, hardware with packages of its own, model,
format, device, so that the cells of an environment are next to each other; its last are those without a model. Ids depend on the
spec alone, never on tier or selector; see `harness.matrix.ids`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from harness.base.errors import SelectionError
from harness.domain import Axes, Case, Cell, EnvironmentRequest, LeftOut, Plan, installation
from harness.matrix.blocks import Boards, blocks
from harness.matrix.boards import InEnvironment
from harness.matrix.facts import planned
from harness.matrix.ids import Ids
from harness.matrix.selection import Selection, compile_selection, environment_near, refuse_unknown
from harness.matrix.selector import Selector, near_hint, nearest
from harness.matrix.spec import AxisValues, Exclude, Spec
from harness.matrix.without_model import divide, tell_apart


def expand(
    spec: Spec,
    *,
    tier: str | None = None,
    select: str = "",
    environments: Collection[str] = (),
    cells: Collection[str] = (),
    cases: Sequence[Case] = (),
) -> Plan:
    """Return the cells that the tier, the selector and the ids all select; None and empty select everything.

    Of the cases, those that use no model have cells of their own; see `harness.matrix.without_model`. An include's combinations are
    planned whatever the excludes say. `left_out` counts what the excludes took from this selection.

    Raises:
        SelectionError: nothing is left; the hint has the nearest matches.
    """
    ids = Ids.of(spec)
    selection = Selection(tier=tier, select=select, environments=tuple(environments), cells=tuple(cells))
    selector = _selector(spec, ids, selection)
    conditions = (*(spec.tier(tier).select.conjuncts if tier is not None else ()), *selector.conjuncts)
    about_models, _ = divide(Selector(text="", conjuncts=conditions))
    selected, left_out = _split(spec, ids, selector, spec.narrowed(about_models.conjuncts), cases)
    if not selected:
        raise _nothing_selected(spec, ids, selection, selector, left_out, cases)
    first = {cell.environment: cell.axes for cell in reversed(selected)}
    used = {cell.axes.model for cell in selected}
    return Plan(
        cells=tuple(selected),
        environments={id_: _request(spec, id_, first[id_]) for id_ in dict.fromkeys(cell.environment for cell in selected)},
        models={model.id: model for model in spec.models if model.id in used},
        left_out=left_out,
    )


def _selector(spec: Spec, ids: Ids, selection: Selection) -> Selector:
    """Return the user's whole selection as one selector. Raises SelectionError for unknown ids."""
    environments = tuple(ids.environments.values())
    tier = spec.tier(selection.tier).select if selection.tier is not None else None
    selector = compile_selection(selection, tier, {**spec.vocabulary(), "environment": environments})
    refuse_unknown("--environment", "environment", selection.environments, environments)
    for cell in selection.cells:
        # The ids of all cells are 100,000: only those of the environment that is meant are made, to find it or to suggest.
        environment = environment_near(cell, environments)
        refuse_unknown("--cell", "cell", [cell], ids.cells_of(spec, environment) if environment else ())
    return selector


def _split(
    spec: Spec, ids: Ids, selector: Selector, values: AxisValues, cases: Sequence[Case]
) -> tuple[list[Cell], tuple[LeftOut, ...]]:
    """Return the selected cells, and how many others each exclude took from the selection."""
    about_models, literal = divide(selector)
    conditions = cache(lambda boards: _Conditions.of(boards, spec, about_models, literal))
    members = cache(lambda board, squares: board.members(squares))  # most environments have the same ones
    told_apart = cache(lambda choices: tell_apart(choices, cases))
    cells: list[Cell] = []
    excluded_by_location: Counter[str] = Counter()  # not by rule: its hash takes longer than all else here
    for block in blocks(spec, ids, values):
        on_board = conditions(block.boards)
        left = block.squares & on_board.selected(block.facts)
        literal_squares = on_board.literal(block.facts)
        for rule, matching in on_board.excluded:
            if not left:
                break
            if excluded := left & matching(block.facts) & ~block.included:
                left ^= excluded
                excluded_by_location[rule.location] += (excluded & literal_squares).bit_count()
        if not left:
            continue
        plain = block.boards.around(left) & on_board.literal_plain(block.facts)
        choices = told_apart(tuple((square.format, square.device) for square in members(block.boards.plain, plain)))
        squares = members(block.boards.of_models, left & literal_squares)
        without_model = (square for square in members(block.boards.plain, plain) if (square.format, square.device) in choices)
        for square in chain(squares, without_model):
            cells.append(Cell(id=f"{block.id}--{square.words}", axes=block.axes(square), environment=block.id))
    rules = (rule for rule in spec.exclude if excluded_by_location[rule.location])
    return cells, tuple(
        LeftOut(when=rule.when.text, reason=rule.reason, location=rule.location, cells=excluded_by_location[rule.location])
        for rule in rules
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conditions:
    """The selection and the rules on the boards of one accelerator.

    What is taken literally (`literal`) narrows cells, and not which of them there are without a model.
    """

    selected: InEnvironment
    literal: InEnvironment
    literal_plain: InEnvironment
    excluded: tuple[tuple[Exclude, InEnvironment], ...]

    @classmethod
    def of(cls, boards: Boards, spec: Spec, about_models: Selector, literal: Selector) -> _Conditions:
        return cls(
            selected=boards.of_models.where(about_models),
            literal=boards.of_models.where(literal),
            literal_plain=boards.plain.where(literal),
            excluded=tuple((rule, boards.of_models.where(rule.when)) for rule in spec.exclude),
        )


def _request(spec: Spec, id_: str, axes: Axes) -> EnvironmentRequest:
    release = next(release for release in spec.releases if release.version == axes.tensorflow)
    return EnvironmentRequest(
        id=id_,
        release=release,
        **installation(axes).as_arguments(),
        accelerator=axes.device.accelerator,
        python=axes.python,
        hub=axes.hub,
    )


def _nothing_selected(
    spec: Spec, ids: Ids, selection: Selection, selector: Selector, left_out: tuple[LeftOut, ...], cases: Sequence[Case]
) -> SelectionError:
    option = selection.option
    if left_out:
        cells = sum(rule.cells for rule in left_out)
        reasons = "; ".join(f"{rule.location}: {rule.reason}" for rule in left_out)
        return SelectionError(f"all {cells} cells that it selects are excluded", location=option, hint=reasons)
    every_cell, _ = _split(spec, ids, Selector(text=""), spec.values(), cases)
    interfaces = spec.interfaces()
    near = near_hint(nearest(selector, (planned(cell.axes, interfaces, cell.environment, cell.id) for cell in every_cell)))
    return SelectionError("nothing is selected", location=option, hint=near or "dropping one condition isn't enough: drop several")
