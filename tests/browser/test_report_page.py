"""The page as a reader uses it: filters, keyboard, links, themes, a phone, and 20,000 cells."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.domain import Outcome
from tests.browser import synthetic

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
CELL = "tf-2_18_1-as-released-default-small-bert-2-keras-cpu"
Open = Callable[..., Any]
Write = Callable[..., str]
VISIBLE = "() => buttons.filter((_, place) => seen(place)).length"


def shown(page: Any) -> str:
    return str(page.locator("#shown").inner_text())


def active(page: Any) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label')"))


def test_opens_from_a_file_and_shows_every_cell(open_page: Open, report: str) -> None:
    page = open_page(report)
    assert page.title().startswith("What works with what")
    assert shown(page) == "1,800 cells"
    assert page.locator(".grid td button").count() == 1800
    assert page.locator("#theme").is_visible()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("install", "today", "900 of 1,800 cells"),
        ("keras", "legacy", "420 of 1,800 cells"),
        ("model", "small-bert/2", "360 of 1,800 cells"),
        ("format", "h5", "600 of 1,800 cells"),
        ("device", "cpu", "900 of 1,800 cells"),
        ("select", "2.20", "120 of 1,800 cells"),
        ("select", "2.8-2.10, 1.15", "240 of 1,800 cells"),
        ("select", ">=2.20", "240 of 1,800 cells"),
        ("select", ">=2.15,<2.20", "600 of 1,800 cells"),
        ("select", "tensorflow>=2.20 and keras=legacy", "120 of 1,800 cells"),
        (
            "select",
            "nonsense",
            "1,800 cells; the selector is not understood, column 1: unknown name nonsense",
        ),
        (
            "select",
            "tensorflow>=2.15 and modle=x",
            "1,800 cells; the selector is not understood, column 22: unknown name modle, did you mean model?",
        ),
        ("q", "PKG_resources", "450 of 1,800 cells"),
        ("q", "no such words", "0 of 1,800 cells"),
    ],
)
def test_filters(open_page: Open, report: str, name: str, value: str, expected: str) -> None:
    page = open_page(report)
    field = page.locator(f"#filters [name={name}]")
    field.select_option(value) if name not in ("select", "q") else field.fill(value)
    expect(page.locator("#shown")).to_have_text(expected)
    count = int(expected.split()[0].replace(",", ""))
    assert page.evaluate(VISIBLE) == count
    assert page.locator("#nothing").is_visible() == (count == 0)


def test_verdicts_filter_and_their_counts_follow_the_other_filters(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.locator("#filters [name=select]").fill("2.2")
    expect(page.locator("#shown")).to_contain_text("60 of")
    assert page.locator("[data-verdict=u] b").inner_text() == "60"
    assert page.locator("[data-verdict=f] b").inner_text() == "0"
    page.locator("#filters [name=select]").fill("")
    page.locator("[data-verdict=x]").click()
    expect(page.locator("#shown")).to_contain_text("12 of")
    assert page.locator(".grid td.x button:visible").count() == 12
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("#shown")).to_have_text("1,800 cells")


def test_headings_span_the_columns_that_are_left(open_page: Open, report: str) -> None:
    page = open_page(f"{report}#device=cpu&format=keras")
    spans = page.evaluate(
        "[...document.querySelector('.grid .model').parentNode.querySelectorAll('.model')].map((one) => one.colSpan)"
    )
    assert spans == [1, 1, 1, 1, 1]


def test_opens_a_cell_by_click_with_everything_about_it(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.get_by_role("button", name="TensorFlow 2.18.1, as-released, default Keras, small-bert/2, keras, cpu: partly").click()
    dialog = page.get_by_role("dialog")
    text = dialog.inner_text()
    assert "TensorFlow 2.18.1 with small-bert/2" in text
    assert "ended otherwise than expected" in text
    assert "! unexpected pass" in text
    assert f'python3 -m nox -s "cells(tf-2_18_1-as-released-default)" -- --cell {CELL}' in text
    assert "pip install tensorflow-cpu==2.18.1 tensorflow-hub==0.16.1" in text
    assert "ran once, in the process of the cell h5" in text
    dialog.locator("summary", has_text="Evidence").first.click()
    assert "Traceback (most recent call last)" in dialog.inner_text()
    assert f"cell={CELL}" in page.url
    page.get_by_role("button", name="Close").click()
    expect(page).to_have_url(report)


def test_a_cell_links_to_the_cell_that_ran_its_case(open_page: Open, report: str) -> None:
    page = open_page(f"{report}#cell={CELL}")
    page.get_by_role("dialog").locator(".from button").first.click()
    assert "cell=tf-2_18_1-as-released-default-small-bert-2-h5-cpu" in page.url


def test_a_reused_result_says_so_with_its_date(open_page: Open, report: str) -> None:
    page = open_page(f"{report}#cell=tf-2_5_3-as-released-default-small-bert-2-h5-cpu")
    assert "reused, recorded 2026-11-13" in page.get_by_role("dialog").inner_text()


def test_keyboard(open_page: Open, report: str) -> None:
    page = open_page(report)
    assert page.locator('.grid td button[tabindex="0"]').count() == 4
    page.locator('.grid td button[tabindex="0"]').first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    here = active(page)
    assert here.startswith("TensorFlow 2.20.0, as-released, default Keras, albert-en-base/3, h5, xla-cpu: fails")
    page.keyboard.press("Enter")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    assert active(page) == here
    page.keyboard.press("End")
    assert "small-bert/2, savedmodel, xla-cpu" in active(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    assert "albert-en-base/3, h5, cpu" in active(page)
    assert page.locator('.grid td button[tabindex="0"]').count() == 4


def test_arrows_skip_what_the_filters_hide(open_page: Open, report: str) -> None:
    page = open_page(f"{report}#verdict=p&install=as-released&keras=default")
    page.locator('.grid td button[tabindex="0"]').first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowDown")
        assert ": partly:" in active(page)


def test_a_link_opens_the_cell_under_its_filters(open_page: Open, report: str) -> None:
    page = open_page(f"{report}#tf=2.18&verdict=p,x&q=gradients&cell={CELL}")  # tf: a link of a page before selectors
    assert "TensorFlow 2.18.1 with small-bert/2" in page.get_by_role("dialog").inner_text()
    assert page.locator("#filters [name=select]").input_value() == "2.18"
    assert shown(page) == "12 of 1,800 cells"
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{report}#select=2.18&q=gradients&verdict=p%2Cx")


def test_a_message_of_the_summary_shows_its_cells(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.get_by_role("button", name="Show all").first.click()
    expect(page.locator("#shown")).to_have_text("450 of 1,800 cells")


def test_a_run_on_published_models_says_so_where_it_says_how_to_run_it_again(open_page: Open, write: Write) -> None:
    run = synthetic.run(1)
    header = run.header.model_copy(update={"options": ("--models", "published", "--hub-url", "http://127.0.0.1:8700/a b")})
    page = open_page(write(dataclasses.replace(run, header=header)))
    page.locator(".grid td button").first.click()
    assert "-- --cell " in page.get_by_role("dialog").inner_text()
    assert "--models published --hub-url 'http://127.0.0.1:8700/a b'" in page.get_by_role("dialog").inner_text()


def test_a_known_message_is_explained(open_page: Open, report: str) -> None:
    page = open_page(report)
    line = page.locator("#messages li:has-text('pkg_resources')").first.locator(".diagnosis").inner_text()
    assert "setuptools has no longer" in line
    assert "What to do: pip install 'setuptools<81'" in line
    page.locator("#messages li:has-text('pkg_resources') button.open").first.click()
    assert "What to do: pip install 'setuptools<81'" in page.get_by_role("dialog").locator(".diagnosis").inner_text()


def test_a_case_that_is_known_is_explained_in_its_cell(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.locator(WAY).first.locator("td.d").first.click()
    asked = page.get_by_role("dialog").locator(".asked")
    assert "hub.KerasLayer is a layer of Keras 2" in asked.locator(".diagnosis", has_text="Why: ").inner_text()
    remedy = asked.locator(".diagnosis", has_text="Instead: ").inner_text()
    assert "Use tf_keras" in remedy
    assert "passed in this environment" in remedy


def test_copies_the_pip_install_line(open_page: Open, report: str) -> None:
    page = open_page(f"{report}#cell={CELL}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the pip install line").click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("pip install tensorflow-cpu==2.18.1 ")


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_themes_follow_the_reader_and_the_toggle_is_remembered(open_page: Open, report: str, scheme: str, other: str) -> None:
    page = open_page(report, scheme=scheme)
    paper = "getComputedStyle(document.body).backgroundColor"
    papers = {"light": "rgb(253, 252, 250)", "dark": "rgb(21, 23, 26)"}
    assert page.evaluate(paper) == papers[scheme]
    page.locator("#theme").click()
    assert page.evaluate(paper) == papers[other]
    page.reload()
    assert page.evaluate(paper) == papers[other]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(open_page: Open, report: str, scheme: str) -> None:
    page = open_page(report, scheme=scheme)
    ratios = page.evaluate(Path(__file__).with_name("contrast.js").read_text(encoding="utf-8"))
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
    assert len(ratios) > 10


@pytest.mark.parametrize("opened", [False, True])
def test_a_phone_never_scrolls_sideways(open_page: Open, report: str, opened: bool) -> None:
    page = open_page(f"{report}#cell={CELL}" if opened else report, width=360, height=740)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    if opened:
        assert page.evaluate("document.getElementById('detail').scrollWidth <= 360")
        return
    assert 80 < page.locator(".models tbody th").first.bounding_box()["width"] < 160
    first = page.locator(".grid tbody th").first
    before = first.bounding_box()
    page.evaluate("document.querySelector('.grid .scroll').scrollLeft = 500")
    assert first.bounding_box()["x"] == before["x"]


def test_a_run_that_was_cut_off_says_so(open_page: Open, write: Write) -> None:
    page = open_page(write(synthetic.run(1, cut_off=True)))
    assert page.get_by_role("alert").inner_text().startswith("This run was cut off; 252 of 360 cells have a result.")


def test_hostile_text_is_shown_as_text(open_page: Open, write: Write) -> None:
    hostile = "</script><img src=x onerror='document.title=1'>\u202e\x1b[31m<b>bold</b>"
    run = synthetic.run(1)
    cases = tuple(
        case.model_copy(update={"outcome": Outcome.FAILED, "message": hostile, "evidence": hostile * 2000, "failure": None})
        for case in run.cases
    )
    changed = type(run)(header=run.header, environments=run.environments, cases=cases, cells=run.cells, footer=run.footer)
    page = open_page(write(changed, dict.fromkeys(synthetic.TITLES, hostile)))
    page.locator(".grid td.f button", has_text="9!").first.click()
    assert "</script><img src=x onerror='document.title=1'><U+202E><b>bold</b>" in page.get_by_role("dialog").inner_text()
    assert page.locator("img, b b").count() == 0
    assert page.title().startswith("What works")


def test_twenty_thousand_cells_stay_usable(open_page: Open, large_report: str) -> None:
    page = open_page(large_report)
    assert shown(page) == "360 of 20,160 cells"  # so many columns begin with one model
    page.locator("#filters [name=model]").select_option("")
    expect(page.locator("#shown")).to_have_text("20,160 cells")
    assert "model=any" in page.url
    page.locator("#filters [name=q]").fill("pkg_resources")
    expect(page.locator("#shown")).to_have_text("5,040 of 20,160 cells")
    page.locator(".grid td.f:not(.off) button:visible").first.click()
    assert "No module named 'pkg_resources'" in page.get_by_role("dialog").inner_text()
    assert json.loads(page.evaluate("JSON.stringify(data.cells.id.length)")) == 20_160


def test_prints_without_filters_and_without_a_frame_that_cuts(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.emulate_media(media="print")
    assert not page.locator("#filters").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.grid .scroll')).overflowX") == "visible"


WAY = "#ways .panel:visible tr:has(th:has-text('A functional model takes the layer'))"


def test_the_first_answer_is_which_way_works(open_page: Open, report: str) -> None:
    page = open_page(report)
    assert page.locator("main > section").first.get_attribute("id") == "ways"
    line = page.locator(WAY).first
    assert "works 2.0–2.1, 2.3–2.12, 2.14–2.15; fails in 2.13; fails as declared 2.16–2.19, 2.21" in line.inner_text().replace(
        "\u2060", ""
    )
    assert line.locator("td.w").count() == 14
    assert "As released: doesn’t import in 2.20: AttributeError" in page.locator("#ways .panel:visible .reasons").inner_text()


def test_a_mark_opens_its_cell_at_its_case(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.locator(WAY).first.locator("td.d").first.click()
    dialog = page.get_by_role("dialog")
    assert "TensorFlow 2.16.2 with albert-en-base/3" in dialog.inner_text()
    asked = dialog.locator(".asked")
    assert "A functional model takes the layer" in asked.inner_text()
    assert "as declared" in asked.inner_text()
    assert asked.evaluate("(one) => one.getBoundingClientRect().bottom <= innerHeight")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    assert active(page) == "A functional model takes the layer, TensorFlow 2.16.2: fails as declared"


def test_every_mark_opens_the_version_above_it(open_page: Open, report: str) -> None:
    page = open_page(report)
    wrong = page.evaluate(
        """() => [...document.querySelectorAll("#ways tr[data-way] > td[class]:not(.told)")].filter((box) => {
          const version = data.versions[columnOf(box)];
          const head = box.closest("table").tHead.rows[0].cells;
          const cell = data.ways[box.parentNode.dataset.way][1][columnOf(box)];
          const axes = axesOf(cell);
          const panel = box.closest(".panel").dataset.install;
          const line = box.parentNode.classList.contains("under") ? box.parentNode.previousElementSibling : box.parentNode;
          const models = line.dataset.m?.split(" ").map((one) => wayModel.options[Number(one) + 1].value) ?? [axes.model];
          const label = head[head.length - data.versions.length + columnOf(box)].textContent;
          if (!models.includes(axes.model)) return true;
          return axes.tensorflow !== version || axes.install !== panel || !version.startsWith(label);
        }).length"""
    )
    assert wrong == 0


LINES = "#ways .panel tr[data-way]:not(.under):visible"


def test_ways_of_one_model(open_page: Open, report: str) -> None:
    page = open_page(report)
    every = page.locator(LINES).count()
    page.locator("#ways-model").select_option("small-bert/2")
    expect(page.locator("#ways .panel:visible summary small").first).to_contain_text(" of ")
    assert 0 < page.locator(LINES).count() < every
    wrong = page.evaluate(
        """() => [...document.querySelectorAll("#ways tr[data-m]")].filter((row) => row.checkVisibility())
          .filter((row) => !row.dataset.m.split(" ").includes(String(wayModel.selectedIndex - 1))).length"""
    )
    assert wrong == 0
    assert "for=small-bert" in page.url
    page.locator("#ways .panel:visible tr[data-way]:visible td.w").first.click()
    assert "with small-bert/2" in page.get_by_role("dialog").inner_text()
    page.reload()
    assert page.locator("#ways-model").input_value() == "small-bert/2"


def test_ways_are_found_by_their_words_and_by_what_fails(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.locator("#ways-find").fill("functional MODEL")
    expect(page.locator("#ways details.ways:visible")).to_have_count(1)
    assert "A functional model takes the layer" in page.locator("#ways tr[data-way]:visible").first.inner_text()
    page.locator("#ways-find").fill("no such words")
    expect(page.locator("#ways-nothing")).to_be_visible()
    page.locator("#ways-find").fill("")
    expect(page.locator("#ways-nothing")).to_be_hidden()
    every = page.locator(LINES).count()
    page.locator("#ways-bad").check()
    expect(page.locator(LINES)).not_to_have_count(every)
    assert page.evaluate(
        """() => [...document.querySelectorAll("#ways tr[data-way]:not(.under)")].filter((row) => row.checkVisibility())
          .every((row) => [row, row.nextElementSibling].some((one) => one?.querySelector("td.f, td.c, td.t, td.x, td.p")))"""
    )
    page.locator("#ways-bad").uncheck()
    expect(page.locator(LINES)).to_have_count(every)


def test_a_number_opens_its_cell_and_what_stands_apart_is_marked(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.locator("#ways .panel:visible .numbers summary").click()
    apart = page.locator("#ways .panel:visible .numbers .apart").first
    assert (apart.inner_text(), apart.get_attribute("title")) == ("3e-4", "TensorFlow 2.8.4: 0.00031")
    apart.click()
    asked = page.get_by_role("dialog").locator(".asked")
    assert "drift" in asked.inner_text()
    assert "0.00031" in asked.inner_text()


def test_ways_by_keyboard(open_page: Open, report: str) -> None:
    page = open_page(report)
    assert page.locator("#ways table").first.locator("[tabindex='0']").count() == 1
    page.locator("#ways td[tabindex='0']").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    assert active(page) == "KerasLayer loads the handle, TensorFlow 2.21.0: works"
    while active(page).startswith("KerasLayer loads the handle"):
        page.keyboard.press("ArrowDown")
    assert active(page) == "hub.load gives the published signatures, TensorFlow 2.21.0: works"
    page.keyboard.press("Enter")
    assert "hub.load gives" in page.get_by_role("dialog").locator(".asked").inner_text()


def test_today_is_one_click_away_and_a_version_can_be_singled_out(open_page: Open, report: str) -> None:
    page = open_page(report)
    page.get_by_text("today", exact=True).first.click()
    assert page.locator("#ways .panel:visible").get_attribute("data-install") == "today"
    page.get_by_label("Your TensorFlow").select_option("2.21.0")
    marks = page.locator("#ways .panel:visible tr[data-way]").first.locator("td:not(.told)")
    assert [one.evaluate("(one) => getComputedStyle(one).opacity") for one in (marks.first, marks.last)] == ["0.28", "1"]
    page.get_by_label("Your TensorFlow").select_option("")
    assert marks.first.evaluate("(one) => getComputedStyle(one).opacity") == "1"


@pytest.mark.parametrize("width", [360, 700, 1024])
def test_marks_scroll_inside_their_frame(open_page: Open, report: str, width: int) -> None:
    page = open_page(report, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    line = page.locator(WAY).first
    before = line.locator("th").bounding_box()
    page.locator("#ways .scroll").first.evaluate("(one) => (one.scrollLeft = 90)")
    after = line.locator("th").bounding_box()
    assert (before["x"], before["width"]) == (after["x"], after["width"])
    if width == 360:
        assert before["width"] > 300
        assert line.locator("td").nth(1).bounding_box()["y"] >= line.locator(".told").bounding_box()["y"]
