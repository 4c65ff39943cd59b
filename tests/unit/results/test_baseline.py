"""The baseline: a run that becomes text and a run again says the same, and measuring the same thing again changes no line."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from harness.domain import Device, InstallPolicy, Outcome, SaveFormat, Status, TextOps, Trouble
from harness.results.baseline.merge import Changes, compare, merged
from harness.results.baseline.model import Baseline
from harness.results.baseline.reading import parse_files, read_baseline, read_files
from harness.results.baseline.runs import as_run, is_baseline, read_baseline_run
from harness.results.baseline.settle import Cutter, baseline_of, power_of_two, rounded, without_words
from harness.results.baseline.words import split, text_of, word
from harness.results.baseline.writing import files_of, write_files
from harness.results.format import CaseRef, Cause, FailureRecord, Frame, Package
from harness.results.run import Run

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=7)
"""Short, so that nothing in it is cut or masked: other tests are about that."""
MODELS = ("", "bert-en/3", "a model of [mine]")
CASES = {
    "cases/test_a.py::test_a": ("model",),
    "cases/test_a.py::test_b": ("device", "model"),
    "cases/test_b.py::test_c": ("format", "model"),
    "cases/test_b.py::test_none": (),
    "cases/test_b.py::test_chip": ("device",),
}
FAILURE = FailureRecord(
    kinds=("builtins.ValueError", "builtins.Exception"),
    message="in user code:\n\n    no such layer",
    cause=Cause(kinds=("builtins.ValueError", "builtins.Exception"), message="no such layer"),
    frame=Frame(package="keras", file="engine/base.py", function="call"),
    signature="1-4f0c2a9be1",
)


def whole_run(make: Any, outcome: Any, *, day: str = "2026-11-30", status: Any = lambda _: Status.COMPLETED, **header: Any) -> Run:
    """Two environments, cells of every model, format and two devices, and five cases, which end as `outcome` says."""
    facts: list[Any] = []
    for text in TextOps:
        environment = f"tf-2_16_2-as-released{'' if text is TextOps.WITHOUT else '-text'}"
        facts.append(
            make.environment_record(
                id=environment, text=text, lock=text.value, python="3.11.7", packages=(Package(name="numpy", version="1.26"),)
            )
        )
        done = set()
        for model, format_, device in product(MODELS, (SaveFormat.H5, SaveFormat.KERAS), (Device.CPU, Device.TPU_V5E)):
            axes = make.axes(text=text, model=model, format=format_, device=device)
            name = {"": "no-model", "bert-en/3": "bert-en-3"}.get(model, "mine")
            cell = f"{environment}--{name}--{format_.value}--{device.value}"
            end = status(cell)
            refs = []
            for case, names in CASES.items():
                if ("model" in names) != bool(model):
                    continue
                uses = {
                    name: str(value)
                    for name in names
                    if (value := {"model": model, "format": format_.value, "device": device.value}[name])
                }
                key = f"{environment} {case} {uses}"
                refs.append(CaseRef(case=case, key=key if end is Status.COMPLETED else None))
                if key not in done and end is Status.COMPLETED:
                    done.add(key)
                    facts += [
                        make.case_record(
                            key=key, case=case, uses=uses, environment=environment, cell=cell, recorded=f"{day}T12:00:00", **values
                        )
                        for values in outcome(case, uses, text)
                    ]
            facts.append(
                make.cell_record(
                    id=cell,
                    axes=axes,
                    environment=environment,
                    cases=tuple(refs),
                    status=end,
                    trouble=Trouble.NETWORK if end is Status.UNAVAILABLE else None,
                    recorded=f"{day}T12:00:00",
                )
            )
    return make.run(*facts, **header)


def passed(*_: object) -> list[dict[str, Any]]:
    return [{}]


def round_trip(baseline: Baseline) -> Baseline:
    return parse_files(Path("reports/baseline"), files_of(baseline))


def essence(run: Run) -> dict[Any, Any]:
    """What judge, report and claims read: of every case of every cell how it ended."""
    records: dict[tuple[str, str], list[Any]] = {}
    for record in run.cases:
        fields = record.model_dump(include={"variant", "uses", "outcome", "message", "failure", "unmet", "measured", "beside"})
        records.setdefault((record.key, record.case), []).append(fields)
    cells: dict[Any, Any] = {
        cell.id: (
            cell.axes,
            cell.status,
            cell.trouble,
            cell.message,
            {
                ref.case: sorted(records.get((ref.key or "", ref.case), []), key=lambda record: str(record["variant"]))
                for ref in cell.cases
            },
        )
        for cell in run.cells
    }
    for record in run.environments:
        cells[record.id] = record.model_dump(exclude={"key", "recorded", "reused", "locked_on", "seconds"})
    return cells


ENDINGS = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"outcome": st.just(Outcome.NOT_APPLICABLE), "unmet": st.lists(TEXT, max_size=2).map(tuple), "message": TEXT}
    ),
    st.fixed_dictionaries({"outcome": st.just(Outcome.SKIPPED), "message": TEXT}),
    st.fixed_dictionaries(
        {
            "outcome": st.sampled_from([Outcome.FAILED, Outcome.ERROR]),
            "failure": st.builds(
                FailureRecord,
                kinds=st.lists(TEXT, max_size=2).map(tuple),
                message=TEXT,
                cause=st.builds(Cause, kinds=st.lists(TEXT, max_size=2).map(tuple), message=TEXT),
                signature=st.sampled_from(["1-00aa", "1-00ab", "odd one"]),
            ),
            "message": TEXT,
        }
    ),
    st.fixed_dictionaries(
        {
            "measured": st.dictionaries(TEXT, st.integers(-(10**6), 10**6).map(float), max_size=2),
            "beside": st.lists(st.builds(Package, name=st.just("transformers"), version=st.just("4.30")), max_size=1).map(tuple),
        }
    ),
    st.fixed_dictionaries({"outcome": st.sampled_from([Outcome.CRASHED, Outcome.TIMED_OUT]), "message": TEXT, "evidence": TEXT}),
)


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_a_run_comes_back(data: st.DataObject, make: Any) -> None:
    drawn: dict[str, Any] = {}

    def outcome(case: str, uses: dict[str, str], text: TextOps) -> list[dict[str, Any]]:
        variants = data.draw(st.lists(TEXT, max_size=2, unique=True)) if case.endswith("test_none") else [""]
        drawn.setdefault("endings", data.draw(st.lists(ENDINGS, min_size=1, max_size=3)))
        return [{"variant": variant, **data.draw(st.sampled_from(drawn["endings"]))} for variant in variants]

    run = whole_run(make, outcome)
    baseline = baseline_of(run)
    again = round_trip(baseline)
    assert again == replace(baseline, parts=again.parts)
    assert {name: part.endings for name, part in again.parts.items()} == {
        name: part.endings for name, part in baseline.parts.items()
    }
    assert essence(as_run(again)) == essence(run)


def test_the_text_reads_well(make: Any) -> None:
    def outcome(case: str, uses: dict[str, str], text: TextOps) -> list[dict[str, Any]]:
        if case.endswith("test_b") and uses["device"] == "cpu" and text is TextOps.WITH:
            trace = 'Traceback:\n  File "./cases/test_a.py", line 3, in test_b\n    f()\nValueError: no\n such layer'
            message = "ValueError: in user code:\n\n    no such layer"
            return [{"outcome": Outcome.FAILED, "failure": FAILURE, "evidence": trace, "message": message}]
        if case.endswith("test_chip"):
            return [{"measured": {"flops": 4096.0, "drift": 1.23456789e-7, "compile_seconds": 1.2345}, "processor": "x86-64-v3"}]
        if case.endswith("test_none"):
            return [{"variant": "SGD"}, {"variant": "Adam", "outcome": Outcome.SKIPPED, "message": "no time"}]
        return [{}]

    files = files_of(baseline_of(whole_run(make, outcome)))
    identifier = next(line for line in files["2.16.2-as-released.txt"].split("\n") if "failed" in line).split()[-1][1:]
    assert files["2.16.2-as-released.txt"].partition("\ncells\n")[2].partition("\n\n")[2].split("\n") == [
        "case cases/test_a.py::test_a by model",
        "  * 4  passed",
        "",
        "case cases/test_a.py::test_b by device model",
        "  * 6  passed",
        f'  text cpu "a model of [mine]"  failed @{identifier}',
        f"  text cpu bert-en/3  failed @{identifier}",
        "",
        "case cases/test_b.py::test_c by format model",
        "  * 8  passed",
        "",
        "case cases/test_b.py::test_chip by device",
        '  * 4  passed compile_seconds=1.2 drift=1.23457e-07 flops=4096 processor:"x86-64-v3"',
        "",
        "case cases/test_b.py::test_none",
        '  * 2 [Adam]  skipped message:"no time"',
        "  * 2 [SGD]  passed",
        "",
    ]
    assert files["cases.txt"].split("\n")[1] == 'cases/test_a.py::test_a  cpu tpu-v5e  "a model of [mine]" bert-en/3'
    assert (
        files["texts.jsonl"]
        .split("\n")[1]
        .endswith('"traceback": "Traceback:\\n  File \\"./cases/test_a.py\\", line 3, in test_b\\n    f()\\nValueError: no"}')
    )


def test_the_same_again_changes_no_line(make: Any) -> None:
    """Other times, addresses and seeds, a day later: the day changes, and nothing else."""

    def outcome(number: int) -> Any:
        def ends(case: str, uses: dict[str, str], text: TextOps) -> list[dict[str, Any]]:
            message = f"no such layer at 0x7f00{number}0000, {number} of 12"
            failure = FAILURE.model_copy(
                update={"message": message, "cause": FAILURE.cause.model_copy(update={"message": message})}
            )
            if case.endswith("test_a"):
                return [
                    {"outcome": Outcome.FAILED, "failure": failure, "message": f"ValueError: {message}", "seconds": 1.0 + number}
                ]
            if case.endswith("test_b"):
                crash = {"outcome": Outcome.CRASHED, "evidence": f"Fatal error at {number}", "message": "ended by SIGSEGV"}
                return [{**crash, "failure": failure}]
            return [
                {"measured": {"drift": 1e-7 * (1 + number / 100), "compile_seconds": 1 + number / 5}, "cpu_seconds": 0.1 * number}
            ]

        return ends

    first = baseline_of(whole_run(make, outcome(1)))
    second = baseline_of(whole_run(make, outcome(2), day="2026-12-01"))
    before, after = files_of(first), files_of(merged(round_trip(first), second))
    assert before != files_of(second)
    assert after == {name: text.replace("measured 2026-11-30", "measured 2026-12-01") for name, text in before.items()}
    assert files_of(merged(first, first)) == before


def test_another_outcome_and_another_failure_are_changes(make: Any) -> None:
    def fails(signature: str) -> Any:
        failure = FAILURE.model_copy(update={"signature": signature})
        return lambda case, *_: [{"outcome": Outcome.FAILED, "failure": failure}] if case.endswith("test_none") else [{}]

    passing, failing, otherwise = (baseline_of(whole_run(make, ends)) for ends in (passed, fails("1-aa"), fails("1-bb")))
    assert compare(passing, failing) == Changes(changed=2, same=24)
    assert compare(failing, merged(failing, otherwise)) == Changes(changed=2, same=24)
    assert compare(Baseline(), passing) == Changes(cells_added=24, added=26)
    assert compare(passing, passing) == Changes(same=26)


def test_what_was_not_measured_stays(make: Any) -> None:
    run = whole_run(make, passed)
    cpu = replace(run, cells=tuple(cell for cell in run.cells if cell.axes.device is Device.CPU))
    chip = replace(run, cells=tuple(cell for cell in run.cells if cell.axes.device is Device.TPU_V5E))
    both = merged(baseline_of(cpu), baseline_of(chip))
    assert files_of(both) == files_of(baseline_of(run))
    assert files_of(merged(both, baseline_of(cpu))) == files_of(both)


def test_trouble_of_the_machine_replaces_nothing_that_was_measured(make: Any) -> None:
    measured = baseline_of(whole_run(make, passed))
    offline = baseline_of(whole_run(make, passed, status=lambda _: Status.UNAVAILABLE))
    assert merged(measured, offline).parts["tf-2_16_2-as-released"].cells == measured.parts["tf-2_16_2-as-released"].cells
    assert compare(merged(offline, measured), measured) == Changes(same=26)


def test_cases_that_are_gone_are_dropped(make: Any) -> None:
    baseline = baseline_of(whole_run(make, passed))
    left = merged(baseline, baseline, {"cases/test_a.py::test_a"})
    assert set(left.scopes) == {"cases/test_a.py::test_a"}
    assert compare(baseline, left) == Changes(same=4, removed=22)


def test_what_bears_on_a_cell_and_was_not_measured_is_not_run(make: Any) -> None:
    ends = dict.fromkeys((f"tf-2_16_2-as-released--bert-en-3--{name}--cpu" for name in ("h5", "keras")), Status.CRASHED)
    run = whole_run(make, passed, status=lambda cell: ends.get(cell, Status.COMPLETED))
    shown = as_run(round_trip(baseline_of(run)))
    cell = next(cell for cell in shown.cells if cell.status is Status.CRASHED)
    keys = {ref.case: ref.key for ref in cell.cases}
    assert keys["cases/test_a.py::test_b"] is None
    assert keys["cases/test_a.py::test_a"] is not None  # another cell ran it


def test_environments_with_the_same_packages_share_their_cases(make: Any) -> None:
    run = whole_run(make, passed)
    alike = replace(run, environments=tuple(record.model_copy(update={"lock": "same"}) for record in run.environments))
    shown = as_run(round_trip(baseline_of(alike)))
    assert len(shown.cases) == 13
    assert len(as_run(baseline_of(run)).cases) == 26


def test_the_run_says_that_it_is_the_baseline_and_of_which_days(make: Any, tmp_path: Path) -> None:
    assert read_baseline_run(tmp_path / "baseline") is None
    first = baseline_of(whole_run(make, passed))
    run = whole_run(make, passed, day="2026-12-02")
    today = replace(
        run,
        environments=tuple(
            record.model_copy(update={"id": f"{record.id}-today", "install": InstallPolicy.TODAY}) for record in run.environments
        ),
        cells=tuple(
            cell.model_copy(
                update={
                    "environment": f"{cell.environment}-today",
                    "id": f"today-{cell.id}",
                    "axes": replace(cell.axes, install=InstallPolicy.TODAY),
                }
            )
            for cell in run.cells
        ),
    )
    write_files(tmp_path / "baseline", files_of(merged(first, baseline_of(today))), {})
    shown = read_baseline_run(tmp_path / "baseline")
    assert shown is not None
    assert is_baseline(shown)
    assert not is_baseline(run)
    assert shown.header.run == "baseline of 2026-11-30 to 2026-12-02"
    assert shown.header.started == "2026-12-02T00:00:00+00:00"
    assert sorted(path.name for path in (tmp_path / "baseline").iterdir()) == [
        "2.16.2-as-released.txt",
        "2.16.2-today.txt",
        "cases.txt",
        "texts.jsonl",
    ]


def test_files_that_are_gone_are_removed_and_others_are_left(make: Any, tmp_path: Path) -> None:
    files = files_of(baseline_of(whole_run(make, passed)))
    write_files(tmp_path, {**files, "2.1.0-today.txt": files["2.16.2-as-released.txt"]}, {})
    (tmp_path / "README.md").write_text("mine")
    write_files(tmp_path, files, read_files(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.16.2-as-released.txt", "README.md", "cases.txt", "texts.jsonl"]
    assert files_of(read_baseline(tmp_path)) == files


@pytest.mark.parametrize("stop", range(5))
def test_a_kill_between_two_renames_leaves_what_can_be_read(make: Any, tmp_path: Path, monkeypatch: Any, stop: int) -> None:
    def outcome(words: str) -> Any:
        failure = FAILURE.model_copy(update={"message": words})
        return lambda *_: [{"outcome": Outcome.FAILED, "failure": failure}]

    folder = tmp_path / "baseline"
    write_files(folder, files_of(baseline_of(whole_run(make, outcome("before")))), {})
    rename, count = Path.replace, iter(range(100))

    def killed(path: Path, target: Path) -> Path:
        if next(count) == stop:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_files(folder, files_of(baseline_of(whole_run(make, outcome("after")))), read_files(folder))
    messages = {failure.message for part in [read_baseline(folder)] for failure in part.failures.values()}
    assert messages & {"before", "after"}


@given(text=TEXT)
def test_words(text: str) -> None:
    assert split(f"  a {word(text)}  b")[1:-1] == [word(text)]
    assert text_of(word(text)) == text


def test_a_pattern_that_would_be_lost_keeps_the_whole_text() -> None:
    text = "a" * 1000 + " the reason " + "b" * 1000
    assert Cutter(()).cut(text) == "a" * 500 + "\n[...]\n" + "b" * 300
    assert Cutter(("the reason",)).cut(text) == text
    assert Cutter(("the reason",)).cut(text, beside="it has the reason too") == Cutter(()).cut(text)
    assert (
        Cutter(()).cut("at 0x7f0012345678 array([[1., 2.],\n  [3.e-07, nan]], dtype=float32)")
        == "at 0x... array([...], dtype=float32)"
    )


@pytest.mark.parametrize(
    ("name", "number", "short"),
    [("drift", 1.23456789e-7, 1.23457e-7), ("flops", 123456789.0, 123456789.0), ("compile_seconds", 1.2345, 1.2)],
)
def test_numbers_keep_the_digits_that_say_something(name: str, number: float, short: float) -> None:
    assert rounded(name, number) == short


def test_times_are_powers_of_two() -> None:
    assert [power_of_two(seconds) for seconds in (0.9, 1.2, 3.1, 100)] == [0.0, 1.0, 4.0, 128.0]


def test_a_traceback_keeps_the_first_line_of_its_exception() -> None:
    trace = 'Traceback:\n  File "a.py", line 1, in f\n    g()\n    ^^^\nValueError: first\n  second\nthird'
    assert without_words(trace) == 'Traceback:\n  File "a.py", line 1, in f\n    g()\n    ^^^\nValueError: first'
    assert without_words("Fatal Python error") == "Fatal Python error"
