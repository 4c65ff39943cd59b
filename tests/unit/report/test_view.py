"""The view of a run that has everything, against a golden file; and single rules on runs made for them.

UPDATE_GOLDEN=1 writes the golden file anew: read its diff.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from harness.domain import Axes, Cell, Device, InstallPolicy, KerasChoice, Outcome, SaveFormat, Status
from harness.judge.outcomes import CaseVerdict
from harness.judge.verdict import CellVerdict
from harness.report import jsonview
from harness.report.document import Measurement, MessageKind
from harness.results.format import CaseRef

GOLDEN = Path(__file__).parent / "golden" / "view.json"
VOLATILE = {"started", "finished", "recorded", "seconds", "hubmatrix", "host", "run"}
TITLES = {"test_0": "The layer loads"}


def scrubbed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "…" if name in VOLATILE else scrubbed(one) for name, one in value.items()}
    return [scrubbed(one) for one in value] if isinstance(value, list) else value


def test_golden(every: Any) -> None:
    found = json.dumps(scrubbed(json.loads(jsonview.render(every.view(TITLES)))), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(found, encoding="utf-8")
    assert found == GOLDEN.read_text(encoding="utf-8")


def test_cells_are_in_the_order_of_the_sections(every: Any) -> None:
    found = every.view(TITLES)
    shown = [place for section in found.sections for row in section.rows for place in row.cells if place is not None]
    assert shown == list(range(len(found.cells)))


def test_a_shared_case_is_one_case_and_names_the_cell_that_ran_it(every: Any) -> None:
    found = every.view(TITLES)
    cells = {cell.id: cell for cell in found.cells}
    assert cells["cell-0"].cases[0] == cells["cell-1"].cases[0]
    assert found.cases[cells["cell-1"].cases[0]].cell == "cell-0"


def test_every_variant_of_a_case_counts(records: Any) -> None:
    ref = records.case("cell-0", "env-0", Outcome.PASSED, key="k", case="c", variant="a")
    records.case("cell-0", "env-0", Outcome.FAILED, key="k", case="c", variant="b")
    records.cell(refs=(ref,))
    assert records.view({}).cells[0].label == "1!"


def test_what_a_case_measured_is_shown_under_its_names(records: Any) -> None:
    ref = records.case("cell-0", "env-0", Outcome.PASSED, measured={"drift": 1.25e-7, "odd\x1b[0m\u202e": 3.0})
    records.cell(refs=(ref,))
    (case,) = records.view({}).cases
    assert case.measured == (Measurement(name="drift", value=1.25e-7), Measurement(name="odd<U+202E>", value=3.0))


def test_a_reference_without_record_is_not_run(records: Any) -> None:
    records.cell(refs=(CaseRef(case="a", key=None), CaseRef(case="b", key="lost")))
    found = records.view({})
    assert [case.verdict for case in found.cases] == [CaseVerdict.NOT_RUN, CaseVerdict.NOT_RUN]
    assert found.cells[0].verdict is CellVerdict.NOT_RUN


def test_the_later_record_of_a_cell_holds(records: Any) -> None:
    first = records.cell(Outcome.FAILED)
    records.cells.append(records.cell(Outcome.PASSED).model_copy(update={"id": first.id}))
    records.cells.pop(1)
    assert [cell.verdict for cell in records.view({}).cells] == [CellVerdict.WORKS]


def test_a_cut_off_run_counts_what_is_missing(records: Any) -> None:
    records.cell(Outcome.PASSED)
    found = records.view({}, planned=10, footer=False)
    assert (found.counts.recorded, found.counts.planned, found.counts.not_run) == (1, 10, 9)
    assert found.cut_off


def test_planned_cells_without_a_record_are_shown_as_not_run(records: Any) -> None:
    here = records.cell(Outcome.PASSED)
    axes = Axes(
        tensorflow="2.15.1",
        install=InstallPolicy.AS_RELEASED,
        keras=KerasChoice.DEFAULT,
        model="bert-en/3",
        format=SaveFormat.KERAS,
        device=Device.CPU,
    )
    planned = (Cell(id=here.id, axes=axes, environment="env-0"), Cell(id="later", axes=axes, environment="env-0"))
    found = records.view({}, planned, planned=2, footer=False)
    assert [(cell.id, cell.verdict) for cell in found.cells] == [(here.id, CellVerdict.WORKS), ("later", CellVerdict.NOT_RUN)]
    assert (found.counts.recorded, found.counts.not_run) == (1, 1)


def test_an_unavailable_cell_breaks_a_range_and_is_never_a_failure(records: Any) -> None:
    records.cell(Outcome.PASSED, tensorflow="2.8.4")
    records.cell(tensorflow="2.9.3", status=Status.UNAVAILABLE, trouble="network", message="no network")
    records.cell(Outcome.PASSED, tensorflow="2.10.1")
    found = records.view({})
    (track,) = found.models[0].tracks
    assert [(span.verdict.value, span.first, span.last) for span in track.spans] == [
        ("works", "2.8.4", "2.8.4"),
        ("unavailable", "2.9.3", "2.9.3"),
        ("works", "2.10.1", "2.10.1"),
    ]
    assert found.counts.fails == 0
    assert [group.kind for group in found.messages] == [MessageKind.MACHINE]


def test_cells_without_a_model_say_nothing_of_any_model(records: Any) -> None:
    records.cell(Outcome.PASSED)
    records.cell(Outcome.FAILED, model="")
    found = records.view({})
    assert [(model.model, model.tracks[0].marks[0].verdict) for model in found.models] == [("bert-en/3", CellVerdict.WORKS)]
    assert found.without_model is not None
    assert found.without_model.tracks[0].marks[0].verdict is CellVerdict.FAILS
    assert [column.model for column in found.sections[0].columns] == ["", "bert-en/3"]


def test_what_to_install_is_the_newest_that_works_without_declared_failures(records: Any) -> None:
    records.cell(Outcome.PASSED, tensorflow="2.9.3")
    records.cell(Outcome.PASSED, CaseVerdict.AS_DECLARED, tensorflow="2.16.2")
    records.cell(Outcome.PASSED, tensorflow="2.10.1")
    records.cell(Outcome.PASSED, tensorflow="2.10.1", install="today")
    found = records.view({})
    chosen = found.models[0].install_instead
    assert chosen is not None
    assert (found.cells[chosen].axes.tensorflow, found.cells[chosen].axes.install) == ("2.10.1", InstallPolicy.TODAY)


def test_where_nothing_works_the_closest_is_named(records: Any) -> None:
    records.cell(Outcome.PASSED, Outcome.FAILED, Outcome.FAILED, tensorflow="2.16.2")
    records.cell(Outcome.PASSED, Outcome.PASSED, Outcome.FAILED, tensorflow="2.9.3")
    records.cell(Outcome.FAILED, tensorflow="2.8.4")
    (model,) = records.view({}).models
    assert model.install_instead is None
    assert model.closest is not None
    assert (model.closest.tensorflow, model.closest.passed, model.closest.cases) == ("2.9.3", 2, 3)


def test_messages_are_grouped_by_their_first_line(records: Any) -> None:
    for tensorflow in ("2.9.3", "2.10.1", "2.12.1"):
        ref = records.case("c", "e", Outcome.FAILED, message=f"ValueError: no\nat {tensorflow}")
        records.cell(Outcome.PASSED, tensorflow=tensorflow, refs=(ref,))
    records.cell(Outcome.PASSED, tensorflow="2.11.1")
    (group,) = records.view({}).messages
    assert (group.message, group.cells, group.versions) == ("ValueError: no", 3, 3)
    assert group.spans == (("2.9.3", "2.10.1"), ("2.12.1", "2.12.1"))


def test_an_empty_run_has_a_view(records: Any) -> None:
    found = records.view({}, planned=3, footer=False)
    assert (found.cells, found.models, found.counts.not_run) == ((), (), 3)


def test_a_model_works_for_everything_whatever_other_devices_say(records: Any) -> None:
    records.cell(Outcome.PASSED)
    records.cell(Outcome.FAILED, device="tpu-v5e", format="savedmodel")
    records.cell(status=Status.UNAVAILABLE, trouble="device", device="tpu", format="savedmodel")
    ((mark,),) = [track.marks for track in records.view({}).models[0].tracks]
    assert (mark.verdict, mark.cells) == (CellVerdict.WORKS, 1)


def test_a_run_on_chips_alone_is_about_them(records: Any) -> None:
    records.cell(Outcome.PASSED, device="tpu-v5e", format="savedmodel")
    ((mark,),) = [track.marks for track in records.view({}).models[0].tracks]
    assert (mark.verdict, mark.cells) == (CellVerdict.WORKS, 1)
