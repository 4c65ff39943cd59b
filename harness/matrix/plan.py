"""The plan: which cells and environments a run has, and under which ids. Pure, and the only expander.

Cells come in the matrix's order: TensorFlow ascending, then install, keras, text, pins, hardware with packages of its own, model,
format, device, so that the cells of an environment are next to each other; its last are those without a model. Ids depend on the
spec alone, never on tier or selector; see `harness.matrix.ids`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain

from packaging.version import Version

from harness.base.errors import SelectionError
from harness.domain import (
    AXES,
    DERIVED,
    OF_CELL,
    OF_ENVIRONMENT,
    Axes,
    Axis,
    AxisValue,
    Case,
    Cell,
    EnvironmentRequest,
    LeftOut,
    Plan,
    environment_key,
    installation,
)
from harness.matrix.facts import Facts, planned
from harness.matrix.ids import Ids
from harness.matrix.selection import Selection, compile_selection, environment_near, refuse_unknown
from harness.matrix.selector import Selector, near_hint, nearest
from harness.matrix.spec import AxisValues, Exclude, Spec, accelerators, combinations
from harness.matrix.without_model import Choice, divide, tell_apart

WITHIN_GROUP = tuple(row.name for row in OF_CELL if row.axis is not Axis.MODEL)
"""The names that tell cells of the same environment and model apart. These are next to each other in a plan, so that what
follows from other names is found once for all of them."""


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
    interfaces = spec.interfaces()
    by_environment: dict[str, list[Cell]] = {}
    around: dict[str, dict[Choice, Axes]] = {}
    excluded_by_location: Counter[str] = Counter()  # not by rule: its hash takes longer than all else here

    def is_meant(cell: Cell) -> bool:
        return not literal.conjuncts or literal(planned(cell.axes, interfaces, cell.environment, cell.id))

    for cell, rule in _of_models(spec, ids, about_models, values):
        if rule is not None:
            excluded_by_location[rule.location] += is_meant(cell)
            continue
        around.setdefault(cell.environment, {})[cell.axes.format, cell.axes.device] = cell.axes
        own = by_environment.setdefault(cell.environment, [])
        if is_meant(cell):
            own.append(cell)
    told_apart = cache(lambda choices: tell_apart(choices, cases))  # most environments have the same choices
    for environment, plain in _without_model(spec, ids, around):
        plain_by_choice = {(cell.axes.format, cell.axes.device): cell for cell in plain if is_meant(cell)}
        by_environment[environment] += [plain_by_choice[choice] for choice in told_apart(tuple(plain_by_choice))]
    rules = (rule for rule in spec.exclude if excluded_by_location[rule.location])
    return [cell for cells in by_environment.values() for cell in cells], tuple(
        LeftOut(when=rule.when.text, reason=rule.reason, location=rule.location, cells=excluded_by_location[rule.location])
        for rule in rules
    )


def _of_models(spec: Spec, ids: Ids, selector: Selector, values: AxisValues) -> Iterator[tuple[Cell, Exclude | None]]:
    """Yield the selected cells with a model, in the matrix's order, and the rule that excludes each, if one does."""
    # Written for a plan of 100,000 cells (0.5 s): conditions on what a group of neighbouring cells shares, its environment and
    # model, are tested once for the group, and the id of a cell is made only once it is selected.
    included = spec.included()
    of_group, of_cell = selector.split(WITHIN_GROUP)
    rules_of_cell = any(not rule.when.names.isdisjoint(WITHIN_GROUP) for rule in spec.exclude)
    facts_of_cell = rules_of_cell or bool(of_cell.conjuncts)
    interfaces = spec.interfaces()
    key, model, environment, selected, rule, facts = None, None, "", False, None, Facts({})
    for axes in _ordered(spec, included, values):
        if key != (now := environment_key(axes)):
            key, model, environment = now, None, ids.environments[now]
        if model != axes.model:
            model, facts = axes.model, planned(axes, interfaces, environment)
            selected = of_group(facts)
            rule = _excluding(spec, facts) if selected else None
        if not selected:
            continue
        facts = planned(axes, interfaces, environment) if facts_of_cell else facts
        if not of_cell(facts):
            continue
        if rules_of_cell:
            rule = _excluding(spec, facts)
        cell = Cell(id=ids.cell(axes, environment), axes=axes, environment=environment)
        yield cell, None if included and axes in included else rule


def _without_model(spec: Spec, ids: Ids, around: Mapping[str, Mapping[Choice, Axes]]) -> Iterator[tuple[str, Iterator[Cell]]]:
    """Yield each environment's cells without a model, in order: one for each format and device of its cells `around`."""
    formats, devices = (_ranks(spec.values()[axis]) for axis in (Axis.FORMAT, Axis.DEVICE))
    for environment, by_choice in around.items():
        ordered = sorted(by_choice, key=lambda choice: (formats[choice[0]], devices[choice[1]]))
        plain = (replace(by_choice[choice], model="") for choice in ordered)
        yield environment, (Cell(id=ids.cell(axes, environment), axes=axes, environment=environment) for axes in plain)


def _excluding(spec: Spec, facts: Facts) -> Exclude | None:
    for rule in spec.exclude:
        if rule.when(facts):
            return rule
    return None


def _ordered(spec: Spec, included: frozenset[Axes], values: AxisValues) -> Iterable[Axes]:
    """Return the product of the values and the pinned combinations, each once, in the matrix's order."""
    pinned = [axes for axes in included if any(getattr(axes, row.name) is not None for row in DERIVED)]
    if not pinned:
        return combinations(values)
    # Ranked among all values of the spec: those of a pinned combination need not be among the narrowed ones.
    every = spec.values()
    rank_of: dict[str, Callable[[AxisValue], object]] = {
        row.name: _pin_rank if row.derived else _ranks(every[row.axis]).__getitem__ for row in AXES
    }
    kinds = _ranks(accelerators(spec.devices))
    of_environment, of_cell = ([row.name for row in rows] for rows in (OF_ENVIRONMENT, OF_CELL))

    def rank(axes: Axes) -> tuple[object, ...]:
        environment = [rank_of[name](getattr(axes, name)) for name in of_environment]
        return (*environment, kinds[axes.device.accelerator], *(rank_of[name](getattr(axes, name)) for name in of_cell))

    return sorted(chain(combinations(values), pinned), key=rank)


def _ranks(values: Iterable[AxisValue]) -> dict[AxisValue, int]:
    return {value: rank for rank, value in enumerate(values)}


@cache
def _pin_rank(pin: AxisValue) -> tuple[Version, str]:
    """Return the rank of a pin: no pin comes first, then pins by version; equal versions are ordered by their text."""
    return (Version("0.dev0"), "") if pin is None else (Version(str(pin)), str(pin))


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
