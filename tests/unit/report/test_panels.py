"""How the ways are laid out: what is a table, what is a sentence."""

from __future__ import annotations

from typing import Any

from harness.domain import Outcome, Status
from harness.report import html, markdown, wording
from harness.report.panels import idle, panels, tracks
from harness.results.format import CaseRef

CASE = "cases/loading/test_load.py::test_load"


def broken(records: Any, tensorflow: str, message: str = "no pkg_resources", **axes: Any) -> None:
    values = {"status": Status.IMPORT_FAILED, "message": message}
    refs = (CaseRef(case=CASE, key=None),)
    records.cell(tensorflow=tensorflow, status=Status.IMPORT_FAILED, environment=values, refs=refs, **axes)


def works(records: Any, tensorflow: str, **axes: Any) -> None:
    ref = records.case(f"cell-{len(records.cells)}", "e", Outcome.PASSED, case=CASE)
    records.cell(tensorflow=tensorflow, refs=(ref,), **axes)


def test_where_nothing_runs_a_sentence_stands_for_the_tables(records: Any) -> None:
    works(records, "2.15.1")
    for tensorflow in ("2.15.1", "2.16.2"):
        broken(records, tensorflow, install="today")
    broken(records, "2.16.2", install="today", keras="legacy")
    found = records.view({})
    assert [panel.install.value for panel in panels(found)] == ["as-released"]
    (reason,) = idle(found)
    assert wording.reason(reason, wording.labels(found)) == "Today: nothing imports in 2.15–2.16:"
    assert "nothing imports in 2.15–2.16:</span>" in html.render(found)
    assert "- Today: nothing imports in 2.15–2.16: `no pkg_resources`" in markdown.render(found)


def test_a_reason_names_the_keras_that_it_is_of_where_another_runs(records: Any) -> None:
    broken(records, "2.16.2")
    works(records, "2.15.1")
    works(records, "2.16.2", keras="legacy")
    found = records.view({})
    (panel,) = panels(found)
    assert [way.keras.value for way in panel.installed] == ["default", "legacy"]
    said = [wording.reason(one, wording.labels(found)) for one in panel.reasons]
    assert said == ["As released, default Keras: doesn’t import in 2.16:"]


def test_tensorflow_text_has_lines_and_reasons_of_its_own(records: Any) -> None:
    works(records, "2.15.1", model="preprocess/3")
    works(records, "2.15.1", model="preprocess/3", text="with")
    works(records, "2.16.2", model="preprocess/3")
    broken(records, "2.16.2", model="preprocess/3", text="with")
    found = records.view({CASE: "It loads"})
    (panel,) = panels(found)
    assert [way.text.value for way in panel.installed] == ["without", "with"]
    said = [wording.reason(one, wording.labels(found)) for one in panel.reasons]
    assert said == ["As released, default Keras, with tensorflow-text: doesn’t import in 2.16:"]
    assert "| Loading | as released, default Keras | as released, default Keras, with tensorflow-text |" in markdown.render(found)
    page = html.render(found)
    assert "<b>with tensorflow-text</b>" in page
    assert page.count("As released, default Keras, with tensorflow-text: TensorFlow versions down") == 1


def test_tracks_are_numbered_through_all_panels(every: Any) -> None:
    found = panels(every.view({}))
    firsts = [(line.first, len(line.tracks)) for panel in found for group in panel.groups for line in group.lines]
    assert [first for first, _ in firsts] == [sum(count for _, count in firsts[:place]) for place in range(len(firsts))]
    assert len(list(tracks(found))) == sum(count for _, count in firsts)


def test_markdown_has_a_phrase_for_each_way_to_install(records: Any) -> None:
    works(records, "2.15.1")
    works(records, "2.15.1", install="today")
    text = markdown.render(records.view({CASE: "It loads"}))
    assert "| Loading | as released, default Keras | today, default Keras |" in text
    assert "| `It loads` | works in 2.15 | works in 2.15 |" in text


def test_only_what_works_is_said_to() -> None:
    assert wording.phrase_parts("works in none") == (("works in none", False),)
    assert wording.phrase_parts("works 2.0–2.1; fails in 2.2") == (("works 2.0\u2060–\u20602.1", True), ("fails in 2.2", False))


def test_the_page_and_its_style_sheet_have_the_same_symbols(every: Any) -> None:
    """Symbols and names are in the style sheet too, as generated content, and the names in the script."""
    page = html.render(every.view({}))
    for state, (symbol, name) in wording.STATES.items():
        assert f'.ways .{html.STATES[state]}::before {{ content: "{symbol}" / "{name}"; }}' in page
        assert f'{html.STATES[state]}: "{name}"' in page


def test_missing_hardware_is_no_reason_why_a_version_could_not_be_tried(records: Any) -> None:
    gone = {"status": Status.UNAVAILABLE, "trouble": "device", "message": "no TPU here"}
    records.cell(tensorflow="2.15.1", device="tpu", format="savedmodel", refs=(CaseRef(case=CASE, key=None),), **gone)
    works(records, "2.16.2")
    found = records.view({})
    assert (idle(found), found.blocked) == ((), ())
    assert [panel.reasons for panel in panels(found)] == [()]
