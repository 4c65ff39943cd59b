"""Every case of every combination is run once, and every cell refers to all that bear on it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.domain import HOSTS, Axis, Case, Cell, Device, HubFormat, Interface, Model, SaveFormat, Status
from harness.run.assign import COMPLETED, CellEnd, CellJob, assign, unkeyed, without_known
from harness.run.keys import uses_of

CRASHED = CellEnd(status=Status.CRASHED, message="SIGSEGV")


def key_of(case: Case, uses: Any, model: Model | None) -> str:
    return f"{case.id}{sorted(uses.items())}"


def plan(make: Any) -> st.SearchStrategy[tuple[list[Cell], list[Case], dict[str, Model]]]:
    axes = st.fixed_dictionaries(
        {
            "model": st.sampled_from(["dict", "list", "tf1", ""]),
            "format": st.sampled_from(SaveFormat),
            "device": st.sampled_from(Device),
            "tensorflow": st.sampled_from(["2.15.1", "2.16.2"]),
        }
    )
    uses = st.frozensets(st.sampled_from([Axis.MODEL, Axis.FORMAT, Axis.DEVICE]))
    narrowed = st.sampled_from([(), (HubFormat.TF1_HUB,), (HubFormat.SAVED_MODEL_2,)]).map(frozenset)
    devices = st.sampled_from([HOSTS, frozenset({Device.TPU_V5E, Device.CPU}), frozenset({Device.TPU_V4})])
    cases = st.lists(st.tuples(uses, narrowed, devices), max_size=5)
    models = {
        "dict": make.model("dict"),
        "list": make.model("list", interface=Interface.LIST),
        "tf1": make.model("tf1", format=HubFormat.TF1_HUB, interface=Interface.TF1_SIGNATURE),
    }
    return st.tuples(
        st.lists(axes, unique_by=lambda one: tuple(one.values()), max_size=12).map(
            lambda every: [make.cell(f"cell-{number}", **one) for number, one in enumerate(every)]
        ),
        cases.map(
            lambda every: [
                make.case(f"t{number}", uses=one, formats=two, devices=three) for number, (one, two, three) in enumerate(every)
            ]
        ),
        st.just(models),
    )


@given(data=st.data())
def test_every_key_is_given_to_exactly_one_cell_and_all_refs_are_there(data: st.DataObject, make: Any) -> None:
    cells, cases, models = data.draw(plan(make))
    everything = {ref.key for job in assign(cells, cases, models, key_of) for ref in job.refs}
    known = data.draw(st.sets(st.sampled_from(sorted(everything)))) if everything else set()
    jobs = without_known(assign(cells, cases, models, key_of), known)

    assert [job.cell for job in jobs] == cells
    for job in jobs:
        bearing = [case for case in cases if case.bears_on(models.get(job.cell.axes.model), job.cell.axes.device)]
        assert [(ref.case, ref.key) for ref in job.refs] == [
            (case.id, key_of(case, uses_of(case, job.cell), job.model)) for case in bearing
        ]
        assert job.model == models.get(job.cell.axes.model)
    tasks = [task for job in jobs for task in job.cases]
    assert Counter(task.key for task in tasks) == dict.fromkeys(everything - known, 1)
    assert all(task.key == key_of(task.case, task.uses, models["dict"]) for task in tasks)


@given(data=st.data())
def test_a_key_is_given_to_the_first_cell_that_needs_it(data: st.DataObject, make: Any) -> None:
    cells, cases, models = data.draw(plan(make))
    taken: set[str | None] = set()
    for job in assign(cells, cases, models, key_of):
        assert {task.key for task in job.cases} == {ref.key for ref in job.refs} - taken
        taken |= {ref.key for ref in job.refs}


def test_a_case_runs_once_for_each_combination_it_uses(make: Any) -> None:
    cells = [make.cell(f"c{number}", format=format_) for number, format_ in enumerate(SaveFormat)]
    loads, saves = make.case("loads", uses=frozenset({Axis.MODEL})), make.case("saves", uses=frozenset({Axis.MODEL, Axis.FORMAT}))
    jobs = assign(cells, [loads, saves], {"bert-en/3": make.model()}, key_of)
    assert [[task.case.id for task in job.cases] for job in jobs] == [["loads", "saves"], ["saves"], ["saves"]]
    assert all(len(job.refs) == 2 for job in jobs)


def test_a_case_without_a_model_belongs_to_cells_without_one(make: Any) -> None:
    """Marks for models stand on whole files, and say nothing of the cases in them that use none."""
    cells = [make.cell("of-model"), make.cell("without", model="")]
    loads = make.case("loads", uses=frozenset({Axis.MODEL}))
    plain = make.case("plain", uses=frozenset({Axis.FORMAT}), interfaces=frozenset({Interface.LIST}))
    jobs = assign(cells, [loads, plain], {"bert-en/3": make.model()}, key_of)
    assert [[ref.case for ref in job.refs] for job in jobs] == [["loads"], ["plain"]]
    assert [job.model for job in jobs] == [make.model(), None]
    assert jobs[1].cases[0].uses == {"format": "h5"}


@given(data=st.data())
def test_without_a_lock_cases_are_named_but_not_run(data: st.DataObject, make: Any) -> None:
    cells, cases, models = data.draw(plan(make))
    keyed, plain = assign(cells, cases, models, key_of), unkeyed(cells, cases, models)
    assert [[ref.case for ref in job.refs] for job in plain] == [[ref.case for ref in job.refs] for job in keyed]
    assert all(ref.key is None for job in plain for ref in job.refs)
    assert not any(job.cases for job in plain)


def job(make: Any, *keys: str, tasks: tuple[str, ...] = ()) -> CellJob:
    cases = [make.case(key, digest=key) for key in keys]
    (full,) = without_known(
        assign([make.cell()], cases, {"bert-en/3": make.model()}, lambda case, _uses, _model: case.id), set(keys) - set(tasks)
    )
    return full


def test_a_cell_is_completed_unless_a_process_of_one_of_its_cases_was_not(make: Any) -> None:
    one = job(make, "a", "b", tasks=("b",))
    assert one.end({}) == COMPLETED
    assert one.end({"a": COMPLETED, "b": COMPLETED}) == COMPLETED
    assert one.end({"a": CRASHED, "b": COMPLETED}) == CRASHED
    assert one.end({"other": CRASHED}) == COMPLETED


def test_idle_means_nothing_to_run(make: Any) -> None:
    assert job(make, "a", "b").idle({})
    assert not job(make, "a", "b", tasks=("b",)).idle({})
    assert job(make, "a", "b", tasks=("b",)).idle({"b": CRASHED})
