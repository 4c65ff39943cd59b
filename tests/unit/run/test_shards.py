"""Shards: every cell in exactly one, the same on every machine, none much larger than the others."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.domain import Axis, Device, Plan, SaveFormat
from harness.run.shards import ENVIRONMENT_SECONDS, Expected, Shard, divide, estimate, part_of, plan_digest

SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=12)
SECONDS = st.lists(st.floats(0, 1e5, allow_nan=False), min_size=12, max_size=12)
COUNTS = st.integers(1, 15)


def plan_of(make: Any, sizes: list[int], device: Device = Device.CPU) -> Plan:
    """A plan with so many cells in each of its environments."""
    cells = tuple(
        make.cell(f"e{number}--{index}", environment=f"e{number}", device=device)
        for number, size in enumerate(sizes)
        for index in range(size)
    )
    environments = {f"e{number}": make.request(f"e{number}") for number in range(len(sizes))}
    return Plan(cells=cells, environments=environments, models={"bert-en/3": make.model()}, left_out=())


def expected_of(seconds: list[float]) -> Expected:
    return Expected(seconds={f"e{number}": value for number, value in enumerate(seconds)})


@given(sizes=SIZES, seconds=SECONDS, count=COUNTS)
def test_every_cell_is_in_exactly_one_shard(make: Any, sizes: list[int], seconds: list[float], count: int) -> None:
    plan, expected = plan_of(make, sizes), expected_of(seconds)
    shards = divide(plan, (make.case(),), count, expected)
    assert len(shards) == count
    assert Counter(cell.id for shard in shards for cell in shard) == Counter(cell.id for cell in plan.cells)
    assert shards == divide(plan, (make.case(),), count, expected)
    parts = [part_of(plan, (make.case(),), Shard(index=index, count=count), expected) for index in range(1, count + 1)]
    assert [{cell.id for cell in part.cells} for part in parts] == [{cell.id for cell in shard} for shard in shards]
    for part in parts:
        assert set(part.environments) == {cell.environment for cell in part.cells}
        assert [cell.id for cell in part.cells] == [cell.id for cell in plan.cells if cell in part.cells], "the plan's order"


@given(sizes=SIZES, seconds=SECONDS, count=COUNTS)
def test_an_environment_is_not_split_unless_it_is_larger_than_a_shard(
    make: Any, sizes: list[int], seconds: list[float], count: int
) -> None:
    plan, expected = plan_of(make, sizes), expected_of(seconds)
    shards = divide(plan, (make.case(),), count, expected)
    largest = sum(round(1000 * seconds[number]) for number in range(len(sizes))) / count
    for number in range(len(sizes)):
        split_over = sum(any(cell.environment == f"e{number}" for cell in shard) for shard in shards)
        assert split_over <= 1 or 1000 * seconds[number] + 1 > largest


@given(sizes=SIZES, seconds=SECONDS, count=COUNTS)
def test_no_shard_is_larger_than_a_share_and_a_piece(make: Any, sizes: list[int], seconds: list[float], count: int) -> None:
    """The bound of longest first: the average, and what was given last."""
    plan, expected = plan_of(make, sizes), expected_of(seconds)
    shards = divide(plan, (make.case(),), count, expected)
    of_cell = {f"e{number}": seconds[number] / size for number, size in enumerate(sizes)}
    loads = [sum(of_cell[cell.environment] for cell in shard) for shard in shards]
    share = sum(loads) / count
    piece = max([share, *(of_cell[f"e{number}"] + share for number in range(len(sizes)))])
    assert max(loads) <= share + piece + 0.1


def test_what_is_the_same_stays_together(make: Any) -> None:
    plan = plan_of(make, [2, 2, 2, 2])
    same = Expected(seconds=dict.fromkeys(plan.environments, 1.0), same={"e0": "a", "e1": "b", "e2": "a", "e3": "b"})
    shards = divide(plan, (), 2, same)
    assert [{cell.environment for cell in shard} for shard in shards] == [{"e0", "e2"}, {"e1", "e3"}]


def test_longest_first_to_the_shard_with_the_least(make: Any) -> None:
    plan = plan_of(make, [1, 1, 1, 1, 1])
    shards = divide(plan, (), 2, expected_of([3, 3, 4, 5, 5]))
    assert [[cell.environment for cell in shard] for shard in shards] == [["e3", "e2"], ["e4", "e0", "e1"]]


def test_a_large_environment_is_split_between_neighbours(make: Any) -> None:
    plan = plan_of(make, [6, 1])
    shards = divide(plan, (make.case(),), 3, expected_of([90, 1]))
    assert [[cell.id for cell in shard] for shard in shards] == [
        ["e0--0", "e0--1", "e1--0"],
        ["e0--2", "e0--3"],
        ["e0--4", "e0--5"],
    ]


def test_more_shards_than_cells(make: Any) -> None:
    shards = divide(plan_of(make, [1, 1]), (), 4, expected_of([1, 1]))
    assert sorted(map(len, shards)) == [0, 0, 1, 1]
    empty = part_of(plan_of(make, [1]), (), Shard(index=2, count=2), expected_of([1]))
    assert (empty.cells, dict(empty.environments), dict(empty.models)) == ((), {}, {})


def test_an_estimate_counts_what_runs_once_once(make: Any) -> None:
    cells = (make.cell("1"), make.cell("2", format=SaveFormat.KERAS))
    environment = cells[0].environment
    plan = Plan(cells=cells, environments={environment: make.request()}, models={"bert-en/3": make.model()}, left_out=())
    load = make.case("cases/a.py::test_load")
    save = make.case("cases/a.py::test_save", uses=frozenset({Axis.MODEL, Axis.FORMAT}))
    assert estimate(plan, (load,)).seconds == {environment: ENVIRONMENT_SECONDS + 0.5}
    assert estimate(plan, (load, save)).seconds == {environment: ENVIRONMENT_SECONDS + 1.5}


def test_a_chip_takes_longer_than_a_cpu(make: Any) -> None:
    case = make.case(devices=frozenset({Device.CPU, Device.TPU_V4}))
    seconds = [estimate(plan_of(make, [1], device), (case,)).seconds["e0"] for device in (Device.CPU, Device.TPU_V4)]
    assert seconds[0] < seconds[1]


@pytest.mark.parametrize("changed", ["cells", "locks", "spec", "cases", "incell"])
def test_a_plan_has_another_digest_where_anything_differs(make: Any, changed: str) -> None:
    plan, digests = plan_of(make, [2]), make.header().digests
    other_plan = plan_of(make, [3]) if changed == "cells" else plan
    other_digests = digests if changed in ("cells", "locks") else digests.model_copy(update={changed: "other"})
    other = plan_digest(other_plan, other_digests, "locks" if changed == "locks" else "")
    assert other != plan_digest(plan, digests) == plan_digest(plan_of(make, [2]), digests)
