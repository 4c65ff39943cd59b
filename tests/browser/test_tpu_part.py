"""Programs for TPU as a reader uses them: a chip, a figure, a mark, a phone; and devices in the tables of cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
Open = Callable[..., Any]
ROWS = ".programs tr[data-way]:visible"
FORWARD = f"{ROWS}:has(th:has-text('the forward pass compiles')):has(th:has-text('small-bert/2'))"


def test_programs_begin_with_the_chip_that_has_most(open_page: Open, tpu_report: str) -> None:
    page = open_page(tpu_report)
    assert page.locator("#tpu-chip").input_value() == "tpu-v5e"
    assert page.locator("#tpu-count").inner_text() == "30 of 66 programs"
    assert page.locator(ROWS).count() == 30
    page.locator("#tpu-chip").select_option("tpu-7x")
    expect(page.locator("#tpu-count")).to_have_text("6 of 66 programs")
    page.locator("#tpu-chip").select_option("")
    page.locator("#tpu-model").select_option("small-bert/2")
    assert page.locator(ROWS).count() == 6
    assert page.locator(".programs .chip-tag:visible").first.inner_text() == "tpu-v5e"


def test_a_program_says_what_it_needs(open_page: Open, tpu_report: str) -> None:
    told = open_page(tpu_report).locator(FORWARD).first.locator(".told").inner_text()
    assert "compiles 2.1, 2.3–2.19, 2.21" in told.replace("\u2060", "")
    for words in ("MB code", "MB temporaries", "of the chip’s 17.2 GB", "MFLOP", "µs a run", "compiled in"):
        assert words in told


def test_a_refusal_is_told_in_the_words_of_the_compiler(open_page: Open, tpu_report: str) -> None:
    page = open_page(tpu_report)
    row = page.locator(f"{ROWS}:has(th:has-text('far too large'))").first
    assert "RESOURCE_EXHAUSTED: Ran out of memory in memory space hbm" in row.locator(".said").inner_text()
    assert page.locator(".programs .said b, .programs b img").count() == 0


def test_a_mark_opens_its_cell_at_its_case(open_page: Open, tpu_report: str) -> None:
    page = open_page(tpu_report)
    page.locator(FORWARD).first.locator("td.w").last.click()
    dialog = page.get_by_role("dialog")
    assert "TensorFlow 2.21.0 with small-bert/2" in dialog.inner_text()
    asked = dialog.locator(".asked").inner_text()
    assert "the forward pass compiles" in asked
    assert "code_bytes" in asked
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")  # on a busy machine the next key would still be the dialog's
    page.keyboard.press("ArrowLeft")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label.endswith("TensorFlow 2.20.0: doesn’t install or import")


def test_every_mark_opens_its_version_chip_and_model(open_page: Open, tpu_report: str) -> None:
    wrong = open_page(tpu_report).evaluate(
        """() => [...document.querySelectorAll(".programs tr[data-way] > td[class]:not(.told)")].filter((box) => {
          const axes = axesOf(data.ways[box.parentNode.dataset.way][1][columnOf(box)]);
          const { chip, model } = box.parentNode.dataset;
          return axes.tensorflow !== data.versions[columnOf(box)] || axes.device !== chip || axes.model !== model;
        }).length"""
    )
    assert wrong == 0


def test_a_figure_takes_the_place_of_the_marks(open_page: Open, tpu_report: str) -> None:
    page = open_page(tpu_report)
    mark = page.locator(FORWARD).first.locator("td.w").last
    content = "(one) => getComputedStyle(one, '::before').content"
    assert "✓" in mark.evaluate(content)
    page.locator("#tpu-show").select_option("code_bytes")
    assert mark.evaluate(content) == '"1.3M"'
    mark.hover()
    assert mark.get_attribute("title").startswith("TensorFlow 2.21.0: compiles, 1,326,8")
    page.locator("#tpu-show").select_option("")
    assert "✓" in mark.evaluate(content)


def test_results_that_differ_stand_apart(open_page: Open, tpu_report: str) -> None:
    page = open_page(tpu_report)
    text = page.locator("#tpu").inner_text()
    assert "but by 3e-4 to 4e-4 in 2.4, 2.8" in text
    assert "its own compiler for the CPU is what differs" in text
    assert page.locator(".drift .apart").count() == 2
    page.locator(".drift .apart button").first.click()
    assert "TensorFlow 2.4.4" in page.get_by_role("dialog").inner_text()


def test_tables_of_cells_begin_with_this_machine(open_page: Open, tpu_report: str) -> None:
    page = open_page(tpu_report)
    assert page.locator("#filters [name=device]").input_value() == "host"
    assert "360 of 2,214 cells" in page.locator("#shown").inner_text()
    page.locator("#filters [name=model]").select_option("")
    expect(page.locator("#shown")).to_have_text("1,800 of 2,214 cells")
    page.locator("#filters [name=device]").select_option("chip")
    expect(page.locator("#shown")).to_have_text("253 of 2,214 cells")
    assert "device=chip" in page.url
    page.reload()
    expect(page.locator("#shown")).to_have_text("253 of 2,214 cells")
    page.locator("#filters [name=device]").select_option("tpu")
    expect(page.locator("#shown")).to_have_text("23 of 2,214 cells")
    assert page.locator("[data-verdict=u] b").inner_text() == "21"


def test_missing_hardware_is_no_way_that_fails(open_page: Open, tpu_report: str) -> None:
    page = open_page(tpu_report)
    ways = page.locator("#ways .panel").first.locator("tr[data-way]:has(th:has-text('fit under a strategy'))")
    tags = set(ways.locator(".tag:not(.of)").all_inner_texts())
    assert tags == {"mirrored-2"}
    devices = page.locator("#tpu .tally tr:has(th:has-text('gpu'))").inner_text()
    assert "21" in devices


@pytest.mark.parametrize("width", [360, 700, 1024])
def test_nothing_scrolls_sideways_but_the_tables(open_page: Open, tpu_report: str, width: int) -> None:
    page = open_page(tpu_report, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if width == 360:
        outside = "(all) => all.filter((one) => one.getBoundingClientRect().right > 360).map((one) => one.textContent)"
        assert page.locator(".programs .facts > span:visible").evaluate_all(outside) == []
        first = page.locator(FORWARD).first
        assert first.locator("th").bounding_box()["width"] > 300
        assert first.locator("td").nth(1).bounding_box()["y"] >= first.locator(".told").bounding_box()["y"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(open_page: Open, tpu_report: str, scheme: str) -> None:
    page = open_page(tpu_report, scheme=scheme)
    ratios = page.evaluate(Path(__file__).with_name("contrast.js").read_text(encoding="utf-8"))
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
