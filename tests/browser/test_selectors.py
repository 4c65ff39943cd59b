"""Selectors mean the same on the page as in Python: the same trees, the same cells, and both refuse the same texts."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.base.errors import SelectionError
from harness.domain import Interface
from harness.judge import selected
from harness.matrix.selector import Context, Selector, compile_selector
from harness.matrix.shorthand import compile_versions
from harness.report import html
from harness.report.view import view
from harness.results.format import Package
from harness.results.run import Run
from tests.browser import synthetic

Open = Callable[..., Any]
INTERFACES = dict.fromkeys(synthetic.MODELS, Interface.DICT) | {
    "electra-small/2": Interface.LIST,
    "bert-en-uncased/1": Interface.TEXT,
}

TASKS = {"loading/test_load.py::test_hub_load": "load", "saving/test_save.py::test_round_trip": "save"}

TERMS = (
    "tensorflow=2.1",
    "tensorflow==2.16.2",
    "tensorflow in (2.15, 2.18.1,)",
    "tensorflow not in (2.15, 2.18)",
    "tensorflow<2",
    "tensorflow>=2.20",
    "tensorflow>2.16",
    "tensorflow<=2.16.1",
    "package(odd)<=2.0.0rc1",
    "install=today",
    "keras!=legacy",
    "text=with",
    "model='bert-en-uncased/3'",
    "model=none",
    "model!=none",
    "format in (h5, keras)",
    'device = "xla-cpu"',
    "device in (tpu-v5e, mirrored-2)",
    "python>=3.11",
    "python=3.7",
    "python!=3.13",
    "hub<0.17",
    "hub>=0.16.1",
    "interface=text",
    "interface!=dict",
    "environment=tf-2_18_1-as-released-default",
    "cell=tf-2_18_1-as-released-default-small-bert-2-keras-cpu",
    "package(tensorflow_cpu)>=2.19",
    "package(Package.3)=4",
    "package(package-4)<=5.2.3",
    "package(absent)!=1",
    "package(absent)<1",
    "package(odd)=2.0.0rc1",
    "package(odd)>=2",
    "package(odd)<2.0.0",
    "package(beside)=1.2.post1",
    "case=loading/test_load.py::test_hub_load",
    "case=saving",
    "case!=saving/test_save.py",
    "variant=x",
    "variant!=x",
    "outcome=failed",
    "outcome in (timed_out, crashed)",
    "task=save",
    "task!=load",
    "verdict=failed",
    "verdict not in (passed, as_declared)",
    "outcome!=passed",
    "status=import_failed",
    "status!=completed",
    "trouble=interpreter",
)
WHOLE = (
    "",
    "  ",
    "not not (tensorflow=2.16)",
    "outcome=failed and case=loading and not install=today",
    "(outcome=failed or outcome=crashed) and format=h5",
    "not (outcome=passed or verdict=as_declared) or keras=legacy and tensorflow>=2.16",
    "(tensorflow=2.16 and format=h5)",
    "((tensorflow=2.16)) and (format=h5 and device=cpu) or (not format=h5)",
    "tensorflow>=2.15\n and\ttensorflow<2.20",
    "not package(package-1)=1 and outcome=failed and package(beside)>=1",
)
SHORT = ("2.15", "2.15, 2.19", "2.8-2.15", ">=2.12,<2.16", "2.4, >=2.12, <2.16", "==2.16.*", "2.8 .. 2.9.1,", "!=2.15", "< 2")
REFUSED = (
    "tensorflow",
    "tensorflow>=",
    "device=cpu format=h5",
    "device=cpu && format=h5",
    "model=bert@3",
    "model='bert",
    "(device=cpu",
    "device=cpu)",
    "device in cpu",
    "device in ()",
    "device not cpu",
    "model<3",
    "devise=cpu",
    "outcome=faild",
    "tensorflow=2.61",
    "tensorflow=2.16.*",
    "package=3",
    "package(keras)=new",
    "keras(legacy)=3",
    "and",
    "not",
    "case=cases/nothing",
)
ELSEWHERE = ("keras(legacy)=3", "and", "model='bert")
"""Refused by both, but the parsers notice it at different columns."""


@pytest.fixture(scope="module")
def run() -> Run:
    """A run on 2,214 cells. One environment has a release candidate, some cases have a variant or a package beside them, and some
    cells have no model."""
    made = synthetic.run(devices=True)
    odd = Package(name="ODD", version="2.0.0rc1")
    beside = (Package(name="beside", version="1.2.post1"),)
    environments = [
        record.model_copy(update={"packages": (*record.packages, odd)}) if number % 3 == 0 else record
        for number, record in enumerate(made.environments)
    ]
    cases = [
        record.model_copy(update={"variant": "x"})
        if number % 7 == 0
        else record.model_copy(update={"beside": beside})
        if number % 5 == 0
        else record
        for number, record in enumerate(made.cases)
    ]
    cells = [
        record.model_copy(update={"axes": replace(record.axes, model="")}) if record.axes.model == "small-bert/2" else record
        for record in made.cells
    ]
    return Run(header=made.header, environments=tuple(environments), cases=tuple(cases), cells=tuple(cells), footer=made.footer)


@pytest.fixture(scope="module")
def address(run: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("selectors") / "report.html"
    shown = view(run, synthetic.TITLES, judgements=synthetic.judgements(run), interfaces=INTERFACES, tasks=TASKS)
    path.write_text(html.render(shown), encoding="utf-8")
    return path.as_uri()


def compiled(text: str, run: Run) -> Selector:
    return compile_selector(text, Context.RESULT, selected.vocabulary(run, {}))


def cells(run: Run, selector: Selector) -> list[str]:
    return sorted(each.cell.id for each in selected.select_cells(run, selector, INTERFACES, TASKS, synthetic.judgements(run)))


READ = """(source) => {
    const read = readSelector(source);
    const means = placeTest(read);
    return [read.tree, data.cells.id.filter((_, place) => means(place)).sort()];
}"""


def same(page: Any, run: Run, text: str, selector: Selector) -> None:
    tree, ids = page.evaluate(READ, text)
    assert tree == json.loads(json.dumps(selector.tree())), text
    assert ids == cells(run, selector), text


def test_every_term_means_the_same(open_page: Open, address: str, run: Run) -> None:
    page = open_page(address)
    counts = {}
    signature = next(record.failure.signature for record in run.cases if record.failure)
    for text in (*TERMS, f"signature={signature}", f"not signature='{signature}'"):
        selector = compiled(text, run)
        same(page, run, text, selector)
        counts[text] = len(cells(run, selector))
    some = [text for text, count in counts.items() if 0 < count < len(run.cells)]
    assert len(some) >= len(TERMS) - 6, "a term that means every cell or none shows little"


def test_whole_selectors_mean_the_same(open_page: Open, address: str, run: Run) -> None:
    page = open_page(address)
    dice = random.Random(5)

    def grown(depth: int) -> str:
        if depth == 0 or dice.random() < 0.2:
            return dice.choice(TERMS)
        left, right = grown(depth - 1), grown(depth - 1)
        return dice.choice(
            (f"not ({left})", f"not {left}", f"({left}) and {right}", f"{left} or ({right})", f"{left} and {right} or {left}")
        )

    for text in (*WHOLE, *(grown(3) for _ in range(20))):
        same(page, run, text, compiled(text, run))


def test_versions_in_short_mean_the_same(open_page: Open, address: str, run: Run) -> None:
    page = open_page(address)
    for text in SHORT:
        same(page, run, text, compile_versions(text))


def test_both_refuse_the_same_at_the_same_column(open_page: Open, address: str, run: Run) -> None:
    page = open_page(address)
    refusals = page.evaluate(
        """(texts) => texts.map((text) => {
            try {
                return readSelector(text) && "";
            } catch (fault) {
                return fault instanceof Fault ? fault.message : String(fault);
            }
        })""",
        REFUSED,
    )
    for text, refusal in zip(REFUSED, refusals, strict=True):
        with pytest.raises(SelectionError) as caught:
            compiled(text, run)
        column = caught.value.problems[0].location.rpartition(":")[2]
        assert refusal.startswith(f"column {column}:" if text not in ELSEWHERE else "column "), (text, refusal, str(caught.value))


def test_a_selector_on_a_large_page_is_quick(open_page: Open, large_report: str) -> None:
    page = open_page(large_report)
    page.locator("#filters [name=model]").select_option("")
    seconds = page.evaluate(
        """() => {
            const before = performance.now();
            const means = placeTest(readSelector("outcome=failed and not package(package-1)=1 or case=saving and tensorflow<2.4"));
            data.cells.id.filter((_, place) => means(place));
            return (performance.now() - before) / 1000;
        }"""
    )
    assert seconds < 3


def test_what_the_page_begins_with_does_not_hide_what_is_asked_for(open_page: Open, address: str) -> None:
    page = open_page(address)
    assert page.locator("#filters [name=device]").input_value() == "host"
    page.locator("#filters [name=select]").fill("device=tpu-v5e")
    page.wait_for_function("() => /^[1-9].* of 2,214 cells$/.test(document.getElementById('shown').textContent)")
