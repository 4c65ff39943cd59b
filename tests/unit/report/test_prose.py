"""Pages of docs/ as pages of the site."""

from __future__ import annotations

from harness.report.prose import render

TEXT = """# Compile `for` TPU

| a | b |
| --- | --- |
| 1 | <b>2</b> |

<script>alert(1)</script>

See [the case](../cases/x.py), [the site](https://example.org/x), [below](#below) and [a trap](javascript:alert(1)).
"""


def test_tables_and_titles() -> None:
    page = render(TEXT, "../../docs")
    assert "<title>Compile for TPU – hubmatrix</title>" in page
    assert "<h1>Compile <code>for</code> TPU</h1>" in page
    assert "<td>1</td>" in page


def test_markup_in_the_text_stays_text() -> None:
    page = render(TEXT, "../../docs")
    assert "<script" not in page
    assert "<b>2</b>" not in page
    assert 'href="javascript' not in page


def test_links_lead_on_from_where_the_text_is() -> None:
    page = render(TEXT, "../../docs")
    assert 'href="../../docs/../cases/x.py"' in page
    assert 'href="https://example.org/x"' in page
    assert 'href="#below"' in page


def test_a_text_without_a_heading() -> None:
    assert "<title> – hubmatrix</title>" in render("just words", ".")
