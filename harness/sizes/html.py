"""The table as one HTML page beside the report; it has no script, and text from outside is escaped."""

from __future__ import annotations

from markupsafe import Markup

from harness.report.html import policy, source, template_environment
from harness.sizes import wording
from harness.sizes.document import Document

STYLES = ("page.css",)


def render(shown: Document) -> str:
    """One HTML document."""
    style = source(STYLES)
    template = template_environment().get_template("sizes.html.j2")
    return template.render(shown=shown, words=wording, style=Markup(style), policy=policy(style, ""))
