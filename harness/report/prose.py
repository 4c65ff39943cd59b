"""A page of docs/ as a page of the site: one HTML file that needs nothing else, beside the report."""

from __future__ import annotations

from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markupsafe import Markup

from harness.report.html import policy, source, template_environment

STYLES = ("page.css", "detail.css", "prose.css")


def render(text: str, folder: str) -> str:
    """The page of a Markdown text. `folder` is where the text is, seen from the site: its links lead on from there."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    heading = next((tokens[place + 1].content for place, one in enumerate(tokens) if one.type == "heading_open"), "")
    for token in (child for one in tokens for child in one.children or ()):
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
