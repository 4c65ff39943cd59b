"""The table as one HTML page beside the report; it has no script, and text from outside is escaped."""

from __future__ import annotations

from markupsafe import Markup

from harness.report.html import policy, source, template_environment
from harness.studies.reported import wording
from harness.studies.reported.verdict import ReportVerdict
from harness.studies.reported.view import ReportsTable

STYLES = ("page.css", "reported.css")


def render(table: ReportsTable) -> str:
    """Return the table as one HTML document."""
    style = source(STYLES)
    template = template_environment().get_template("reported.html.j2")
    return template.render(table=table, words=wording, verdicts=ReportVerdict, style=Markup(style), policy=policy(style, ""))
