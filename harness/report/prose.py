"""Render a page of docs/ as a page of the site: one HTML file that needs nothing else, beside the report."""

from __future__ import annotations

from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markupsafe import Markup

from harness.report.html import policy, source, template_environment

STYLES = ("page.css", "detail.css", "prose.css")


def render(text: str, folder: str) -> str:
    """Return the page of a Markdown text. `folder` is the text's folder, relative to the site: relative links lead on from it."""
    # The preset lets HTML through; here it stays text.
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    # markdown-it puts the text of a heading into the token after the one that opens it.
    heading = next((tokens[index + 1].content for index, block in enumerate(tokens) if block.type == "heading_open"), "")
    for token in (child for block in tokens for child in block.children or ()):
        href = str(token.attrGet("href") or "")
        if (
            token.type == "link_open"
            and href
            and not any((urlsplit(href).scheme, urlsplit(href).netloc, href.startswith(("#", "/"))))
        ):
            token.attrSet("href", f"{folder}/{href}")
    style = source(STYLES)
    return (
        template_environment()
        .get_template("prose.html.j2")
        .render(
            title=heading.replace("`", ""),
            body=Markup(reader.renderer.render(tokens, reader.options, {})),
            style=Markup(style),
            policy=policy(style, ""),
        )
    )
