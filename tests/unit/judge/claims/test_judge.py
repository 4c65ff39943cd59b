"""Which outcome confirms what, and what several amount to."""

from __future__ import annotations

from typing import Any

import pytest

from harness.domain import Interface, Outcome
from harness.judge.claims import Answer, Binding, Claim, Document, Finding, TrueIf, judge
from harness.judge.claims.judge import confirms, together
from harness.judge.facts import NOTHING
from harness.matrix.selector import Context, Selector, compile_selector
from harness.results.format import CaseRef, CellRecord, EnvironmentRecord, Package
from harness.results.store import Run

CASE = "cases/test_a.py::test_a"
SAYS_SOMETHING = frozenset(Outcome) - {Outcome.ERROR, Outcome.SKIPPED, Outcome.NOT_RUN}


def binding(true_if: TrueIf = TrueIf.WORKS, *, when: str = "", **values: Any) -> Binding:
    return Binding(**{"case": CASE, **values}, true_if=true_if, when=compile_selector(when, Context.DECLARATION))


@pytest.mark.parametrize(
    ("outcome", "if_works", "if_fails", "if_fails_so"),
    [
        (Outcome.PASSED, True, False, False),
        (Outcome.FAILED, False, True, True),
        (Outcome.CRASHED, False, True, True),
        (Outcome.TIMED_OUT, False, True, True),
        (Outcome.ERROR, None, None, None),
        (Outcome.SKIPPED, None, None, None),
        (Outcome.NOT_RUN, None, None, None),
    ],
)
def test_what_an_outcome_says(outcome: Outcome, if_works: bool | None, if_fails: bool | None, if_fails_so: bool | None) -> None:
    seen = "ImportError: no layer"
    assert confirms(binding(TrueIf.WORKS), outcome, seen) is if_works
    assert confirms(binding(TrueIf.FAILS), outcome, seen) is if_fails
    assert confirms(binding(TrueIf.FAILS, message="ImportError"), outcome, seen) is if_fails_so


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CRASHED, Outcome.TIMED_OUT])
def test_a_failure_with_other_words_refutes_what_was_said_of_them(outcome: Outcome) -> None:
    assert confirms(binding(TrueIf.FAILS, message="ImportError"), outcome, "ValueError: Unknown layer") is False


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        ([], Answer.NOT_MEASURED),
        ([True, True], Answer.CONFIRMED),
        ([False], Answer.REFUTED),
        ([True, False, True], Answer.VARIES),
    ],
)
def test_several_together(found: list[bool], answer: Answer) -> None:
    assert together(found) is answer


class Records:
    """Gathers records into a run, and judges one claim by it."""

    def __init__(self, make: Any) -> None:
        self.make = make
        self.cases: list[Any] = []
        self.cells: list[CellRecord] = []
        self.environments: list[EnvironmentRecord] = []

    def cell(self, *records: dict[str, Any], **axes: Any) -> None:
        number = len(self.cells)
        values = self.make.axes(**axes)
        made = [
            self.make.case_record(**{"key": f"key-{number}-{place}", "cell": f"cell-{number}"} | one)
            for place, one in enumerate(records)
        ]
        self.cases += made
        self.cells.append(
            self.make.cell_record(
                id=f"cell-{number}",
                environment=f"tf-{values.tensorflow}-{values.install.value}",
                axes=values,
                cases=tuple(CaseRef(case=case, key=key) for case, key in dict.fromkeys((one.case, one.key) for one in made)),
            )
        )

    def judged(self, *bindings: Binding, when: str = "") -> Finding:
        claim = Claim(id="c", says="It works", when=compile_selector(when, Context.DECLARATION), cases=bindings)
        run = Run(
            header=self.make.header(),
            environments=tuple(self.environments),
            cases=tuple(self.cases),
            cells=tuple(self.cells),
            footer=None,
        )
        (finding,) = judge([Document(file="0.txt", title="Why?", claims=(claim,))], run, {"bert-en/3": Interface.DICT})
        return finding


@pytest.fixture
def records(make: Any) -> Records:
    return Records(make)


def test_a_claim_is_confirmed_by_every_result(records: Records) -> None:
    records.cell({}, tensorflow="2.15.1")
    records.cell({}, tensorflow="2.16.2")
    finding = records.judged(binding())
    assert finding.answer is Answer.CONFIRMED
    assert [(one.cell, one.axes.tensorflow, one.confirms) for one in finding.evidence] == [
        ("cell-0", "2.15.1", True),
        ("cell-1", "2.16.2", True),
    ]


def test_a_claim_varies_where_versions_differ(records: Records) -> None:
    records.cell({}, tensorflow="2.15.1")
    records.cell({"outcome": Outcome.FAILED, "message": "ValueError: no"}, tensorflow="2.16.2")
    finding = records.judged(binding())
    assert finding.answer is Answer.VARIES
    assert [(one.confirms, one.message) for one in finding.evidence] == [(True, ""), (False, "ValueError: no")]


def test_only_cells_that_the_claim_and_the_binding_speak_of(records: Records) -> None:
    records.cell({"outcome": Outcome.FAILED}, tensorflow="1.15.5")
    records.cell({}, tensorflow="2.16.2", model="bert-en/3")
    records.cell({"outcome": Outcome.FAILED}, tensorflow="2.16.2", model="bert-uncased/1")
    assert records.judged(binding()).answer is Answer.VARIES
    assert records.judged(binding(when="model=bert-en/3"), when="tensorflow>=2.0").answer is Answer.CONFIRMED
    assert records.judged(binding(), when="tensorflow>=2.20").answer is Answer.NOT_MEASURED


def test_a_result_that_several_cells_share_counts_once_an_environment(records: Records) -> None:
    shared = {"key": "k", "uses": {"model": "bert-en/3"}}
    records.cell(shared)
    records.cell(shared, model="bert-uncased/1")
    records.cell(shared, tensorflow="2.15.1")
    assert [(one.cell, one.model) for one in records.judged(binding()).evidence] == [
        ("cell-0", "bert-en/3"),
        ("cell-2", "bert-en/3"),
    ]


def test_a_case_that_uses_no_model_names_none(records: Records) -> None:
    records.cell({"uses": {}})
    assert [one.model for one in records.judged(binding()).evidence] == [""]


def test_variants(records: Records) -> None:
    variants = [{"key": "k", "variant": "int32"}, {"key": "k", "variant": "int64", "outcome": Outcome.FAILED}]
    records.cell(*variants)
    assert records.judged(binding()).answer is Answer.VARIES
    assert records.judged(binding(variant="int32")).answer is Answer.CONFIRMED
    assert records.judged(binding(TrueIf.FAILS, variant="int64"), binding(variant="int32")).answer is Answer.CONFIRMED


def test_several_cases(records: Records) -> None:
    other = "cases/test_b.py::test_b"
    records.cell({}, {"case": other, "outcome": Outcome.FAILED})
    assert records.judged(binding(), binding(TrueIf.FAILS, case=other)).answer is Answer.CONFIRMED
    assert records.judged(binding(), binding(case=other)).answer is Answer.VARIES


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - SAYS_SOMETHING))
def test_what_says_nothing_is_no_evidence(records: Records, outcome: Outcome) -> None:
    records.cell({"outcome": outcome})
    assert records.judged(binding()).answer is Answer.NOT_MEASURED


def test_a_case_that_was_not_run_and_one_that_no_cell_has(records: Records, make: Any) -> None:
    records.cells.append(make.cell_record(cases=(CaseRef(case=CASE, key=None), CaseRef(case=CASE, key="lost"))))
    assert records.judged(binding(), binding(case="cases/test_c.py::test_c")).evidence == ()


def test_no_case_at_all(records: Records) -> None:
    assert records.judged().answer is Answer.NOT_MEASURED
    assert judge([], Run(header=records.make.header(), environments=(), cases=(), cells=(), footer=None), {}) == ()


def test_a_selector_of_nothing_speaks_of_every_cell() -> None:
    assert Selector(text="")(NOTHING)


def test_conditions_over_what_was_installed(records: Records, make: Any) -> None:
    keras = (Package(name="keras", version="3.5.0"), Package(name="tensorflow-hub", version="0.16.1"))
    records.environments.append(make.environment_record(id="tf-2.16.2-as-released", python="3.11.7", packages=keras))
    records.cell({"variant": "int32"}, tensorflow="2.16.2")
    records.cell({"outcome": Outcome.FAILED}, tensorflow="2.15.1")
    for when in ("package(Keras)>=3", "hub=0.16 and python=3.11", "variant=int32", "interface=dict and not package(keras)<3"):
        expected = Answer.VARIES if when.startswith("interface") else Answer.CONFIRMED
        assert records.judged(binding(when=when)).answer is expected, when
    assert records.judged(binding(when="package(keras)<3")).answer is Answer.NOT_MEASURED
