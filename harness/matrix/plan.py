"""The plan: which cells and environments a run has, and under which ids. Pure, and the only expander.

Cells come in the matrix's order: TensorFlow ascending, then install, keras, text, pins, hardware with packages of its own, model,
format, device, so that the cells of an environment are next to each other. Ids depend on the spec alone, never on tier or
selector; see `harness.matrix.ids`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import cache
from itertools import chain

from packaging.version import Version

from harness.base.errors import SelectionError
from harness.base.suggestions import did_you_mean
from harness.domain import (
    AXES,
    DERIVED,
    OF_CELL,
    OF_ENVIRONMENT,
    Axes,
    Axis,
    AxisValue,
    Cell,
    EnvironmentRequest,
    LeftOut,
    Plan,
    environment_key,
    installation,
)
from harness.matrix.ids import Ids
from harness.matrix.selector import Conjunct, Selector, compile_selector, near_hint, nearest
from harness.matrix.spec import AxisValues, Exclude, Spec, accelerators, combinations

WITHIN_GROUP = (*(row.name for row in OF_CELL if row.axis is not Axis.MODEL), "cell")
"""The names that tell cells of the same environment and model apart. These are next to each other in a plan, so that what
follows from other names is found once for all of them."""


def expand(spec: Spec, *, tier: str | None = None, select: str = "", environments: Collection[str] = ()) -> Plan:
    """The cells that the tier, the selector and the environment ids all select; None and empty select everything.

    An include's combinations are planned whatever the excludes say. `left_out` counts what the excludes took from this
    selection. Raises SelectionError, with the nearest matches, when nothing is left.
    """
    ids = Ids.of(spec)
    selector = _selector(spec, ids, tier, select, environments)
    conditions = (*(spec.tier(tier).select.conjuncts if tier is not None else ()), *selector.conjuncts)
    kept, left_out = _split(spec, ids, selector, spec.narrowed(conditions))
    if not kept:
        raise _nothing_selected(spec, ids, selector, left_out)
    first = {cell.environment: cell.axes for cell in reversed(kept)}
    used = {cell.axes.model for cell in kept}
    return Plan(
        cells=tuple(kept),
        environments={id_: _request(spec, id_, first[id_]) for id_ in dict.fromkeys(cell.environment for cell in kept)},
        models={model.id: model for model in spec.models if model.id in used},
        left_out=left_out,
    )


def _selector(spec: Spec, ids: Ids, tier: str | None, select: str, environments: Collection[str]) -> Selector:
    """All that the user asked for, as one selector whose conditions `nearest` can drop one by one."""
    known = tuple(ids.environments.values())
    conjuncts = list(compile_selector(select, {**spec.vocabulary(), "environment": known}, spec.interfaces()).conjuncts)
    if tier is not None:
        chosen = spec.tier(tier).select
        conjuncts.insert(0, Conjunct(text=f"--tier {tier}", test=chosen, names=chosen.names))
    for name in environments:
        if name not in known:
            raise SelectionError(f"no environment {name!r}", location="--environment", hint=did_you_mean(name, known))
    if environments:
        wanted = frozenset(environments)
        named = Conjunct(
            text="--environment",
            test=lambda _axes, _cell, environment: environment in wanted,
            names=frozenset({"environment"}),
        )
        conjuncts.append(named)
    return Selector(text=select, conjuncts=tuple(conjuncts))


def _split(spec: Spec, ids: Ids, selector: Selector, values: AxisValues) -> tuple[list[Cell], tuple[LeftOut, ...]]:
    """The selected cells that are kept, and what the excludes took from the selection."""
    included = spec.included()
    kept: list[Cell] = []
    taken: Counter[str] = Counter()  # by place: the hash of a rule takes longer than all else here
    of_group, of_cell = selector.split(WITHIN_GROUP)
    rules_of_cell = any(not rule.when.names.isdisjoint(WITHIN_GROUP) for rule in spec.exclude)
    key, model, environment, wanted, rule = None, None, "", False, None
    for axes in _ordered(spec, included, values):
        if key != (now := environment_key(axes)):
            key, model, environment = now, None, ids.environments[now]
        if model != axes.model:
            model, wanted = axes.model, of_group(axes, "", environment)
            rule = _excluding(spec, axes) if wanted else None
        if not wanted:
            continue
        id_ = ids.cell(axes, environment)
        if not of_cell(axes, id_, environment):
            continue
        if rules_of_cell:
            rule = _excluding(spec, axes)
        if rule is None or (included and axes in included):
            kept.append(Cell(id=id_, axes=axes, environment=environment))
        else:
            taken[rule.place] += 1
    rules = (rule for rule in spec.exclude if taken[rule.place])
    return kept, tuple(
        LeftOut(when=rule.when.text, reason=rule.reason, place=rule.place, cells=taken[rule.place]) for rule in rules
    )


def _excluding(spec: Spec, axes: Axes) -> Exclude | None:
    for rule in spec.exclude:
        if rule.when(axes):
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
    """Before all pins comes no pin; pins that are equal versions are told apart by their text."""
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


def _nothing_selected(spec: Spec, ids: Ids, selector: Selector, left_out: tuple[LeftOut, ...]) -> SelectionError:
    place = "--select" if selector.text.strip() else ""
    if left_out:
        cells = sum(rule.cells for rule in left_out)
        reasons = "; ".join(f"{rule.place}: {rule.reason}" for rule in left_out)
        return SelectionError(f"all {cells} cells that it selects are excluded", location=place, hint=reasons)
    everything, _ = _split(spec, ids, Selector(text=""), spec.values())
    near = near_hint(nearest(selector, everything))
    return SelectionError("nothing is selected", location=place, hint=near or "no single condition is to blame: drop several")
