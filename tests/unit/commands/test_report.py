"""The last words of a run, and its joined results."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness import catalog
from harness.base.errors import SelectionError
from harness.base.workspace import Workspace
from harness.commands import report
from harness.commands.plan import RunPlan
from harness.domain import Device, Outcome, Plan, SaveFormat, Status, Trouble
from harness.results.format import CaseRef, Cause, FailureRecord, Line, Package
from harness.results.run import Run


@pytest.fixture
def recorded(make: Any) -> Run:
    """Four cells: one that passed, one with failures that is reused, one that did not import, one that can't run here."""

    no_case = (CaseRef(case="cases/test_b.py::test_b", key=None),)
    import_failed = {"status": Status.IMPORT_FAILED, "message": "TypeError: no"}
    other_device = make.axes(device=Device.XLA_CPU)
    gone = {"status": Status.UNAVAILABLE, "trouble": Trouble.INTERPRETER, "message": "no CPython 3.6 on this machine"}
    facts: list[Line] = [
        make.environment_record(python="3.11.7", lock="10c", packages=(Package(name="typing_extensions", version="4.12.2"),)),
        make.case_record(key="a"),
        make.case_record(
            key="b", case="cases/test_b.py::test_b", variant="x", outcome=Outcome.FAILED, message="AssertionError: 1\nassert 1 == 2"
        ),
        make.case_record(key="b", case="cases/test_b.py::test_b", variant="y", outcome=Outcome.SKIPPED),
        make.case_record(
            key="c", case="cases/test_c.py::test_c", outcome=Outcome.CRASHED, message="the interpreter was ended by SIGSEGV"
        ),
        make.cell_record(id="one", cases=(CaseRef(case="cases/test_a.py::test_a", key="a"),)),
        make.cell_record(
            id="two",
            axes=make.axes(format=SaveFormat.KERAS),
            reused=True,
            cases=(
                CaseRef(case="cases/test_a.py::test_a", key="a"),
                CaseRef(case="cases/test_b.py::test_b", key="b"),
                CaseRef(case="cases/test_c.py::test_c", key="c"),
            ),
        ),
        make.cell_record(id="three", axes=other_device, environment="elsewhere", cases=no_case, **import_failed),
        make.cell_record(id="four", axes=make.axes(tensorflow="2.0.4"), environment="elsewhere", cases=no_case, **gone),
    ]
    return make.run(*facts, finished=False)


def test_the_last_words_of_a_run(project: Workspace, recorded: Run) -> None:
    words = report.summary(project, recorded, (project.site / "report.md", project.site / "index.html"))
    assert words.as_text() == (
        "4 cells: 2 completed, 1 import_failed, 1 unavailable (interpreter) (1 reused)\n"
        "run      20261120-120000-abcdef\n"
        "report   reports/site/index.html"
    )
    assert words.as_json() == {
        "format": 2,
        "run": "20261120-120000-abcdef",
        "page": "reports/site/index.html",
        "cells": {"completed": 2, "import_failed": 1, "unavailable (interpreter)": 1},
        "reused_cells": 1,
    }


def test_the_last_words_without_a_report(recorded: Run) -> None:
    words = report.summary(Workspace(root=Path("/elsewhere")), recorded, ())
    assert words.as_text().splitlines()[1:] == ["run      20261120-120000-abcdef"]
    assert words.as_json()["page"] is None


def test_results_as_text(recorded: Run) -> None:
    assert report.results_as_text(joined(recorded)) == (
        "one: completed (1 passed)\n"
        "two: completed (1 crashed, 1 failed, 1 passed, 1 skipped)\n"
        "    failed cases/test_b.py::test_b[x]: AssertionError: 1\n"
        "    crashed cases/test_c.py::test_c: the interpreter was ended by SIGSEGV\n"
        "three: import_failed: TypeError: no (1 not_run)\n"
        "four: unavailable: no CPython 3.6 on this machine (1 not_run)"
    )


def joined(recorded: Run, select: str = "", project: Workspace | None = None) -> report.ResultsDocument:
    workspace = project or Workspace(root=Path("/elsewhere"))
    return report.join_results(recorded, report.select_results(workspace, recorded, select))


@pytest.mark.parametrize(
    ("select", "cells"),
    [
        ("format=keras", {"two": ["a", "b", "b", "c"]}),
        ("tensorflow=2.16 and tensorflow>=2.17", {}),
        ("outcome=failed", {"two": ["b"]}),
        ("outcome=failed or case=cases/test_c.py", {"two": ["b", "c"]}),
        ("case=cases/test_a.py::test_a", {"one": ["a"], "two": ["a"]}),
        ("variant=y", {"two": ["b"]}),
        ("outcome=not_run and status!=unavailable", {"three": ["b"]}),
        ("trouble=interpreter", {"four": ["b"]}),
        ("verdict in (failed, not_run)", {"two": ["b"], "three": ["b"], "four": ["b"]}),
        ("task=save", {}),
        ("python=3.11 and outcome=passed", {"one": ["a"], "two": ["a"]}),
        ("package(typing_extensions)>=4", {"one": ["a"], "two": ["a", "b", "b", "c"]}),
        ("not package(typing.Extensions)>=4.1 and not package(keras)=3", {"three": ["b"], "four": ["b"]}),
    ],
)
def test_cells_and_cases_are_selected_by_what_happened(recorded: Run, select: str, cells: dict[str, list[str]]) -> None:
    assert {cell.id: [case.case[-1] for case in cell.cases] for cell in joined(recorded, select).cells} == cells


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ("formt=keras", "--select:1: unknown name 'formt' (hint: did you mean 'format'?)"),
        ("outcome=faild", "--select:9: no outcome 'faild' (hint: did you mean 'failed'?)"),
        ("device=gaudi", "--select:8: no device 'gaudi'"),
        ("tensorflow=2.61", "--select:12: no tensorflow '2.61' (hint: did you mean '2.16'?)"),
        ("case=cases/test_b", "--select:6: no case 'cases/test_b' (hint: did you mean 'cases/test_b.py::test_b'?)"),
        ("verdict=faild", "--select:9: no verdict 'faild' (hint: did you mean 'failed'?)"),
        ("package=3", "--select:1: 'package' needs a name (hint: write package(keras) for the package keras)"),
    ],
)
def test_slips_are_told_where_they_were_typed(recorded: Run, select: str, message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        joined(recorded, select)
    assert str(caught.value).startswith(message)


def test_results_are_selected_by_the_interface_of_their_model(recorded: Run, project: Workspace) -> None:
    assert [cell.id for cell in joined(recorded, "interface=dict and format=keras", project).cells] == ["two"]
    assert joined(recorded, "interface=text", project).cells == ()
    assert joined(recorded, "interface=dict").cells == (), "no matrix says what interface the model has"


ANNOUNCED = '''\
import pytest


@pytest.mark.declared(raises="AssertionError", match="1 == 3", instead="Count again.", when="variant=x")
@pytest.mark.task("save")
def test_b(model):
    """It saves."""
'''


def test_verdicts_and_tasks_are_those_of_what_cases_announce(recorded: Run, project: Workspace) -> None:
    (project.cases / "test_b.py").write_text(ANNOUNCED)

    def of_two(select: str) -> list[str]:
        return [
            case.record.variant
            for cell in joined(recorded, f"cell=two and {select}", project).cells
            for case in cell.cases
            if case.record
        ]

    assert of_two("task=save") == ["x", "y"]
    assert of_two("verdict=failed_otherwise") == ["x"], "it failed, in other words than were declared"
    assert of_two("verdict=failed") == []


def test_a_cell_is_joined_with_its_environment_and_cases(recorded: Run) -> None:
    told = json.loads(joined(recorded).model_dump_json())
    assert (told["format"], told["cut_off"], told["run"]["tier"]) == (2, True, "quick")
    one, two, three, _ = told["cells"]
    assert (one["python"], one["lock"], one["reused"]) == ("3.11.7", "10c", False)
    assert [(case["case"][-1], case["outcome"]) for case in two["cases"]] == [
        ("a", "passed"),
        ("b", "failed"),
        ("b", "skipped"),
        ("c", "crashed"),
    ]
    assert (three["python"], three["lock"]) == (None, None)
    assert three["cases"] == [{"case": "cases/test_b.py::test_b", "outcome": "not_run", "record": None}]


def test_every_format_of_the_report_is_rendered(project: Workspace, recorded: Run) -> None:
    rendered = report.render_site(project, recorded, None)
    assert sorted([*(path.name for path in rendered), ".rendered"]) == sorted(path.name for path in project.site.iterdir())
    assert {"index.html", "report.md", "report.json"} <= {path.name for path in rendered}
    assert all(path.stat().st_size for path in rendered)


def test_a_site_that_shows_these_results_stays(make: Any, project: Workspace, recorded: Run) -> None:
    run_plan = RunPlan(
        plan=Plan(cells=(), environments={}, models={}, left_out=()), cases=catalog.read_cases(project.cases), limits=make.limits()
    )
    (page, *_) = report.render_site_if_changed(project, recorded, run_plan)
    page.write_text("as it was drawn")
    report.render_site_if_changed(project, recorded, run_plan)
    assert page.read_text() == "as it was drawn"
    reused = replace(recorded, cases=tuple(record.model_copy(update={"reused": True}) for record in recorded.cases))
    report.render_site_if_changed(project, reused, run_plan)
    assert page.read_text() == "as it was drawn"
    failed = replace(recorded, cases=tuple(record.model_copy(update={"outcome": Outcome.FAILED}) for record in recorded.cases))
    report.render_site_if_changed(project, failed, run_plan)
    assert page.read_text().startswith("<!doctype html>")


def test_the_page_links_to_what_is_beside_it(make: Any, project: Workspace, recorded: Run) -> None:
    run_plan = RunPlan(
        plan=Plan(cells=(), environments={}, models={}, left_out=()), cases=catalog.read_cases(project.cases), limits=make.limits()
    )
    (page, *_) = report.render_site_if_changed(project, recorded, run_plan)
    assert 'href="reported.html"' not in page.read_text()
    (project.site / "reported.html").write_text("what users reported")
    report.render_site_if_changed(project, recorded, run_plan)
    assert 'href="reported.html"' in page.read_text()


def test_a_page_of_the_docs_is_a_page_of_the_site(make: Any, project: Workspace, recorded: Run) -> None:
    run_plan = RunPlan(
        plan=Plan(cells=(), environments={}, models={}, left_out=()), cases=catalog.read_cases(project.cases), limits=make.limits()
    )
    (project.root / "docs").mkdir()
    (project.root / "docs" / "tpu.md").write_text("# Compile for TPU\n\nSee [a case](../cases/test_a.py).\n")
    report.render_site_if_changed(project, recorded, run_plan)
    page = project.site / "tpu.html"
    assert "<h1>Compile for TPU</h1>" in page.read_text()
    assert 'href="../../docs/../cases/test_a.py"' in page.read_text()
    assert 'href="tpu.html"' in (project.site / "index.html").read_text()
    (project.root / "docs" / "tpu.md").write_text("# Another way\n")
    report.render_site_if_changed(project, recorded, run_plan)
    assert "<h1>Another way</h1>" in page.read_text()


def test_the_report_for_a_terminal(project: Workspace, recorded: Run) -> None:
    console = Console(width=160, file=io.StringIO())
    console.print(report.render_terminal(project, recorded))
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "As released, default Keras" in told
    assert "AssertionError: 1" in told
    assert not project.site.exists()


DECLARED_ON_OLDER = '''
import pytest

@pytest.mark.declared(raises="ValueError", match="no", when="python=3.10", instead="Do that.", proof="cases/test_a.py::test_a")
def test_b(model):
    """It does."""
'''


def second_opinion(make: Any, **environment: Any) -> list[Line]:
    """A case that fails on two Pythons, the older of which is a second opinion, and the cells of both."""
    no = Cause(kinds=("builtins.ValueError",), message="no")
    failed = FailureRecord(kinds=("builtins.ValueError",), message="no", cause=no, signature="1-a")
    case, again = "cases/test_b.py::test_b", make.environment_record(id="again", python="3.10.14", **environment)
    home = make.environment_record(python="3.11.7")
    values = {"case": case, "outcome": Outcome.FAILED, "message": "ValueError: no", "failure": failed}
    return [
        home,
        again,
        make.case_record(key="new", environment=home.id, **values),
        make.case_record(key="old", environment="again", cell="one-again", **values),
        make.cell_record(id="one", environment=home.id, cases=(CaseRef(case=case, key="new"),)),
        make.cell_record(
            id="one-again", axes=make.axes(python="3.10"), environment="again", cases=(CaseRef(case=case, key="old"),)
        ),
    ]


def test_a_second_opinion_is_judged_by_the_facts_of_its_environment(make: Any, project: Workspace) -> None:
    (project.cases / "test_b.py").write_text(DECLARED_ON_OLDER)
    run = make.run(*second_opinion(make, second_opinion_on=make.environment_record().id))
    report.render_site(project, run, None)
    view = json.loads((project.site / "report.json").read_text())
    assert [cell["id"] for cell in view["cells"]] == ["one"]
    assert [(case["verdict"], case["python"], case["second"]) for case in view["cases"]] == [
        ("failed", "3.11.7", "Fails on Python 3.10 too, as declared there.")
    ]
