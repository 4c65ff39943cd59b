"""Claims as the report shows them: in which versions, in whose words, and where to look."""

from __future__ import annotations

from typing import Any

import pytest

from harness.domain import Device, InstallPolicy, Outcome
from harness.judge.claims import Answer, Binding, Claim, ClaimsDocument, Finding, Need, TrueIf, judge
from harness.matrix.selector import compile_selector
from harness.report import html, jsonview, markdown, wording
from harness.report.claims import documents, phrase
from harness.report.document import ClaimView
from harness.report.phrase import scale

CASE = "cases/test_a.py::test_a"
YES, NO, BOTH, NONE = Answer.CONFIRMED, Answer.REFUTED, Answer.PARTLY, Answer.NOT_MEASURED
VERSIONS = ("2.13.1", "2.14.1", "2.15.1", "2.16.2", "2.17.1")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ((YES, YES, YES, YES, YES), "confirmed in every version tried"),
        ((NO, NO, NO, NO, NO), "refuted in every version tried"),
        ((YES, YES, YES, NO, NO), "confirmed 2.13–2.15; refuted from 2.16"),
        ((NONE, YES, YES, NONE, YES), "confirmed in every version tried, 2.14–2.15, 2.17"),
        ((YES, YES, NONE, YES, NO), "confirmed 2.13–2.14, 2.16; refuted in 2.17"),
        ((BOTH, BOTH, BOTH, BOTH, BOTH), "holds in part in every version tried"),
        ((NONE, NONE, NO, NONE, NONE), "refuted in 2.15"),
        ((BOTH, BOTH, BOTH, BOTH, NO), "refuted in 2.17; holds in part 2.13–2.16"),
        ((NONE, NONE, NONE, NONE, NONE), "not measured"),
    ],
)
def test_phrase(answers: tuple[Answer, ...], words: str) -> None:
    assert phrase(answers, scale(VERSIONS)) == words


def claim(**values: Any) -> Claim:
    known = {"id": "c", "says": "It works", "when": compile_selector(""), "cases": (binding(),)}
    return Claim(**(known | values))


def binding(true_if: TrueIf = TrueIf.WORKS, **values: Any) -> Binding:
    return Binding(case=CASE, true_if=true_if, when=compile_selector(""), **values)


def judged(records: Any, *claims: Claim) -> tuple[Finding, ...]:
    return judge([ClaimsDocument(file="0.txt", title="Why?", claims=claims or (claim(),))], records.run(), {})


def measure(records: Any, tensorflow: str, outcome: Outcome, message: str = "", **values: Any) -> None:
    ref = records.case(f"cell-{len(records.cells)}", "env", outcome, case=CASE, message=message, uses={"model": "bert-en/3"})
    records.cell(tensorflow=tensorflow, refs=(ref,), **values)


def shown(records: Any, *claims: Claim) -> ClaimView:
    found = documents(judged(records, *claims), VERSIONS, {CASE: "It does"})
    return found[0].claims[0]


def test_what_was_seen_is_told_in_its_own_words_refutations_first(records: Any) -> None:
    measure(records, "2.13.1", Outcome.PASSED)
    measure(records, "2.15.1", Outcome.PASSED)
    measure(records, "2.16.2", Outcome.FAILED, "ValueError: no\nat line 3")
    measure(records, "2.17.1", Outcome.FAILED, "ValueError: no\nat line 4", install="today")
    one = shown(records)
    assert one.answer is Answer.VARIES
    assert [(proof.confirms, proof.message, proof.spans, proof.results, proof.cell) for proof in one.proofs] == [
        (False, "ValueError: no", (("2.16.2", "2.17.1"),), 2, "cell-3"),
        (True, "", (("2.13.1", "2.13.1"), ("2.15.1", "2.15.1")), 2, "cell-1"),
    ]
    first, _ = one.proofs
    assert (first.title, first.models, first.installs) == (
        "It does",
        ("bert-en/3",),
        (InstallPolicy.AS_RELEASED, InstallPolicy.TODAY),
    )


def test_a_track_for_each_way_to_install(records: Any) -> None:
    measure(records, "2.16.2", Outcome.FAILED, "ValueError: no")
    measure(records, "2.16.2", Outcome.PASSED, keras="legacy")
    measure(records, "2.17.1", Outcome.PASSED, keras="legacy")
    one = shown(records)
    assert [(track.keras.value, track.phrase, track.cells[3:]) for track in one.tracks] == [
        ("default", "refuted in 2.16", ("cell-0", "")),
        ("legacy", "confirmed in every version tried, 2.16–2.17", ("cell-1", "cell-2")),
    ]
    assert wording.of_claim(one) == (
        ("refuted in 2.16", "as released, default Keras"),
        ("confirmed in every version tried, 2.16–2.17", "as released, legacy Keras"),
    )


def test_one_phrase_needs_no_place(records: Any) -> None:
    measure(records, "2.16.2", Outcome.PASSED)
    measure(records, "2.16.2", Outcome.PASSED, keras="legacy")
    assert wording.of_claim(shown(records)) == (("confirmed in 2.16", ""),)


def test_the_cell_to_open_is_one_that_refutes(records: Any) -> None:
    measure(records, "2.16.2", Outcome.PASSED)
    measure(records, "2.16.2", Outcome.FAILED, "no", model="electra/2")
    (track,) = shown(records).tracks
    assert (track.answers[3], track.cells[3], track.phrase) == (Answer.PARTLY, "cell-1", "holds in part in 2.16")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"needs": Need.TPU, "cases": ()}, "needs a TPU, and no cell has one"),
        ({}, "its cases have no result in this run"),
        ({"when": compile_selector("model=bert-en/1")}, "no cell of this run is model=bert-en/1"),
    ],
)
def test_why_a_claim_is_not_measured(records: Any, values: dict[str, Any], why: str) -> None:
    records.cell(Outcome.PASSED)
    one = shown(records, claim(**values))
    assert (one.answer, one.why, one.tracks, one.proofs) == (Answer.NOT_MEASURED, why, (), ())


HOSTILE = "</script><img src=x onerror=alert(1)>|`x`\x1b[31m\u202e"


def test_hostile_words_stay_words(records: Any) -> None:
    measure(records, "2.16.2", Outcome.FAILED, HOSTILE)
    findings = judged(records, claim(says=HOSTILE))
    found = records.view({CASE: HOSTILE}, findings=findings)
    page, text = html.render(found), markdown.render(found)
    assert "<img" not in page
    assert "\x1b" not in page + text
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    row = next(line for line in text.splitlines() if "refuted" in line)
    assert row.replace(r"\|", "").count("|") == 5


def test_what_was_seen_on_a_device_of_its_own_names_it(records: Any) -> None:
    measure(records, "2.16.2", Outcome.PASSED, device="mirrored-2")
    measure(records, "2.16.2", Outcome.FAILED, device="xla-cpu")
    assert [proof.devices for proof in shown(records).proofs] == [(), (Device.MIRRORED_2,)]
    page = html.render(records.view({}, findings=judged(records)))
    assert '<span class="tag">mirrored-2</span>' in page


CPUS = "two CPUs, in place of a <TPU>"


def test_what_stood_in_for_what_a_document_speaks_of_is_said_beside_the_answer(records: Any) -> None:
    measure(records, "2.16.2", Outcome.PASSED)
    measure(records, "2.17.1", Outcome.FAILED, "no")
    findings = judged(records, claim(measured_on=CPUS))
    (document,) = documents(findings, VERSIONS, {})
    (one,) = document.claims
    assert one.measured_on == (CPUS,)
    assert [proof.measured_on for proof in one.proofs] == [CPUS, CPUS]
    assert wording.measured_on(one) == f"measured on {CPUS}"
    found = records.view({}, findings=findings)
    assert "measured on two CPUs, in place of a &lt;TPU&gt;" in html.render(found)
    assert "measured on two CPUs, in place of a" in markdown.render(found)
    assert '"measured_on":["two CPUs, in place of a <TPU>"]' in jsonview.render(found)


def test_nothing_stood_in(records: Any) -> None:
    measure(records, "2.16.2", Outcome.PASSED)
    one = shown(records)
    assert (one.measured_on, wording.measured_on(one)) == ((), "")
    assert "measured on" not in html.render(records.view({}, findings=judged(records)))


def test_a_mix_that_stays_is_drawn_as_part(records: Any) -> None:
    measure(records, "2.16.2", Outcome.PASSED)
    measure(records, "2.16.2", Outcome.FAILED, "no", model="electra/2")
    found = records.view({}, findings=judged(records))
    assert '<li class="partly"' in html.render(found)
    assert "◐ holds in part" in markdown.render(found)


def test_each_answer_is_a_symbol_and_a_word() -> None:
    assert set(wording.ANSWERS) == set(Answer)
    assert len({symbol for symbol, _ in wording.ANSWERS.values()}) == len(Answer)


def test_the_page_links_to_the_cells(records: Any) -> None:
    measure(records, "2.16.2", Outcome.FAILED, "ValueError: no")
    page = html.render(records.view({}, findings=judged(records)))
    assert f'data-cell="0" data-case="{CASE}"' in page
    assert 'href="#claims"' in page
    assert "1 refuted." in page


def test_a_report_without_claims_has_no_such_part(records: Any) -> None:
    measure(records, "2.16.2", Outcome.PASSED)
    found = records.view({})
    assert 'id="claims"' not in html.render(found)
    assert "What documents say" not in markdown.render(found)
