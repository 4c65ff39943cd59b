"""What the documentation lists is what the code has: links, commands, exit codes, words, symbols, and the example of a case."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import typer.main

from harness import catalog
from harness.base import errors
from harness.cli import NOT_COMPILED, app
from harness.domain import Axis, HubFormat, Interface, Outcome, Status, Trouble
from harness.judge.verdict import CellVerdict
from harness.report import wording

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
TPU = (ROOT / "docs" / "tpu.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading of the README."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """What stands in backticks in the first cell of each row of a table."""
    return [name for line in text.splitlines() if line.startswith("|") for name in re.findall(r"`([^`]+)`", line.split("|")[1])]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    files = [link.partition("#")[0] for link in links if "://" not in link]
    assert [name for name in files if name and not (page.parent / name).exists()] == []


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", TPU, re.DOTALL), ids=lambda block: block.partition("\n")[0])
def test_code_about_tpus_stands_in_a_case(block: str) -> None:
    """The same statements one after another. Their layout is ruff's, here and there, at another depth."""
    wanted = [ast.dump(statement) for statement in ast.parse(block).body]
    bodies = [
        [ast.dump(statement) for statement in node.body]
        for path in (ROOT / "cases" / "distributing").glob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef)
    ]
    assert any(wanted == body[start : start + len(wanted)] for body in bodies for start in range(len(body)))


def test_there_is_code_about_tpus() -> None:
    assert TPU.count("```python\n") == 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_machine(page: Path) -> None:
    assert not re.search(r"/(home|root|work|tmp|Users)/|/simple\b|index-url", page.read_text(encoding="utf-8"))


def test_commands() -> None:
    documented = [name.removeprefix("hubmatrix ") for name in first_cells(section("Every day"))]
    command = typer.main.get_command(app)
    assert sorted(documented) == sorted(command.commands)


def test_exit_codes() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)}
    assert documented == {0, NOT_COMPILED, *(kind.exit_code for kind in errors.HubmatrixError.__subclasses__())}


def test_statuses_and_outcomes() -> None:
    words = section("Words")
    assert set(first_cells(words)) == {status.value for status in Status}
    assert [outcome.value for outcome in Outcome if f"`{outcome.value}`" not in words] == []


def test_axes() -> None:
    assert [axis.value for axis in Axis if f"`{axis.value}`" not in section("Every day")] == []


def test_the_report_s_symbols() -> None:
    rows = re.findall(r"^\| (\S) \| ([a-z ]+) \| ([^|]+) \|$", section("Reading the report"), re.MULTILINE)
    assert rows == [(wording.SYMBOLS[one], wording.NAMES[one], wording.MEANINGS[one]) for one in CellVerdict]


def test_words_of_the_results_page() -> None:
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert [word.value for kind in (Status, Trouble, Outcome) for word in kind if f"`{word.value}`" not in page] == []


def test_the_example_of_a_case_is_one(tmp_path: Path) -> None:
    path, example = re.findall(r"`(cases/[a-z_/]+\.py)`:\n\n```python\n(.*?)```", CONTRIBUTING, re.DOTALL)[0]
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(example)
    (tmp_path / "cases" / "conftest.py").write_bytes((ROOT / "cases" / "conftest.py").read_bytes())
    cases = catalog.read_cases(tmp_path / "cases")
    assert [case.id for case in cases] == [f"{path}::test_output_key", f"{path}::test_unknown_output_key"]
    for case in cases:
        assert case.uses == {Axis.MODEL}
        assert (case.formats, case.interfaces) == ({HubFormat.SAVED_MODEL_2}, {Interface.DICT})


def test_the_fixtures_that_stand_for_axes() -> None:
    table = CONTRIBUTING.partition("| fixture (")[2].partition("\n\n")[0]
    assert set(catalog.FIXTURES) <= set(re.findall(r"`([a-z_]+)`", table))
