"""Which outcome confirms what, and what several amount to."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from harness.domain import InstallPolicy, Interface, KerasChoice, Outcome
from harness.judge.claims import Answer, Binding, Claim, ClaimsDocument, Finding, TrueIf, judge
from harness.judge.claims.judge import combined_answer, confirms
from harness.judge.facts import NO_FACTS
from harness.judge.outcomes import CaseJudgement, CaseVerdict, Judgements, record_id
from harness.matrix.selector import Context, Selector, compile_selector
from harness.results.format import CaseRef, Cause, CellRecord, EnvironmentRecord, FailureRecord, Package
from harness.results.run import Run

CASE = "cases/test_a.py::test_a"
SAYS_SOMETHING = frozenset(Outcome) - {Outcome.ERROR, Outcome.SKIPPED, Outcome.NOT_APPLICABLE, Outcome.NOT_RUN}


def binding(true_if: TrueIf = TrueIf.WORKS, *, when: str = "", **values: Any) -> Binding:
    return Binding(**{"case": CASE, **values}, true_if=true_if, when=compile_selector(when, Context.DECLARATION))


def failure(*kinds: str, message: str = "", cause: str = "") -> FailureRecord:
    raised = tuple(f"builtins.{kind}" for kind in kinds)
    return FailureRecord(kinds=raised, message=message, cause=Cause(kinds=raised, message=cause or message), signature="1-x")


IMPORT = failure("ImportError", "Exception", message="while loading", cause="no layer Scale")
W, F = TrueIf.WORKS, TrueIf.FAILS


@pytest.mark.parametrize(
    ("outcome", "if_works", "if_fails_so", "if_fails_otherwise"),
    [
        (Outcome.PASSED, True, False, False),
        (Outcome.FAILED, False, True, False),
        (Outcome.CRASHED, False, None, None),
        (Outcome.TIMED_OUT, False, None, None),
        (Outcome.ERROR, None, None, None),
        (Outcome.SKIPPED, None, None, None),
        (Outcome.NOT_APPLICABLE, None, None, None),
        (Outcome.NOT_RUN, None, None, None),
    ],
)
def test_what_an_outcome_says(
    make: Any, outcome: Outcome, if_works: bool | None, if_fails_so: bool | None, if_fails_otherwise: bool | None
) -> None:
    record = make.case_record(outcome=outcome, message="no layer Scale", failure=IMPORT)
    assert confirms(binding(W), record) is if_works
    assert confirms(binding(F, match="no layer"), record) is if_fails_so
    assert confirms(binding(F, match="no file"), record) is if_fails_otherwise


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ({"match": "no layer .cale"}, True),
        ({"match": "while loading"}, True),
        ({"match": "no layer", "raises": ("ImportError",)}, True),
        ({"match": "no layer", "raises": ("OSError", "Exception")}, True),
        ({"match": "no layer", "raises": ("OSError",)}, False),
        ({"match": "^layer", "raises": ("ImportError",)}, False),
    ],
)
def test_a_failure_confirms_by_its_words_and_its_class(make: Any, values: dict[str, Any], answer: bool) -> None:
    assert confirms(binding(F, **values), make.case_record(outcome=Outcome.FAILED, failure=IMPORT)) is answer


@pytest.mark.parametrize("outcome", [Outcome.CRASHED, Outcome.TIMED_OUT])
@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ({"match": "SIG"}, None),
        ({"match": "SIG", "raises": ("ImportError",)}, None),
        ({"match": "SIG", "raises": ("crashed", "timed_out")}, True),
        ({"match": "memory", "raises": ("crashed", "timed_out")}, None),
    ],
)
def test_an_end_confirms_only_where_it_is_named(make: Any, outcome: Outcome, values: dict[str, Any], answer: bool | None) -> None:
    assert confirms(binding(F, **values), make.case_record(outcome=outcome, message="SIGSEGV")) is answer


def test_a_failure_that_the_case_does_not_declare_is_evidence_by_its_words_alone(make: Any) -> None:
    record = make.case_record(outcome=Outcome.FAILED, failure=IMPORT)
    otherwise = CaseVerdict.FAILED_OTHERWISE
    assert confirms(binding(W), record, CaseVerdict.AS_DECLARED) is False
    assert confirms(binding(W), record, otherwise) is None
    assert confirms(binding(W, match="no layer"), record, otherwise) is False
    assert confirms(binding(F, match="no layer"), record, otherwise) is True
    assert confirms(binding(F, match="no file"), record, otherwise) is None
    assert confirms(binding(F, match="no file"), record, CaseVerdict.AS_DECLARED) is False


def test_a_case_that_has_to_work_is_refuted_by_the_failure_that_is_meant(make: Any) -> None:
    record = make.case_record(outcome=Outcome.FAILED, failure=IMPORT)
    assert confirms(binding(W, match="no layer"), record) is False
    assert confirms(binding(W, match="no file"), record) is None


@pytest.mark.parametrize(
    ("found", "answer"),
    [
        ([], Answer.NOT_MEASURED),
        ([True, True], Answer.CONFIRMED),
        ([False], Answer.REFUTED),
        ([True, False, True], Answer.PARTLY),
    ],
)
def test_several_together(found: list[bool], answer: Answer) -> None:
    assert combined_answer(found) is answer


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

    def judged(
        self, *bindings: Binding, when: str = "", measured_on: str = "", judgements: Judgements = MappingProxyType({})
    ) -> Finding:
        condition = compile_selector(when, Context.DECLARATION)
        claim = Claim(id="c", says="It works", when=condition, cases=bindings, measured_on=measured_on)
        run = Run(
            header=self.make.header(),
            environments=tuple(self.environments),
            cases=tuple(self.cases),
            cells=tuple(self.cells),
            footer=None,
        )
        (finding,) = judge(
            [ClaimsDocument(file="0.txt", title="Why?", claims=(claim,))], run, {"bert-en/3": Interface.DICT}, judgements
        )
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
    variants = [{"key": "k", "variant": "int32"}, {"key": "k", "variant": "int64", "outcome": Outcome.FAILED, "message": "no"}]
    records.cell(*variants)
    assert records.judged(binding()).answer is Answer.PARTLY
    assert records.judged(binding(variant="int32")).answer is Answer.CONFIRMED
    assert records.judged(binding(TrueIf.FAILS, variant="int64", match="no"), binding(variant="int32")).answer is Answer.CONFIRMED


def test_several_cases(records: Records) -> None:
    other = "cases/test_b.py::test_b"
    records.cell({}, {"case": other, "outcome": Outcome.FAILED, "message": "no"})
    assert records.judged(binding(), binding(TrueIf.FAILS, case=other, match="no")).answer is Answer.CONFIRMED
    assert records.judged(binding(), binding(case=other)).answer is Answer.PARTLY


BAD: dict[str, Any] = {"outcome": Outcome.FAILED, "message": "no"}
FIRST, SECOND = {"uses": {"model": "bert-en/2"}}, {"uses": {"model": "bert-en/3"}}


def test_what_is_mixed_alike_in_every_version_holds_in_part(records: Records) -> None:
    for tensorflow in ("2.15.1", "2.16.2"):
        records.cell(FIRST, SECOND | BAD, tensorflow=tensorflow)
    assert records.judged(binding()).answer is Answer.PARTLY


def test_a_mix_that_changes_over_versions_varies(records: Records) -> None:
    records.cell(FIRST, SECOND | BAD, tensorflow="2.15.1")
    records.cell(FIRST | BAD, SECOND, tensorflow="2.16.2")
    assert records.judged(binding()).answer is Answer.VARIES


def test_a_version_where_all_is_well_beside_a_mixed_one_varies(records: Records) -> None:
    records.cell(FIRST, SECOND | BAD, tensorflow="2.15.1")
    records.cell(FIRST, tensorflow="2.16.2")
    assert records.judged(binding()).answer is Answer.VARIES


def test_ways_to_install_that_differ_alike_in_every_version_hold_in_part(records: Records) -> None:
    for tensorflow in ("2.15.1", "2.16.2"):
        records.cell({}, tensorflow=tensorflow)
        records.cell(BAD, tensorflow=tensorflow, install=InstallPolicy.TODAY)
    assert records.judged(binding()).answer is Answer.PARTLY


def test_a_way_to_install_that_newer_versions_alone_have_is_no_change(records: Records) -> None:
    records.cell({}, tensorflow="2.15.1")
    records.cell({}, tensorflow="2.16.2")
    records.cell(BAD, tensorflow="2.16.2", keras=KerasChoice.LEGACY)
    assert records.judged(binding()).answer is Answer.PARTLY


def test_what_it_was_measured_on_is_the_bindings_word_before_the_claims(records: Records) -> None:
    other = "cases/test_b.py::test_b"
    records.cell({}, {"case": other})
    finding = records.judged(binding(), binding(case=other, measured_on="a chip"), measured_on="two CPUs")
    assert [item.measured_on for item in finding.evidence] == ["two CPUs", "a chip"]


def test_the_verdict_on_a_case_is_heard(records: Records) -> None:
    records.cell(BAD)
    (record,) = records.cases
    otherwise = {record_id(record): CaseJudgement(verdict=CaseVerdict.FAILED_OTHERWISE)}
    assert records.judged(binding()).answer is Answer.REFUTED
    assert records.judged(binding(), judgements=otherwise).answer is Answer.NOT_MEASURED
    assert records.judged(binding(TrueIf.FAILS, match="no"), judgements=otherwise).answer is Answer.CONFIRMED


def test_whether_a_run_has_cells_that_a_claim_speaks_of(records: Records) -> None:
    records.cell({"outcome": Outcome.SKIPPED}, tensorflow="2.16.2")
    assert records.judged(binding(), when="tensorflow>=2.0").concerns_run
    assert not records.judged(binding(), when="tensorflow<2").concerns_run


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
    assert Selector(text="")(NO_FACTS)


def test_conditions_over_what_was_installed(records: Records, make: Any) -> None:
    keras = (Package(name="keras", version="3.5.0"), Package(name="tensorflow-hub", version="0.16.1"))
    records.environments.append(make.environment_record(id="tf-2.16.2-as-released", python="3.11.7", packages=keras))
    records.cell({"variant": "int32"}, tensorflow="2.16.2")
    records.cell({"outcome": Outcome.FAILED}, tensorflow="2.15.1")
    for when in ("package(Keras)>=3", "hub=0.16 and python=3.11", "variant=int32", "interface=dict and not package(keras)<3"):
        expected = Answer.VARIES if when.startswith("interface") else Answer.CONFIRMED
        assert records.judged(binding(when=when)).answer is expected, when
    assert records.judged(binding(when="package(keras)<3")).answer is Answer.NOT_MEASURED
