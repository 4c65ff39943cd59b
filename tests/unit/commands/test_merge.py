"""Merging files: the same run in whatever order they come, and every reason for which they are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import __version__
from harness.base.errors import ResultsError
from harness.base.workspace import Workspace
from harness.commands.exchange import export_run
from harness.commands.merge import MergeSummary, merge_files
from harness.commands.plan import RunPlan, build_selection, make_run_plan
from harness.commands.shards import take_part
from harness.domain import Outcome, Plan, Status, installation, model_of
from harness.matrix.request import requirements
from harness.results.format import CaseRecord, CaseRef, Footer
from harness.results.lines import lines_of, read_run
from harness.results.run import Run
from harness.results.store import open_store
from harness.run.groups import cell_key
from harness.run.keys import case_key, digest, uses_of
from harness.run.shards import Shard, digests_of

SHARDS = 3


class Lab:
    """A project, and runs of its shards as machines would have recorded them."""

    def __init__(self, workspace: Workspace, make: Any) -> None:
        self.workspace, self.make = workspace, make
        self.selection = build_selection("full")
        self.run_plan: RunPlan = make_run_plan(workspace, self.selection)

    @property
    def plan(self) -> Plan:
        return self.run_plan.plan

    def run(self, index: int, *, name: str = "", day: int = 1, outcome: Outcome = Outcome.PASSED, shards: int = SHARDS) -> Run:
        """A run of one shard in which every case has the same outcome."""
        name = name or f"2026110{day}-120000-00000{index}"
        moment = f"2026-11-0{day}T12:00:00+00:00"
        taken = take_part(self.workspace, self.selection, Shard(index=index, count=shards))
        run_plan, part = taken.run_plan, taken.header
        facts: list[Any] = []
        cases: dict[str, CaseRecord] = {}
        cells = []
        for request in run_plan.plan.environments.values():
            values = installation(request).as_arguments() | {"requirements": requirements(request), "recorded": moment}
            key = self.identity(request.id).key
            facts.append(
                self.make.environment_record(id=request.id, key=key, tensorflow=request.release.version, lock="10c", **values)
            )
        for cell in run_plan.plan.cells:
            refs = []
            model = model_of(cell, self.plan.models)
            for case in (case for case in run_plan.cases if case.bears_on(model, cell.axes.device)):
                uses = uses_of(case, cell)
                key = case_key(self.identity(cell.environment), case, uses, "model", self.run_plan.limits)
                refs.append(CaseRef(case=case.id, key=key))
                record = {"key": key, "case": case.id, "environment": cell.environment, "cell": cell.id, "uses": uses}
                cases.setdefault(key, self.make.case_record(outcome=outcome, recorded=moment, run=name, **record))
            values = {"axes": cell.axes, "environment": cell.environment, "recorded": moment}
            cells.append(self.make.cell_record(id=cell.id, key=cell_key(refs), cases=tuple(refs), **values))
        run = self.make.run(
            *facts,
            *cases.values(),
            *cells,
            run=name,
            started=moment,
            tier="full",
            hubmatrix=self.version,
            part=part,
            planned_cells=len(cells),
            digests=digests_of(self.workspace, run_plan.cases),
        )
        return replace(run, footer=Footer(finished=moment, interrupted=False, records=run.footer.records))

    version = __version__

    def identity(self, environment: str) -> Any:
        return self.make.identity(lock=self.make.lock(sha256=digest(environment), resolved=date(2026, 11, 1)))

    def file(self, run: Run, name: str = "") -> Path:
        """A run as a file beside the project."""
        part = run.header.part
        path = self.workspace.root.parent / (name or f"shard-{part.shard if part else 0}.jsonl")
        export_run(run, path)
        return path

    def files(self, indices: Sequence[int] = (1, 2, 3)) -> list[Path]:
        return [self.file(self.run(index)) for index in indices]

    def merge(self, *files: Path, **options: Any) -> MergeSummary:
        return merge_files(self.workspace, files, **({"allow_missing": False, "export": None} | options))

    def exported(self, *files: Path, **options: Any) -> str:
        """The merged run as a file's text."""
        path = self.workspace.root.parent / "merged.jsonl"
        self.merge(*files, export=path, **options)
        return path.read_text()

    def refused(self, *files: Path, **options: Any) -> list[str]:
        """The problems for which files are refused; nothing was written."""
        with pytest.raises(ResultsError) as caught:
            self.merge(*files, **options)
        assert caught.value.exit_code == 4
        assert not self.workspace.results.exists()
        root = str(self.workspace.root.parent) + "/"
        return [str(problem).replace(root, "") for problem in caught.value.problems]


@pytest.fixture
def lab(project: Workspace, make: Any) -> Lab:
    return Lab(project, make)


def changed(whole: Run, **values: Any) -> Run:
    """A run whose first case says something else."""
    first = whole.cases[0].model_copy(update=values)
    return replace(whole, cases=(first, *whole.cases[1:]))


def test_shards_are_one_run(lab: Lab) -> None:
    summary = lab.merge(*lab.files())
    whole = lab.run(1, shards=1)
    with open_store(lab.workspace.results) as store:
        run = store.newest()
        assert next(stored.name for stored in store.runs()) == summary.run == run.header.run
        assert len(store.runs()) == 1 + SHARDS
    assert [cell.id for cell in run.cells] == [cell.id for cell in lab.plan.cells]
    assert {cell.id: cell.cases for cell in run.cells} == {cell.id: cell.cases for cell in whole.cells}
    assert [record.id for record in run.environments] == [record.id for record in whole.environments]
    assert {(record.key, record.outcome) for record in run.cases} == {(record.key, record.outcome) for record in whole.cases}
    assert run.attempts == ()
    assert run.footer is not None
    assert not run.footer.interrupted
    assert (run.header.planned_cells, run.header.tier) == (12, "full")
    assert summary.as_text() == f"12 cells from 3 files: 12 completed\nrun      {summary.run}"
    assert not lab.merge(*lab.files()).is_new
    assert summary.as_json()["cells"] == {"completed": 12}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_order_changes_nothing(lab: Lab, data: st.DataObject) -> None:
    """Commutative; and what comes twice, alone or as part of what was merged already, changes nothing either."""
    files = [*lab.files(), lab.file(lab.run(2, day=3, outcome=Outcome.FAILED), "again.jsonl")]
    merged = lab.exported(*files)
    shuffled = data.draw(st.permutations([*files, *data.draw(st.lists(st.sampled_from(files), max_size=3))]))
    assert lab.exported(*shuffled) == merged
    before = lab.workspace.root.parent / "before.jsonl"
    some = data.draw(st.lists(st.sampled_from(files), min_size=1, max_size=4))
    before.write_text(lab.exported(*some, allow_missing=True))
    assert lab.exported(*data.draw(st.permutations([before, *files]))) == merged
    before.write_text(merged)
    assert lab.exported(before) == merged


def test_measured_twice_with_other_outcomes_is_a_flake(lab: Lab) -> None:
    again = lab.run(2, day=2)
    failed = changed(again, outcome=Outcome.FAILED)
    summary = lab.merge(*lab.files(), lab.file(failed, "again.jsonl"))
    case = failed.cases[0]
    (flake,) = summary.flakes
    assert (flake.name, flake.key, [attempt.end for attempt in flake.attempts]) == (case.case, case.key, ["passed", "failed"])
    assert summary.as_text().splitlines()[0] == (
        f"flaky: {case.case} in {case.cell}: passed at 2026-11-01T12:00:00+00:00 in run 20261101-120000-000002, "
        "failed at 2026-11-02T12:00:00+00:00 in run 20261102-120000-000002"
    )
    with open_store(lab.workspace.results) as store:
        run = store.newest()
    kept = [record for record in (*run.cases, *run.attempts) if isinstance(record, CaseRecord) and record.key == case.key]
    assert [record.outcome for record in kept] == [Outcome.FAILED, Outcome.PASSED], "the newest counts, both are kept"


def test_trouble_of_a_machine_is_no_flake_and_does_not_count(lab: Lab) -> None:
    later = lab.run(2, day=2)
    cells = tuple(cell.model_copy(update={"status": Status.UNAVAILABLE, "message": "no disk"}) for cell in later.cells)
    empty = replace(later, cases=(), cells=cells)
    empty = replace(empty, footer=empty.footer.model_copy(update={"records": 1 + len(later.environments) + len(cells)}))
    summary = lab.merge(*lab.files(), lab.file(empty, "again.jsonl"))
    assert (summary.flakes, summary.cells) == ((), {"completed": 12})


def test_missing_shards(lab: Lab) -> None:
    (first_shard, second_shard, _) = lab.files()
    first_missing = {cell.id for cell in lab.run(3).cells}
    name = next(cell.id for cell in lab.plan.cells if cell.id in first_missing)
    hint = "(hint: add what is missing, or --allow-missing for what earlier runs measured)"
    assert lab.refused(first_shard, second_shard) == [
        f"4 of 12 cells are missing, such as {name}: shard 3 of 3 is not there {hint}"
    ]
    assert lab.refused(second_shard)[0].endswith(f": shards 1, 3 of 3 are not there {hint}")


def test_an_interrupted_shard(lab: Lab) -> None:
    whole = lab.run(3)
    records = 1 + len(whole.environments) + len(whole.cases) + 1
    footer = Footer(finished="2026-11-01T12:00:00+00:00", interrupted=True, records=records)
    cut = lab.file(replace(whole, cells=whole.cells[:1], footer=footer))
    (message,) = lab.refused(*lab.files([1, 2]), cut)
    assert message.startswith("3 of 12 cells are missing, such as ")
    assert ": shard-3.jsonl was interrupted (hint: " in message


def test_allow_missing_takes_what_was_measured_and_keeps_its_date(lab: Lab) -> None:
    lab.make.keep(lab.workspace, lab.run(1, shards=1, name="20261105-120000-0000ff", day=5))
    summary = lab.merge(*lab.files([1, 2]), allow_missing=True)
    assert (summary.earlier, summary.missing, summary.cells) == (4, (), {"completed": 12})
    assert "4 of them are of earlier runs, and keep their dates" in summary.as_text()
    with open_store(lab.workspace.results) as store:
        run = store.read(summary.run)
    overlaid = {cell.id for cell in lab.run(3).cells}
    assert {cell.recorded[:10] for cell in run.cells if cell.id in overlaid} == {"2026-11-05"}
    assert {cell.recorded[:10] for cell in run.cells if cell.id not in overlaid} == {"2026-11-01"}
    assert all(cell.reused for cell in run.cells if cell.id in overlaid)


def test_allow_missing_takes_the_baseline_at_last(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A merge that took cells from there is read again like any other."""
    run = lab.run(1, shards=1, name="baseline of 2026-11-05", day=5)
    monkeypatch.setattr("harness.commands.merge.read_baseline_run", lambda _folder: run)
    path = lab.workspace.root.parent / "with-baseline.jsonl"
    summary = lab.merge(*lab.files([1, 2]), allow_missing=True, export=path)
    assert (summary.earlier, summary.missing) == (4, ())
    assert lab.merge(path).cells == {"completed": 12}


def test_allow_missing_says_what_nobody_measured(lab: Lab) -> None:
    summary = lab.merge(*lab.files([1, 2]), allow_missing=True)
    assert (len(summary.missing), summary.cells) == (4, {"completed": 8})
    assert f"4 cells were never measured, such as {summary.missing[0]}" in summary.as_text()
    with open_store(lab.workspace.results) as store:
        footer = store.read(summary.run).footer
    assert footer is not None
    assert footer.interrupted


def test_other_plans(lab: Lab) -> None:
    files = lab.files()
    lab.selection = build_selection("full", "keras=default")
    lab.run_plan = make_run_plan(lab.workspace, lab.selection)
    other = lab.run(1)
    plans = [read_run(file).header.part.plan[:12] for file in (lab.file(other, "other.jsonl"), files[0])]
    assert lab.refused(*files, lab.file(other, "other.jsonl")) == [
        f"other.jsonl: of plan {plans[0]}, and shard-1.jsonl of plan {plans[1]} (hint: all parts are measured from one commit)"
    ]


HEADERS: list[tuple[dict[str, Any], str]] = [
    ({"hubmatrix": "9.9"}, "measured by hubmatrix 9.9, and shard-1.jsonl by {version}"),
    ({"models": "published", "options": ("--models", "published")}, "of another selection or of other models than shard-1.jsonl"),
    ({"selection": "x"}, "of another selection or of other models than shard-1.jsonl"),
]


@pytest.mark.parametrize(("values", "message"), HEADERS)
def test_other_headers(lab: Lab, values: dict[str, Any], message: str) -> None:
    run = lab.run(3)
    run = replace(run, header=run.header.model_copy(update=values))
    problem = f"shard-3.jsonl: {message.format(version=lab.version)} (hint: all parts are measured from one commit)"
    assert problem in lab.refused(*lab.files([1, 2]), lab.file(run))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["spec"], "matrix.yaml"),
        (["cases"], "the cases"),
        (["incell", "spec"], "matrix.yaml and the code that runs in cells"),
    ],
)
def test_other_versions_of_what_is_measured(lab: Lab, names: list[str], words: str) -> None:
    run = lab.run(3)
    digests = run.header.digests.model_copy(update=dict.fromkeys(names, "0" * 64))
    run = replace(run, header=run.header.model_copy(update={"digests": digests}))
    message = f"shard-3.jsonl: measured with another version of {words} than shard-1.jsonl"
    assert lab.refused(*lab.files([1, 2]), lab.file(run))[-1] == f"{message} (hint: all parts are measured from one commit)"


def test_a_checkout_that_has_other_cases(lab: Lab) -> None:
    files = lab.files()
    path = lab.workspace.cases / "test_tiny.py"
    path.write_text(path.read_text() + "# another comment\n")
    assert lab.refused(*files) == [
        "shard-1.jsonl: measured with another version of the cases than this checkout has "
        "(hint: check out the commit that the parts were measured from)"
    ]


def test_a_header_that_lies(lab: Lab) -> None:
    runs = [lab.run(index) for index in (1, 2, 3)]
    lying = [
        replace(run, header=run.header.model_copy(update={"part": run.header.part.model_copy(update={"plan": "0" * 64})}))
        for run in runs
    ]
    assert lab.refused(*map(lab.file, lying)) == [
        "shard-1.jsonl: its header names a plan that isn't the one of its selection "
        "(hint: check out the commit that the parts were measured from)"
    ]
    odd = [replace(run, header=run.header.model_copy(update={"models": "published, from http://x'; rm -rf ~ #"})) for run in runs]
    assert lab.refused(*map(lab.file, odd)) == [
        "shard-1.jsonl: not the models of a run of the matrix: published, from http://x'; rm -rf ~ #"
    ]


def test_no_plan(lab: Lab) -> None:
    run = lab.run(3)
    run = replace(run, header=run.header.model_copy(update={"part": None}))
    expected = "old.jsonl: its header names no plan (hint: of an older hubmatrix, or of `hubmatrix check`?)"
    assert expected in lab.refused(*lab.files([1, 2]), lab.file(run, "old.jsonl"))
    assert lab.refused(lab.file(run, "old.jsonl")) == [expected]


def cut(text: str) -> Iterator[tuple[str, str]]:
    """Torn and rearranged files, with what is said of each."""
    lines = text.splitlines(keepends=True)
    again = "(hint: run that shard again: the same command goes on where it stopped)"
    yield "", "the file has no header line (hint: the run was cut off before it began; run again)"
    yield "".join(lines[:-1]), f"the file has no last line: the run was cut off, or the file is torn {again}"
    yield text[:-40], f"FILE:{len(lines)}: the line is torn {again}"
    without = "".join(line for number, line in enumerate(lines) if number != 3)
    records = json.loads(lines[-1])["records"]
    yield without, f"the last line counts {records} records, and {records - 1} are there (hint: copy the file again)"
    yield "".join([*lines, lines[1]]), "not one run: a header comes first, a footer last, each once"
    yield "".join([lines[0], *lines]), "not one run: a header comes first, a footer last, each once"
    yield "".join(lines[1:]), "not one run: a header comes first, a footer last, each once"


@pytest.mark.parametrize("number", range(7))
def test_torn_files(lab: Lab, number: int) -> None:
    whole = lab.run(3)
    torn, message = list(cut("".join(lines_of(whole))))[number]
    path = lab.file(whole)
    path.write_text(torn)
    refused = lab.refused(*lab.files([1, 2]), path)
    expected = message.replace("FILE", "shard-3.jsonl") if message.startswith("FILE") else f"shard-3.jsonl: {message}"
    assert expected in refused


def test_no_file(lab: Lab) -> None:
    folder = lab.workspace.root.parent
    assert "shard-9.jsonl: can't be read: No such file or directory" in lab.refused(*lab.files(), folder / "shard-9.jsonl")
    refused = lab.refused(*lab.files(), folder)
    assert f"{folder.name}: can't be read: not a regular file" in [line.rpartition("/")[2] for line in refused]
    assert lab.refused(folder / "shard-9.jsonl") == ["shard-9.jsonl: can't be read: No such file or directory"]


Change = Callable[[Run], Run]


def _first_cell(**values: Any) -> Change:
    return lambda run: replace(run, cells=(run.cells[0].model_copy(update=values), *run.cells[1:]))


def _first_environment(**values: Any) -> Change:
    return lambda run: replace(run, environments=(run.environments[0].model_copy(update=values), *run.environments[1:]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_first_cell(id="../../etc/passwd"), "cell '../../etc/passwd' is none of the plan"),
        (_first_cell(environment="other"), "cell '{cell}' has other axes in the plan"),
        (_first_cell(cases=()), "cell '{cell}' has other cases in the plan"),
        (_first_environment(id="other"), "environment 'other' is none of the plan"),
        (_first_environment(tensorflow="2.99"), "environment '{environment}' was asked for otherwise in the plan"),
        (_first_environment(requirements=("evil",)), "environment '{environment}' was asked for otherwise in the plan"),
        (_first_environment(key="../x"), "environment '{environment}' has a key that is none"),
        (lambda run: changed(run, case="cases/other.py::test"), "case 'cases/other.py::test' is none of the plan"),
        (lambda run: changed(run, cell="../x"), "a cell or environment that measured '{case}' has an id that is none"),
        (lambda run: changed(run, key="0" * 64, cell="other"), "no cell of the plan has what 'other' measured of '{case}'"),
    ],
)
def test_foreign_facts(lab: Lab, change: Change, message: str) -> None:
    run = lab.run(3)
    names = {"cell": run.cells[0].id, "environment": run.environments[0].id, "case": run.cases[0].case}
    path = lab.file(change(run))
    assert f"shard-3.jsonl: {message.format(**names)}" in lab.refused(*lab.files([1, 2]), path)


def test_files_that_disagree_about_one_measurement(lab: Lab) -> None:
    run = lab.run(3)
    other = changed(run, outcome=Outcome.FAILED)
    (message,) = lab.refused(*lab.files(), lab.file(other, "shard-3-other.jsonl"))
    assert message == (
        f"shard-3.jsonl: says something else than shard-3-other.jsonl of {run.cases[0].case}, as run {run.header.run} measured it "
        "(hint: one of the files was changed: export the run again)"
    )


def test_an_environment_that_is_two(lab: Lab) -> None:
    again = lab.run(3, day=2)
    name = again.environments[0].id
    hint = "(hint: lock once for all machines, with `hubmatrix lock`, and give them the same interpreters)"
    for values, difference in [
        ({"lock": "20d", "locked_on": "2026-11-02"}, "lock 20d of 2026-11-02, and there lock 10c of None"),
        ({"lock": None, "status": Status.LOCK_FAILED}, "not locked, and there lock 10c of None"),
        ({"python": "3.11.9"}, "CPython 3.11.9, and there None"),
        ({}, "another platform or other settings"),
    ]:
        other = _first_environment(key="0" * 64, **values)(again)
        (message,) = lab.refused(*lab.files(), lab.file(other, "shard-4.jsonl"))
        assert message == f"shard-4.jsonl: environment {name} is another one than in shard-3.jsonl: {difference} {hint}"


def test_moments_and_names(lab: Lab) -> None:
    for values, message in [
        (
            {"recorded": "2999-01-01T00:00:00+00:00"},
            "recorded in the future: 2999-01-01T00:00:00+00:00 (hint: which machine's clock is wrong?)",
        ),
        ({"recorded": "yesterday"}, "not a moment: yesterday"),
        ({"recorded": "2026-11-01T12:00:00"}, "not a moment: 2026-11-01T12:00:00"),
        ({"run": "../../x"}, "the name of a run isn't one that hubmatrix gives"),
    ]:
        path = lab.file(changed(lab.run(3), **values))
        assert f"shard-3.jsonl: {message}" in lab.refused(*lab.files([1, 2]), path)


def test_sizes(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lab.file(changed(lab.run(3), evidence="x" * 5 * 2**20))
    number = next(number for number, line in enumerate(path.read_text().splitlines(), 1) if len(line) > 2**20)
    assert f"shard-3.jsonl:{number}: longer than 4 MiB: no line of results is" in lab.refused(*lab.files([1, 2]), path)
    monkeypatch.setattr("harness.results.untrusted.FILE_BYTES", 2**20)
    assert "shard-3.jsonl: can't be read: larger than 1048576 bytes" in lab.refused(*lab.files([1, 2]), path)


def test_many_problems_are_few_lines(lab: Lab) -> None:
    runs = [lab.run(index) for index in (1, 2, 3)]
    strange = []
    for run in runs:
        cells = tuple(cell.model_copy(update={"id": f"x{number}"}) for number, cell in enumerate(run.cells))
        strange.append(replace(run, cells=cells))
    refused = lab.refused(*map(lab.file, strange))
    assert len(refused) == 3 * 4 + 1
    path = lab.workspace.root.parent / "torn.jsonl"
    path.write_text("")
    many = [lab.workspace.root.parent / f"no-{number}.jsonl" for number in range(80)]
    assert len(lab.refused(*many)) == 51


def test_deep_and_odd_lines(lab: Lab) -> None:
    path = lab.file(lab.run(3))
    header = path.read_text().splitlines()[0]
    for line in ("[" * 100_000, json.dumps({"type": "case", "\x1b[31m": 1}), "\x00", "{}"):
        path.write_text(f"{header}\n{line}\n")
        assert any(
            text.startswith("shard-3.jsonl:2: not a line of results format 4: ") for text in lab.refused(*lab.files([1, 2]), path)
        )
