"""Chromium, pages on disk, and a page that fails its test on any error, warning or request."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report import html
from harness.report.view import view
from tests.browser import synthetic

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Ends with its module: while it is open, its event loop runs, and no other test in the process could start one."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = os.environ.get("HUBMATRIX_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        pytest.skip("no Chromium on this machine; HUBMATRIX_CHROMIUM names one that is not on PATH")
    with driver.sync_playwright() as started:
        found = started.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report on 1,800 cells."""
    return written(tmp_path_factory.mktemp("report"), synthetic.run())


@pytest.fixture(scope="session")
def tpu_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report on 2,214 cells, those of chips, a strategy and hardware among them."""
    return written(tmp_path_factory.mktemp("tpu"), synthetic.run(devices=True))


@pytest.fixture(scope="session")
def large_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report on 20,160 cells."""
    return written(tmp_path_factory.mktemp("large"), synthetic.run(56))


def written(folder: Path, run: Any, titles: Any = None) -> str:
    path = folder / "report.html"
    path.write_text(html.render(view(run, titles or synthetic.TITLES, judgements=synthetic.judgements(run))), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Writes the report of a run, and gives its address."""
    return lambda run, titles=None: written(tmp_path, run, titles)


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens an address in a context of its own; at the end, nothing may have gone wrong on any page."""
    contexts, trouble = [], []

    def opened(address: str, width: int = 1400, height: int = 900, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("requestfailed", lambda request: trouble.append(f"failed: {request.url}"))
        page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else trouble.append(request.url))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert trouble == []
