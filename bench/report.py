"""`report`: size and speed of the report of an invented run. Prints one line a figure.

Needs Chromium for the second half; without it, says so.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from harness.report import html, jsonview, markdown
from harness.report.view import view
from tests.browser import synthetic

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FILTERED = """([name, value]) => {
  const start = performance.now();
  document.getElementById("filters").elements[name].value = value;
  applyFilters();
  const applied = performance.now();
  document.body.offsetHeight;
  return [applied - start, performance.now() - start];
}"""
OPENED = """() => {
  const start = performance.now();
  openCell(data.cells.verdict.indexOf("p"));
  const opened = performance.now();
  document.body.offsetHeight;
  return [opened - start, performance.now() - start];
}"""
UNFOLDED = """(all) => {
  const start = performance.now();
  for (const one of [...document.querySelectorAll("details.ways:not([open])")].slice(0, all ? undefined : 1)) one.open = true;
  document.body.offsetHeight;
  return performance.now() - start;
}"""
SINGLED = """() => {
  const start = performance.now();
  mine.selectedIndex = 3;
  mine.dispatchEvent(new Event("change"));
  document.body.offsetHeight;
  return performance.now() - start;
}"""
T = TypeVar("T")


def timed(name: str, work: Callable[[], T]) -> T:
    """Run `work`, print the seconds that it took, and return its result."""
    start = perf_counter()
    result = work()
    print(f"{name:<34}{perf_counter() - start:8.2f} s")
    return result


def measure(models: int, *, browser: bool) -> None:
    """Render a run of so many models, and look at the page in a browser."""
    run = timed("make the synthetic run", lambda: synthetic.run(models))
    print(f"{'cells, cases':<34}{len(run.cells):>8,} {len(run.cases):,}")
    page_view = timed("view", lambda: view(run, synthetic.TITLES, judgements=synthetic.judgements(run)))
    page = timed("render html", lambda: html.render(page_view))
    data = timed("render json", lambda: jsonview.render(page_view))
    text = timed("render markdown", lambda: markdown.render(page_view))
    for name, rendered in (("html", page), ("json", data), ("markdown", text)):
        raw = rendered.encode()
        print(f"{name + ' bytes, compressed':<34}{len(raw):>12,} {len(zlib.compress(raw)):,}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(page, encoding="utf-8")
        if browser:
            in_browser(path.as_uri())


def in_browser(address: str) -> None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("playwright is not installed: browser figures left out")
        return
    if not Path(CHROMIUM).exists():
        print("no Chromium here: browser figures left out")
        return
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        timed("load", lambda: page.goto(address))
        for name, value in (
            ("q", "pkg_resources"),
            ("q", ""),
            ("select", ">=2.16"),
            ("device", "cpu"),
            ("device", ""),
            ("select", ""),
        ):
            script, whole = page.evaluate(FILTERED, [name, value])
            print(f"{f'filter {name} = {value!r}: script, laid out':<44}{script:8.0f} ms{whole:8.0f} ms")
        script, whole = page.evaluate(OPENED)
        print(f"{'open a cell: script, laid out':<44}{script:8.0f} ms{whole:8.0f} ms")
        print(f"{'unfold the ways of one model':<44}{page.evaluate(UNFOLDED, False):21.0f} ms")
        print(f"{'unfold all ways':<44}{page.evaluate(UNFOLDED, True):21.0f} ms")
        print(f"{'single out a version in them':<44}{page.evaluate(SINGLED):21.0f} ms")
        browser.close()
