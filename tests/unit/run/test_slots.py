"""Slots never exceed their count and serve by priority, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.run.slots import Slots


@dataclass
class Crowd:
    """Tasks that hold a slot until they are told to leave. `served` are their numbers in the order they got one."""

    slots: Slots
    served: list[int] = field(default_factory=list)
    inside: set[int] = field(default_factory=set)
    most: int = 0
    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    leave: dict[int, asyncio.Event] = field(default_factory=dict)

    def come(self, number: int, priority: float) -> None:
        self.leave[number] = asyncio.Event()
        self.tasks[number] = asyncio.create_task(self._stay(number, priority))

    async def _stay(self, number: int, priority: float) -> None:
        async with self.slots.hold(priority):
            self.served.append(number)
            self.inside.add(number)
            self.most = max(self.most, len(self.inside))
            try:
                await self.leave[number].wait()
            finally:
                self.inside.discard(number)

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Everyone leaves, one after another; whoever waits gets a turn."""
        while any(not task.done() for task in self.tasks.values()):
            for number in tuple(self.inside):
                self.leave[number].set()
            await self.settle()
        for task in self.tasks.values():
            with suppress(asyncio.CancelledError):
                await task


def test_one_slot_serves_one_after_another_by_priority_then_by_arrival() -> None:
    async def go() -> None:
        crowd = Crowd(Slots(1))
        for number, priority in enumerate([1.0, 1.0, 0.0, 1.0, 0.0]):
            crowd.come(number, priority)
            await crowd.settle()
        await crowd.end()
        assert crowd.served == [0, 2, 4, 1, 3]
        assert crowd.most == 1

    asyncio.run(go())


def test_a_cancelled_waiter_takes_no_slot() -> None:
    async def go() -> None:
        crowd = Crowd(Slots(1))
        for number in range(3):
            crowd.come(number, 1.0)
        await crowd.settle()
        crowd.tasks[1].cancel()
        await crowd.settle()
        crowd.leave[0].set()
        await crowd.settle()
        assert crowd.served == [0, 2]
        await crowd.end()

    asyncio.run(go())


def test_a_waiter_cancelled_in_its_turn_passes_it_on() -> None:
    """Its slot was given to it, but it never ran."""

    async def go() -> None:
        crowd = Crowd(Slots(1))
        for number in range(3):
            crowd.come(number, 1.0)
        await crowd.settle()
        crowd.tasks[0].cancel()
        await asyncio.sleep(0)  # 0 gives its slot to 1, which has not noticed
        crowd.tasks[1].cancel()
        await crowd.settle()
        assert crowd.served == [0, 2]
        await crowd.end()

    asyncio.run(go())


def test_an_error_inside_gives_the_slot_back() -> None:
    async def go() -> None:
        slots = Slots(1)
        with pytest.raises(ValueError, match="inside"):
            async with slots.hold(1.0):
                raise ValueError("inside")
        async with slots.hold(1.0):
            pass

    asyncio.run(asyncio.wait_for(go(), 5))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.sampled_from([0.0, 1.0, 2.0])),
        st.tuples(st.just("leave"), st.integers(0, 20)),
        st.tuples(st.just("cancel"), st.integers(0, 20)),
        st.tuples(st.just("settle"), st.just(0)),
        st.tuples(st.just("tick"), st.just(0)),
    ),
    max_size=40,
)


@given(count=st.integers(1, 4), steps=STEPS)
def test_never_more_than_its_count_never_fewer_than_it_could_and_none_is_lost(count: int, steps: list[tuple[str, float]]) -> None:
    async def go() -> None:
        crowd = Crowd(Slots(count))
        for step, value in steps:
            match step:
                case "come":
                    crowd.come(len(crowd.tasks), value)
                case "leave" if value in crowd.leave:
                    crowd.leave[int(value)].set()
                case "cancel" if value in crowd.tasks:
                    crowd.tasks[int(value)].cancel()
                case "settle":
                    await crowd.settle()
                    alive = sum(not task.done() for task in crowd.tasks.values())
                    assert len(crowd.inside) == min(count, alive)
                case "tick":
                    await asyncio.sleep(0)
            assert len(crowd.inside) <= count
        await crowd.end()
        assert crowd.most <= count
        cancelled = sum(task.cancelled() for task in crowd.tasks.values())
        assert len(set(crowd.served)) == len(crowd.served) >= len(crowd.tasks) - cancelled
        for number in range(count):  # every slot came back
            crowd.come(1000 + number, 0.0)
        await crowd.settle()
        assert len(crowd.inside) == count
        await crowd.end()

    asyncio.run(go())


@given(priorities=st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=1), data=st.data())
def test_those_who_wait_are_served_by_priority(priorities: list[float], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, len(priorities) - 1)))

    async def go() -> None:
        crowd = Crowd(Slots(1))
        crowd.come(-1, 0.0)
        for number, priority in enumerate(priorities):
            crowd.come(number, priority)
        await crowd.settle()
        for number in gone:
            crowd.tasks[number].cancel()
        await crowd.end()
        waited = [number for number in range(len(priorities)) if number not in gone]
        assert crowd.served == [-1, *sorted(waited, key=lambda number: (priorities[number], number))]

    asyncio.run(go())
