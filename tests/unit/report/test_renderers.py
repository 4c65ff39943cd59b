"""What each format must hold, whatever the texts in the run: hostile text stays text."""

from __future__ import annotations

import dataclasses
import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter

from harness.domain import Outcome, Status
from harness.report import html, jsonview, markdown
from harness.report.document import FORMAT, View
from harness.report.view import view

HOSTILE = "</script><img src=x onerror=alert(1)><!--<script>\x1b[31m\u202e|`x`]]>{{ 7*7 }} &amp; 'quoted\" \ud800"


class Page(HTMLParser):
    """Elements by name, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.current = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.current = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  the base class names it
        self.current = ""

    def handle_data(self, data: str) -> None:
        if self.current in self.inside:
            self.inside[self.current].append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture
def hostile(records: Any) -> View:
    """A run in which every free text is hostile, and one line of evidence has 100 kB."""
    broken = {"status": Status.IMPORT_FAILED, "message": HOSTILE, "evidence": HOSTILE * 10, "requirements": (HOSTILE[:-1],)}
    records.cell(tensorflow="2.9.3", status=Status.IMPORT_FAILED, environment=broken, message=HOSTILE, evidence="x" * 100_000)
    long = records.case(
        "cell-1", "env-1", Outcome.FAILED, case="c", message=HOSTILE, evidence=HOSTILE + "y" * 100_000, variant=HOSTILE
    )
    records.cell(refs=(long,), model=HOSTILE[:-1])
    return records.view({"c": HOSTILE})


def test_html_keeps_hostile_text_as_text(hostile: View) -> None:
    page = html.render(hostile)
    parsed = Page(page)
    assert parsed.named("img") == []
    assert [one.get("type") for one in parsed.named("script")] == ["application/json", None]
    assert not any(name.startswith("on") for _, attributes in parsed.found for name in attributes)
    assert "\x1b" not in page
    data = json.loads(parsed.inside["script"][0])
    assert any("</script><img src=x onerror=alert(1)>" in one for one in data["strings"])
    page.encode()


def test_html_is_bounded_by_what_is_kept_of_long_texts(hostile: View) -> None:
    assert len(html.render(hostile)) < 200_000
    assert all(len(text) < 21_000 for text in hostile.evidence)


def test_html_policy_names_the_style_and_the_script_it_holds(every: Any) -> None:
    parsed = Page(html.render(every.view({})))
    policy = next(one["content"] for one in parsed.named("meta") if one.get("http-equiv") == "Content-Security-Policy") or ""
    for text in (parsed.inside["style"][0], parsed.inside["script"][1]):
        assert b64encode(sha256(text.encode()).digest()).decode() in policy
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")


def test_html_needs_nothing_from_elsewhere(every: Any) -> None:
    parsed = Page(html.render(every.view({})))
    links = [value for _, attributes in parsed.found for name, value in attributes.items() if name in ("src", "href") and value]
    assert [link for link in links if not link.startswith(("#", "data:"))] == []
    assert not re.search(r"url\(|@import|https?:", "".join(parsed.inside["style"] + parsed.inside["script"][1:]))
    assert [one for _, one in parsed.found if "style" in one] == []


def test_cells_without_a_model_have_a_column_of_their_own(every: Any) -> None:
    shown = every.view({})
    page = html.render(shown)
    assert '<th scope="colgroup" colspan="1" class="model"><span>no model</span></th>' in page
    assert '<option value="none">no model</option>' in page
    assert "| TensorFlow | `no model` | `bert-en/3` |" in markdown.render(shown)
    assert "no model" not in [model.model for model in shown.models]


def test_html_has_real_tables(every: Any) -> None:
    parsed = Page(html.render(every.view({})))
    assert all("scope" in one for one in parsed.named("th"))
    assert len([tag for tag, _ in parsed.found if tag == "caption"]) == 3 + 2  # sections; folders of cases that could be tried


def test_html_says_how_to_measure_the_same_models_again(every: Any) -> None:
    run = every.run()
    again = ("--models", "published", "--hub-url", "http://127.0.0.1:8700")
    header = run.header.model_copy(update={"options": again})
    parsed = Page(html.render(view(dataclasses.replace(run, header=header), {})))
    assert tuple(json.loads(parsed.inside["script"][0])["options"]) == again


def test_html_of_an_empty_run_says_that_it_was_cut_off(records: Any) -> None:
    assert "This run was cut off; 0 of 3 cells have a result." in html.render(records.view({}, planned=3, footer=False))


def test_markdown_keeps_hostile_text_in_code(hostile: View) -> None:
    text = markdown.render(hostile)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert "<img" in text
    assert "<" not in outside
    widths = [line.replace(r"\|", "").count("|") for line in text.splitlines() if line.startswith("| `bert")]
    assert len(set(widths)) == 1


@pytest.mark.parametrize(
    ("text", "span"), [("a", "`a`"), ("a`b", "``a`b``"), ("`a", "`` `a ``"), ("a|b", r"`a\|b`"), ("a\nb", "`a b`"), ("", "`–`")]
)
def test_code(text: str, span: str) -> None:
    assert markdown.code(text) == span


def test_markdown_says_what_is_missing(every: Any) -> None:
    text = markdown.render(every.view({}, planned=99, footer=False))
    assert "> This run was cut off; 19 of 99 cells have a result." in text
    assert "**1 unexpected pass**" in text
    assert "| ▨ | unavailable | 1 |" in text


def test_json_reads_back_as_the_same_view_and_fits_its_schema(every: Any) -> None:
    found = every.view({})
    text = jsonview.render(found)
    assert TypeAdapter(View).validate_json(text) == found
    jsonschema.validate(json.loads(text), jsonview.report_schema())
    assert json.loads(text)["format"] == FORMAT
