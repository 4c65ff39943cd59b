"""Which sabotage touches which case, and what counts as noticed. No TensorFlow."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bench.right import RIGHT
from bench.sabotages import SABOTAGES, Observation, Observations, Reaction, Standing, judge, react
from harness import catalog
from harness.domain import Axis, Case, Interface, Outcome, Service, UserTask, Way

ROOT = Path(__file__).parents[3]
BY_NAME = {sabotage.name: sabotage for sabotage in SABOTAGES}
WEIGHTS, MISSING, YES = (BY_NAME[name] for name in ("other-weights", "missing-file", "compiler-says-yes"))
PASSED = Observation(outcome=Outcome.PASSED)
FAILED = Observation(outcome=Outcome.FAILED, signature="1-aaaa")
DECLARED = dataclasses.replace(FAILED, declared=True)


def case_of(name: str, *, uses: Axis | None = Axis.MODEL, service: Service | None = None, way: UserTask | None = None) -> Case:
    return Case(
        id=f"cases/{name}",
        title="",
        uses=frozenset([uses] if uses else []),
        formats=frozenset(),
        interfaces=frozenset({Interface.DICT}),
        digest="",
        services=frozenset([service] if service else []),
        way=Way(task=way, instead_of="", location="") if way else None,
    )


def seen(case: Case, observation: Observation, variant: str = "") -> Observations:
    return {(case.id, variant, "tf-2_15_1-as-released", ()): observation}


def touching(case: Case) -> set[str]:
    return {sabotage.name for sabotage in SABOTAGES if sabotage.touches(case)}


MODEL_FILES = {"other-weights", "outputs-swapped", "missing-file"}
TRAINING = {"gradients-stopped", "zero-gradients"}
FILES = {"save-other-weights", "save-old-weights", "read-other-weights"}


@pytest.mark.parametrize(
    ("case", "names"),
    [
        (case_of("encoding/test_a.py::test_b"), MODEL_FILES),
        (case_of("loading/test_a.py::test_b"), MODEL_FILES | {"other-vocabulary"}),
        (case_of("finetuning/test_a.py::test_b"), MODEL_FILES | TRAINING | FILES),
        (case_of("a_room_of_tomorrow/test_a.py::test_b"), MODEL_FILES | TRAINING | FILES),
        (case_of("saving/test_a.py::test_b", uses=None), {"zero-gradients"} | FILES),
        (case_of("fetching/test_a.py::test_b", uses=None), set()),
        (
            case_of("fetching/test_a.py::test_b", uses=None, service=Service.HUB_SERVER),
            {"server-without-faults", "server-other-model"},
        ),
        (
            case_of("compiling/test_a.py::test_b", service=Service.TPU_COMPILER),
            MODEL_FILES | {"gradients-stopped", "compiler-says-yes"},
        ),
    ],
)
def test_a_sabotage_touches_what_a_case_asks_for(case: Case, names: set[str]) -> None:
    assert touching(case) == names


def test_every_case_with_a_model_or_a_service_is_touched() -> None:
    cases = catalog.of_matrix(catalog.read_cases(ROOT / "cases"))
    untouched = [case.id for case in cases if (case.uses & {Axis.MODEL} or case.services) and not touching(case)]
    assert untouched == []


def test_another_outcome_and_another_failure_are_noticed() -> None:
    case = case_of("encoding/test_a.py::test_b")
    other = dataclasses.replace(FAILED, signature="1-bbbb")
    pairs = [(PASSED, FAILED), (FAILED, PASSED), (FAILED, other), (PASSED, PASSED), (FAILED, FAILED)]
    reactions = [react(seen(case, before), seen(case, after))[case.id] for before, after in pairs]
    assert reactions == [Reaction.NOTICED, Reaction.NOTICED, Reaction.NOTICED, Reaction.GREEN, Reaction.GREEN]


def test_one_variant_that_notices_is_enough() -> None:
    case = case_of("encoding/test_a.py::test_b")
    before = {**seen(case, PASSED, "x"), **seen(case, PASSED, "y")}
    assert react(before, {**seen(case, FAILED, "x"), **seen(case, PASSED, "y")}) == {case.id: Reaction.NOTICED}
    assert react(before, {**seen(case, PASSED, "x"), **seen(case, FAILED, "y")}) == {case.id: Reaction.NOTICED}


def test_what_did_not_run_says_nothing() -> None:
    case = case_of("encoding/test_a.py::test_b")
    skipped = Observation(outcome=Outcome.SKIPPED)
    assert react(seen(case, skipped), seen(case, PASSED)) == {case.id: Reaction.UNKNOWN}
    assert react(seen(case, PASSED), {}) == {case.id: Reaction.UNKNOWN}


@pytest.mark.parametrize(
    ("before", "quiet", "loud", "standing"),
    [
        (PASSED, FAILED, FAILED, Standing.NOTICES),
        (PASSED, PASSED, FAILED, Standing.ONLY_LOUD),
        (PASSED, PASSED, PASSED, Standing.GREEN),
        (DECLARED, DECLARED, PASSED, Standing.DECLARED),
        (FAILED, FAILED, PASSED, Standing.ONLY_LOUD),
        (Observation(outcome=Outcome.NOT_APPLICABLE), FAILED, FAILED, Standing.NOT_RUN),
    ],
)
def test_a_case_stands_as_the_quiet_sabotages_say(
    before: Observation, quiet: Observation, loud: Observation, standing: Standing
) -> None:
    case = case_of("encoding/test_a.py::test_b", way=UserTask.ENCODE)
    findings = judge([case], seen(case, before), {WEIGHTS: seen(case, quiet), MISSING: seen(case, loud)}, {})
    assert findings.rows[0].standing is standing
    suspect = standing in (Standing.ONLY_LOUD, Standing.GREEN)
    assert findings.unexplained == ((case.id,) if suspect else ())


def test_the_way_to_do_a_task_has_to_notice_when_it_is_taken_away() -> None:
    way, other = (
        case_of(f"encoding/test_a.py::{name}", way=task) for name, task in (("test_b", UserTask.ENCODE), ("test_c", None))
    )
    before = {**seen(way, PASSED), **seen(other, PASSED)}
    after = {WEIGHTS: {**seen(way, PASSED), **seen(other, PASSED)}, MISSING: {**seen(way, FAILED), **seen(other, FAILED)}}
    assert judge([way, other], before, after, {}).unshaken == ((way.id, "other-weights"),)
    assert judge([way], seen(way, DECLARED), {WEIGHTS: seen(way, DECLARED)}, {}).unshaken == ()


def test_every_task_that_a_case_does_is_taken_away_by_some_sabotage() -> None:
    cases = catalog.of_matrix(catalog.read_cases(ROOT / "cases"))
    ways = [case for case in cases if case.way]
    assert ways
    unshakable = [case.id for case in ways if not any(case.way and case.way.task in s.tasks and s.touches(case) for s in SABOTAGES)]
    assert unshakable == []


def test_what_no_sabotage_touches_is_suspect_too() -> None:
    case = case_of("loading/test_a.py::test_b", uses=None)
    findings = judge([case], seen(case, PASSED), {WEIGHTS: {}}, {})
    assert findings.rows[0].standing is Standing.UNTOUCHED
    assert findings.unexplained == (case.id,)


def test_a_reason_explains_and_one_that_is_not_needed_is_an_error() -> None:
    case = case_of("compiling/test_a.py::test_b", service=Service.TPU_COMPILER)
    green = judge([case], seen(case, PASSED), {YES: seen(case, PASSED)}, {case.id: "it is about words"})
    assert (green.unexplained, green.outdated) == ((), ())
    noticed = judge([case], seen(case, PASSED), {YES: seen(case, FAILED)}, {case.id: "it is about words", "cases/other": "not run"})
    assert (noticed.unexplained, noticed.outdated) == ((), (case.id,))


def test_every_reason_is_about_a_case_that_is_there() -> None:
    cases = {case.id for case in catalog.of_matrix(catalog.read_cases(ROOT / "cases"))}
    assert sorted(RIGHT.keys() - cases) == []
    assert all(reason.strip() for reason in RIGHT.values())
