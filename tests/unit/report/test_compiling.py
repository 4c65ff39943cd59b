"""Programs for TPU: what is one, what became of it, which figures are told, and whether its results can be trusted."""

from __future__ import annotations

from typing import Any

import pytest

from harness.domain import Outcome, Status
from harness.judge.outcomes import CaseVerdict
from harness.report import html, jsonview, markdown, wording_tpu
from harness.report.document import Fate, Figures, Program, View
from harness.report.figures import figure

CASE = "cases/compiling/test_forward.py::test_forward"
HOSTILE = "</script><img src=x onerror=alert(1)>"


def compile_(
    records: Any,
    tensorflow: str,
    outcome: Outcome = Outcome.PASSED,
    message: str = "",
    measured: dict[str, float] | None = None,
    case: str = CASE,
    device: str = "tpu-v5e",
    **axes: Any,
) -> None:
    cell = f"cell-{len(records.cells)}"
    uses = {"model": axes.get("model", "bert-en/3"), "device": device}
    ref = records.case(cell, "e", outcome, case=case, uses=uses, message=message, measured=measured or {})
    records.cell(tensorflow=tensorflow, refs=(ref,), device=device, format="savedmodel", **axes)


def programs(found: View) -> tuple[Program, ...]:
    return found.compiling.programs


def fates(program: Program) -> list[Fate | None]:
    return [one.fate if one else None for one in program.compiles]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("code_bytes", ("", "code_bytes")),
        ("sgd_code_bytes", ("sgd", "code_bytes")),
        ("batch 8: flops", ("batch 8", "flops")),
        ("drift_own_xla", None),
        ("code_bytes_of", None),
    ],
)
def test_names_of_figures(name: str, found: tuple[str, str] | None) -> None:
    assert figure(name) == found


def test_a_program_has_a_place_for_each_version(records: Any) -> None:
    compile_(records, "2.13.1", measured={"code_bytes": 603136.0, "compile_seconds": 0.5})
    compile_(records, "2.14.1", CaseVerdict.AS_DECLARED, "conftest.Refused: RESOURCE_EXHAUSTED: too much")
    compile_(records, "2.15.1", Outcome.FAILED, "Died: crashed: SIGABRT")
    compile_(records, "2.16.2", Outcome.FAILED, "ValueError: not compilable")
    (one,) = programs(records.view({CASE: "It compiles"}))
    assert fates(one) == [Fate.COMPILED, Fate.REFUSED, Fate.DIED, Fate.NO_PROGRAM]
    assert [mark.message for mark in one.compiles if mark] == [
        "",
        "RESOURCE_EXHAUSTED: too much",
        "crashed: SIGABRT",
        "ValueError: not compilable",
    ]
    assert (one.title, one.model, one.chip.value, one.note) == ("It compiles", "bert-en/3", "tpu-v5e", "")
    assert one.phrase == "compiles in 2.13; refused in 2.14; ends the compiler in 2.15; fails before there is a program in 2.16"


def test_a_program_that_compiles_is_compiled_though_its_case_fails(records: Any) -> None:
    compile_(records, "2.15.1", Outcome.FAILED, "AssertionError: 1e-3 apart", measured={"code_bytes": 1.0})
    (one,) = programs(records.view({}))
    assert fates(one) == [Fate.COMPILED]


def test_a_case_that_checks_something_else_is_no_program_that_fails(records: Any) -> None:
    compile_(records, "2.8.4", Outcome.FAILED, "AssertionError: max abs difference 0.5", {"drift_own_xla": 0.5})
    assert programs(records.view({})) == ()


def test_the_notes_of_a_case_are_programs_of_their_own(records: Any) -> None:
    compile_(records, "2.14.1", Outcome.ERROR, "AttributeError: no such")
    compile_(records, "2.15.1", measured={"sgd_code_bytes": 1.0, "adam_code_bytes": 2.0})
    sgd, adam = sorted(programs(records.view({})), key=lambda one: one.note, reverse=True)
    assert (sgd.note, adam.note) == ("sgd", "adam")
    assert fates(sgd) == fates(adam) == [Fate.NO_PROGRAM, Fate.COMPILED]
    assert [mark.figures.code_bytes for one in (sgd, adam) for mark in one.compiles if mark and mark.figures] == [1.0, 2.0]


def test_models_and_chips_are_programs_of_their_own_in_the_order_of_the_axis(records: Any) -> None:
    for device, model in (("tpu-7x", "bert-en/3"), ("tpu-v2", "bert-en/3"), ("tpu-v2", "albert/3")):
        compile_(records, "2.15.1", measured={"code_bytes": 1.0}, device=device, model=model)
    found = [(one.model, one.chip.value) for one in programs(records.view({}))]
    assert found == [("albert/3", "tpu-v2"), ("bert-en/3", "tpu-v2"), ("bert-en/3", "tpu-7x")]


def test_a_case_that_only_passes_is_no_program(records: Any) -> None:
    compile_(records, "2.15.1")
    compile_(records, "2.16.2", Outcome.FAILED, "AssertionError")
    assert programs(records.view({})) == ()


def test_what_is_measured_on_other_devices_is_none(records: Any) -> None:
    compile_(records, "2.15.1", measured={"code_bytes": 1.0}, device="cpu")
    found = records.view({})
    assert programs(found) == ()
    assert [one.name for one in found.numbers] == ["code_bytes"]


def test_figures_are_in_no_other_table(records: Any) -> None:
    compile_(records, "2.15.1", measured={"code_bytes": 1.0, "drift_same_program": 1e-7})
    assert [one.name for one in records.view({}).numbers] == ["drift_same_program"]


def test_unavailable_and_broken_environments_say_nothing_of_a_program(records: Any) -> None:
    compile_(records, "2.13.1", measured={"code_bytes": 1.0})
    compile_(records, "2.14.1", Outcome.NOT_RUN, status=Status.UNAVAILABLE, trouble="network", message="no network")
    compile_(records, "2.15.1", Outcome.NOT_RUN, status=Status.IMPORT_FAILED, environment={"status": Status.IMPORT_FAILED})
    (one,) = programs(records.view({}))
    assert fates(one) == [Fate.COMPILED, Fate.UNAVAILABLE, Fate.BLOCKED]
    assert one.phrase == "compiles in 2.13"


def test_totals(records: Any) -> None:
    for seconds, tensorflow in ((0.4, "2.13.1"), (0.6, "2.14.1"), (3.0, "2.15.1"), (0.4, "2.16.2")):
        compile_(records, tensorflow, measured={"code_bytes": 1.0, "compile_seconds": seconds})
    compile_(records, "2.17.1", CaseVerdict.AS_DECLARED, "Refused: no")
    found = records.view({})
    totals = found.compiling.totals
    assert (totals.compiled, totals.refused, totals.died, totals.no_program, totals.distinct) == (4, 1, 0, 0, 3)
    assert totals.median_seconds == 0.6
    assert totals.worst is not None
    assert (totals.worst.seconds, found.versions[totals.worst.version]) == (3.0, "2.15.1")
    assert wording_tpu.totals(found) == (
        "4 programs compiled, 1 refused: each case under each TensorFlow counts, for each chip. "
        "A compile takes 0.6 s (median), 3 s at worst (bert-en/3, tpu-v5e, TensorFlow 2.15). "
        "1 of those that compiled are identical to another for that chip: 3 compiles were made."
    )


def test_the_same_figures_for_another_chip_are_another_compile(records: Any) -> None:
    for device in ("tpu-v4", "tpu-v5e"):
        compile_(records, "2.15.1", measured={"code_bytes": 1.0, "compile_seconds": 0.7}, device=device)
    assert records.view({}).compiling.totals.distinct == 2


def agree(records: Any, values: dict[str, tuple[float, float]]) -> View:
    for tensorflow, (own, same) in values.items():
        measured = {"drift_own_xla": own, "drift_same_program": same}
        compile_(records, tensorflow, measured=measured)
    return records.view({})


def test_what_the_own_xla_alone_gets_wrong(records: Any) -> None:
    values = {f"2.{minor}.0": (2e-7, 1e-7) for minor in range(5, 10)} | {"2.8.4": (3.1e-4, 1e-7), "2.4.4": (4.1e-4, 1e-7)}
    del values["2.8.0"]
    found = agree(records, values)
    (one,) = found.compiling.agreement
    assert one.own_apart == (True, False, False, False, True, False)
    assert True not in one.same_apart
    assert wording_tpu.agreement(one, found.versions) == (
        "Run by TensorFlow’s own XLA, a program’s results differ from eager TensorFlow’s by at most 2e-7, "
        "but by 3e-4 to 4e-4 in 2.4, 2.8.",
        "Run by the TPU compiler’s XLA, the same program’s results differ from eager TensorFlow’s by at most 1e-7.",
        "In 2.4, 2.8 the same program is right under another XLA: what TensorFlow would hand to a TPU is sound there, "
        "and its own compiler for the CPU is what differs.",
    )


def test_what_both_get_wrong_is_the_program(records: Any) -> None:
    values = {f"2.{minor}.0": (2e-7, 1e-7) for minor in range(5, 9)} | {"2.9.0": (1e-3, 1e-3)}
    found = agree(records, values)
    (one,) = found.compiling.agreement
    assert "In 2.9 both differ, so it is the program itself." in wording_tpu.agreement(one, found.versions)


def test_where_most_versions_differ_the_better_one_is_usual(records: Any) -> None:
    found = agree(records, {"2.7.4": (0.5, 1e-7), "2.8.4": (0.6, 1e-7), "2.9.3": (2e-7, 1e-7)})
    (one,) = found.compiling.agreement
    assert one.own_apart == (True, True, False)
    assert "but by 0.5 to 0.6 in 2.7–2.8." in wording_tpu.agreement(one, found.versions)[0]


def test_noise_never_stands_apart(records: Any) -> None:
    (one,) = agree(records, {"2.7.4": (0.0, 0.0), "2.8.4": (0.0, 0.0), "2.9.3": (2e-7, 1e-8)}).compiling.agreement
    assert True not in one.own_apart + one.same_apart


def test_of_several_cases_the_largest_counts(records: Any) -> None:
    compile_(records, "2.15.1", measured={"drift_own_xla": 1e-7})
    compile_(records, "2.15.1", measured={"drift_own_xla": -1e-5}, model="albert/3")
    (one,) = records.view({}).compiling.agreement
    assert (one.own, one.same) == ((1e-5,), (None,))


def test_devices_are_counted_by_verdict(records: Any) -> None:
    records.cell(Outcome.PASSED)
    compile_(records, "2.15.1", measured={"code_bytes": 1.0})
    records.cell(status=Status.UNAVAILABLE, trouble="device", device="tpu", format="savedmodel")
    found = {one.device.value: {verdict.value for verdict, cells in one.cells.items() if cells} for one in records.view({}).devices}
    assert found == {"cpu": {"works"}, "tpu-v5e": {"works"}, "tpu": {"unavailable"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wording_tpu.size(603136), "603 kB"),
        (wording_tpu.size(999.6e6), "1 GB"),
        (wording_tpu.size(12), "12 B"),
        (wording_tpu.size(2.6e8, "FLOP"), "260 MFLOP"),
        (wording_tpu.size(3.1e15), "3.1e+03 TB"),
        (wording_tpu.seconds(0.534), "0.53 s"),
        (wording_tpu.seconds(1234.5), "1,234 s"),
        (wording_tpu.microseconds(17.34), "17.3 µs"),
        (wording_tpu.microseconds(999.7), "1 ms"),
        (wording_tpu.microseconds(1234.5), "1.23 ms"),
        (wording_tpu.share(0.0007), "less than 0.1 %"),
        (wording_tpu.share(0.0071), "0.71 %"),
        (wording_tpu.share(2.617), "262 %"),
    ],
)
def test_units(text: str, expected: str) -> None:
    assert text == expected


def test_facts_are_those_that_are_known() -> None:
    assert wording_tpu.facts(Figures()) == ()
    sizes = {"argument_bytes": 0.6e9, "output_bytes": 0.5e9, "alias_bytes": 0.4e9, "temporary_bytes": 0.9e9}
    known = Figures(code_bytes=603136.0, **sizes, peak_bytes=0.8e9, chip_bytes=16e9, roofline_us=17.3)
    parts = Figures(code_bytes=1e6, argument_bytes=2e6, output_bytes=3e6, temporary_bytes=4e6, chip_bytes=1e9)
    assert wording_tpu.facts(parts)[-1] == "10 MB needed, 1 % of the chip’s 1 GB"
    assert wording_tpu.facts(known) == (
        "603 kB code",
        "600 MB arguments",
        "900 MB temporaries",
        "1.6 GB needed, 10 % of the chip’s 16 GB",
        "at least 17.3 µs a run",
    )


def test_the_page_and_its_scripts_have_the_same_words(records: Any) -> None:
    compile_(records, "2.15.1", measured={"code_bytes": 1.0})
    page = html.render(records.view({}))
    for fate, (symbol, name) in wording_tpu.FATES.items():
        letter = html.FATES[fate]
        assert f'{letter}: "{name}"' in page
        assert f'.{letter}::before {{ content: "{symbol}" / "{name}"; }}' in page
    assert set(html.FATES) == set(Fate)


def test_every_format_tells_it_and_keeps_hostile_text_as_text(records: Any) -> None:
    compile_(records, "2.15.1", Outcome.FAILED, f"Refused: {HOSTILE}", model="b")
    compile_(records, "2.15.1", measured={f"{HOSTILE[9:30]}_code_bytes": 603136.0})
    found = records.view({CASE: HOSTILE})
    page, text, data = html.render(found), markdown.render(found), jsonview.render(found)
    assert "<img" not in page
    assert "603 kB code" in page
    assert "603 kB code" in text
    assert f"`{HOSTILE}`" in text
    assert '"code_bytes":603136.0' in data


def test_a_run_without_chips_has_no_such_part(every: Any) -> None:
    found = every.view({})
    assert found.compiling.programs == ()
    assert 'id="tpu"' not in html.render(found)
    assert "Compiled for TPU" not in markdown.render(found)


def test_every_version_tried_says_which_where_they_are_not_all(records: Any) -> None:
    for tensorflow in ("2.13.1", "2.14.1"):
        compile_(records, tensorflow, measured={"code_bytes": 1.0})
    (one,) = programs(records.view({}))
    assert one.phrase == "compiles in every version tried"
    records.cell(Outcome.PASSED, tensorflow="2.15.1")
    (one,) = programs(records.view({}))
    assert one.phrase == "compiles in every version tried, 2.13–2.14"
