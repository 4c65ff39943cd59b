"""Lines and marks: which cases are one line and which several, and that no outcome is lost or told twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.domain import Axes, Cell, Device, InstallPolicy, KerasChoice, Outcome, SaveFormat, Status
from harness.judge.outcomes import CaseVerdict
from harness.report import wording
from harness.report.document import State, View, WayView, installed
from harness.report.state import SILENT, reason, state_of
from harness.report.view import view
from harness.report.ways import case_folder
from harness.results.format import CaseRef
from tests.browser import synthetic
from tests.unit.report.conftest import Records

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
LOAD = "cases/loading/test_load.py::test_load"
CASE = "cases/saving/test_save.py::test_save"


def lines(found: View) -> list[tuple[WayView, str]]:
    return [(way, track.phrase) for way in found.ways for track in way.tracks]


def save(records: Any, tensorflow: str, **outcomes: Outcome) -> None:
    """A case that asks for the save format, in a cell for each."""
    for format_, outcome in outcomes.items():
        uses = {"model": "bert-en/3", "format": format_}
        name, home = f"cell-{len(records.cells)}", f"env-{tensorflow}"
        records.cell(tensorflow=tensorflow, format=format_, refs=(records.case(name, home, outcome, case=CASE, uses=uses),))


def test_formats_are_one_line_where_they_agree(records: Any) -> None:
    save(records, "2.15.1", h5=PASSED, keras=PASSED, savedmodel=PASSED)
    save(records, "2.16.2", h5=PASSED, keras=PASSED, savedmodel=PASSED)
    ((way, phrase),) = lines(records.view({CASE: "Saving"}))
    assert (way.title, way.folder, way.formats, way.devices, phrase) == ("Saving", "saving", (), (), "works in every version tried")


def test_formats_are_several_lines_where_they_differ_in_any_version(records: Any) -> None:
    save(records, "2.15.1", h5=FAILED, keras=PASSED, savedmodel=PASSED)
    save(records, "2.16.2", h5=PASSED, keras=PASSED, savedmodel=PASSED)
    found = [([one.value for one in way.formats], phrase) for way, phrase in lines(records.view({}))]
    assert found == [(["h5"], "works in 2.16; fails in 2.15"), (["keras", "savedmodel"], "works in every version tried")]


def test_a_case_that_does_not_ask_for_the_format_is_one_line(records: Any) -> None:
    ref = records.case("cell-0", "env-0", PASSED, case=CASE, uses={"model": "bert-en/3"})
    records.cell(refs=(ref,))
    records.cell(format="keras", refs=(CaseRef(case=CASE, key=None),), status=Status.UNAVAILABLE, trouble="device")
    ((way, phrase),) = lines(records.view({}))
    (mark,) = way.tracks[0].marks
    assert mark is not None
    assert (mark.state, mark.cells, phrase) == (State.PASSED, (0, 1), "works in 2.15")


def load(records: Any, tensorflow: str, **outcomes: Outcome) -> None:
    """A case that asks for the model, in a cell for each."""
    for model, outcome in outcomes.items():
        name = f"cell-{len(records.cells)}"
        ref = records.case(name, f"env-{tensorflow}", outcome, case=LOAD, uses={"model": model})
        records.cell(tensorflow=tensorflow, model=model, refs=(ref,))


def test_models_are_one_line_where_they_agree_in_every_version(records: Any) -> None:
    load(records, "2.15.1", albert=PASSED, bert=PASSED, electra=PASSED)
    load(records, "2.16.2", albert=FAILED, bert=PASSED, electra=FAILED)
    found = records.view({})
    assert [(way.models, phrase) for way, phrase in lines(found)] == [
        (("albert", "electra"), "works in 2.15; fails in 2.16"),
        (("bert",), "works in every version tried"),
    ]
    marks = found.ways[0].tracks[0].marks
    assert [[found.cells[cell].axes.model for cell in mark.cells] for mark in marks if mark] == [["albert", "electra"]] * 2


def test_models_that_were_not_tried_alike_are_several_lines(records: Any) -> None:
    load(records, "2.15.1", albert=PASSED, bert=PASSED)
    load(records, "2.16.2", albert=PASSED)
    assert [way.models for way, _ in lines(records.view({}))] == [("albert",), ("bert",)]


def test_a_line_names_its_models_unless_it_holds_for_all(records: Any) -> None:
    load(records, "2.15.1", a=PASSED, b=FAILED, c=FAILED, d=FAILED, e=FAILED)
    first, second = records.view({}).ways
    every = frozenset("abcde")
    assert (wording.models(first, every), wording.models(second, every)) == (("a",), ("4 models",))
    assert wording.models(second, frozenset("bcde")) == ()


def plain(records: Any, *models: str) -> None:
    """A case that asks for no model, in a cell of each; they share what was measured."""
    ref = records.case("cell-0", "env-0", FAILED, case=CASE, uses={"format": "h5"})
    for model in models:
        records.cell(model=model, refs=(ref,))


def test_the_line_of_a_case_without_a_model_names_none(records: Any) -> None:
    load(records, "2.15.1", albert=PASSED, bert=PASSED)
    plain(records, "")
    found = records.view({})
    assert [(way.case, way.models, wording.models(way, frozenset({"albert", "bert"}))) for way in found.ways] == [
        (LOAD, ("albert", "bert"), ()),
        (CASE, (), ()),
    ]


def test_older_results_have_a_case_without_a_model_in_the_cells_of_models(records: Any) -> None:
    plain(records, "albert", "bert")
    (way,) = records.view({}).ways
    assert way.models == ()
    assert [mark.cells for track in way.tracks for mark in track.marks if mark] == [(0, 1)]


def test_in_a_folder_what_fails_undeclared_comes_first(records: Any) -> None:
    outcomes = {"one": PASSED, "two": CaseVerdict.AS_DECLARED, "three": FAILED, "four": CaseVerdict.PASSED_UNEXPECTEDLY}
    refs = [records.case("cell-0", "env-0", outcome, case=f"cases/a/t.py::{name}") for name, outcome in outcomes.items()]
    records.cell(refs=(*refs, records.case("cell-0", "env-0", FAILED, case="cases/zoo/t.py::five")))
    order = [way.case.rpartition("::")[2] for way in records.view({}).ways]
    assert order == ["three", "four", "one", "two", "five"]


def test_what_no_line_tells_apart_is_mixed(records: Any) -> None:
    ref = records.case("cell-0", "env-0", PASSED, key="k", case=CASE, variant="a")
    records.case("cell-0", "env-0", FAILED, key="k", case=CASE, variant="b")
    records.cell(refs=(ref,))
    assert [phrase for _, phrase in lines(records.view({}))] == ["works in part in 2.15"]


def test_ways_are_in_the_order_of_work(records: Any) -> None:
    names = ("zoo", "saving", "finetuning", "about", "encoding", "loading")
    records.cell(refs=tuple(records.case("cell-0", "env-0", PASSED, case=f"cases/{name}/test_a.py::test_a") for name in names))
    order = [way.folder for way in records.view({}).ways]
    assert order == ["loading", "encoding", "finetuning", "saving", "about", "zoo"]


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("cases/saving/test_a.py::test_b", "saving"),
        ("saving/sub/test_a.py::test_b", "saving"),
        ("cases/test_a.py::t", ""),
        ("t", ""),
    ],
)
def test_folder(case: str, name: str) -> None:
    assert case_folder(case) == name


def test_a_planned_cell_without_a_record_has_every_case_of_its_model_not_run(records: Any) -> None:
    records.cell(refs=(records.case("cell-0", "env-0", PASSED, case=CASE),))
    axes = Axes(
        tensorflow="2.16.2",
        install=InstallPolicy.AS_RELEASED,
        keras=KerasChoice.DEFAULT,
        model="bert-en/3",
        format=SaveFormat.H5,
        device=Device.CPU,
    )
    found = records.view({}, (Cell(id="later", axes=axes, environment="env-1"),), planned=2, footer=False)
    ((way, phrase),) = lines(found)
    assert [mark and mark.state for mark in way.tracks[0].marks] == [State.PASSED, State.NOT_RUN]
    assert phrase == "works in 2.15"


def test_a_chip_without_a_record_has_the_cases_of_chips_alone(records: Any) -> None:
    records.cell(refs=(records.case("cell-0", "env-0", PASSED, case=LOAD, uses={"device": "cpu"}),))
    uses = {"device": "tpu-v5e"}
    records.cell(device="tpu-v5e", refs=(records.case("cell-1", "env-0", PASSED, case=CASE, uses=uses),))
    axes = Axes(
        tensorflow="2.16.2",
        install=InstallPolicy.AS_RELEASED,
        keras=KerasChoice.DEFAULT,
        model="bert-en/3",
        format=SaveFormat.H5,
        device=Device.TPU_V5E,
    )
    found = records.view({}, (Cell(id="later", axes=axes, environment="env-1"),), planned=3, footer=False)
    assert [(way.case, [mark and mark.state for mark in way.tracks[0].marks]) for way, _ in lines(found)] == [
        (LOAD, [State.PASSED, None]),
        (CASE, [State.PASSED, State.NOT_RUN]),
    ]


def distribute(records: Any, *outcomes: tuple[str, Outcome]) -> list[tuple[list[str], str]]:
    for device, outcome in outcomes:
        name = f"cell-{len(records.cells)}"
        gone = {"status": Status.UNAVAILABLE, "trouble": "device"} if outcome is Outcome.NOT_RUN else {}
        ref = records.case(name, "env-0", outcome, case=CASE, uses={"device": device})
        ref = CaseRef(case=CASE, key=None) if gone else ref
        records.cell(device=device, refs=(ref,), **gone)
    return [([one.value for one in way.devices], phrase) for way, phrase in lines(records.view({}))]


def test_missing_hardware_is_no_line_beside_what_was_tried(records: Any) -> None:
    found = distribute(records, ("mirrored-2", PASSED), ("tpu", Outcome.NOT_RUN), ("gpu", Outcome.NOT_RUN))
    assert found == [(["mirrored-2"], "works in 2.15")]


def test_hardware_that_is_there_is_told(records: Any) -> None:
    found = distribute(records, ("mirrored-2", PASSED), ("tpu", FAILED), ("gpu", Outcome.NOT_RUN))
    assert found == [(["mirrored-2"], "works in 2.15"), (["tpu"], "fails in 2.15")]


def test_missing_hardware_alone_is_told(records: Any) -> None:
    assert distribute(records, ("tpu", Outcome.NOT_RUN), ("gpu", Outcome.NOT_RUN)) == [([], "not tried: unavailable here")]


@pytest.mark.parametrize(
    ("status", "environment", "state"),
    [
        (Status.IMPORT_FAILED, Status.IMPORT_FAILED, State.BLOCKED),
        (Status.LOCK_FAILED, Status.LOCK_FAILED, State.BLOCKED),
        (Status.INSTALL_FAILED, None, State.BLOCKED),
        (Status.CRASHED, Status.CRASHED, State.BLOCKED),
        (Status.CRASHED, Status.COMPLETED, State.CRASHED),
        (Status.TIMED_OUT, Status.COMPLETED, State.TIMED_OUT),
        (Status.UNAVAILABLE, Status.COMPLETED, State.UNAVAILABLE),
        (Status.COMPLETED, Status.COMPLETED, State.NOT_RUN),
    ],
)
def test_why_a_case_did_not_run(records: Any, status: Status, environment: Status | None, state: State) -> None:
    records.cell(status=status, trouble="device" if status is Status.UNAVAILABLE else None)
    assert reason(records.view({}).cells[0], environment) is state


@pytest.mark.parametrize("verdict", CaseVerdict)
def test_a_verdict_is_told_whatever_became_of_its_cell(verdict: CaseVerdict) -> None:
    found = {state_of(verdict, why) for why in (State.BLOCKED, State.CRASHED, State.NOT_RUN)}
    assert len(found) == (3 if verdict is CaseVerdict.NOT_RUN else 1)


def test_why_nothing_could_run_is_said_once_of_the_versions(every: Any) -> None:
    found = {(one.install.value, one.status.value): (one.spans, one.whole) for one in every.view({}).blocked}
    assert found["today", "import_failed"] == ((("2.12.1", "2.12.1"),), True)
    assert found["as-released", "unavailable"] == ((("2.0.4", "2.0.4"),), False)
    assert ("as-released", "crashed") not in found  # a case of that cell ran


def outcomes_are_told_once(found: View) -> None:
    """Each (cell, case) is in exactly one mark, at its own version and section, and that mark says what happened."""
    told: Counter[tuple[int, str]] = Counter()
    for way in found.ways:
        for track in way.tracks:
            assert len(track.marks) == len(found.versions)
            for version, mark in zip(found.versions, track.marks, strict=True):
                for place in mark.cells if mark else ():
                    assert mark is not None
                    told[place, way.case] += 1
                    cell = found.cells[place]
                    assert (installed(cell.axes), cell.axes.tensorflow) == (installed(track), version)
                    assert not way.models or cell.axes.model in way.models
                    assert not way.formats or cell.axes.format in way.formats
                    assert not way.devices or cell.axes.device in way.devices
                    own = (found.cases[one] for one in cell.cases)
                    why = {state_of(one.verdict, State.BLOCKED) for one in own if one.case == way.case}
                    silent = {State.BLOCKED, *SILENT}
                    assert mark.state is State.MIXED or mark.state in why | silent or why <= silent
    expected = {(place, found.cases[one].case) for place, cell in enumerate(found.cells) for one in cell.cases}
    missing = expected - {pair for pair in told if found.cells[pair[0]].status}
    assert told.keys() <= expected | {pair for pair in told if not found.cells[pair[0]].status}
    assert {found.cells[place].status for place, _ in missing} <= {Status.UNAVAILABLE, Status.IMPORT_FAILED}
    assert {found.cells[place].axes.device for place, _ in missing} <= {Device.TPU, Device.GPU}
    assert set(told.values()) <= {1}


def test_every_outcome_is_told_once(every: Any) -> None:
    outcomes_are_told_once(every.view({}))
    cut_off = synthetic.run(2, cut_off=True)
    outcomes_are_told_once(view(cut_off, {}, judgements=synthetic.judgements(cut_off)))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_outcome_is_told_once_whatever_the_run(data: st.DataObject) -> None:
    records = Records()
    axes = st.tuples(
        st.sampled_from(("2.14.1", "2.15.1", "2.16.2")),
        st.sampled_from(InstallPolicy),
        st.sampled_from(SaveFormat),
        st.sampled_from(Device),
    )
    for tensorflow, install, format_, device in data.draw(st.lists(axes, unique=True, max_size=12)):
        name, refs = f"cell-{len(records.cells)}", []
        for case, names in (
            ("cases/a/t.py::one", ("format",)),
            ("cases/a/t.py::two", ("format", "device")),
            ("cases/b.py::three", ()),
        ):
            uses = {one: {"format": format_.value, "device": device.value}[one] for one in names}
            outcome = data.draw(st.sampled_from([*CaseVerdict]))
            refs.append(
                CaseRef(case=case, key=None)
                if outcome is CaseVerdict.NOT_RUN
                else records.case(name, "e", outcome, case=case, uses=uses)
            )
        status = data.draw(st.sampled_from([Status.COMPLETED, Status.CRASHED, Status.IMPORT_FAILED, Status.UNAVAILABLE]))
        trouble = "device" if status is Status.UNAVAILABLE else None
        records.cell(
            tensorflow=tensorflow, install=install, format=format_, device=device, refs=tuple(refs), status=status, trouble=trouble
        )
    outcomes_are_told_once(records.view({}))
