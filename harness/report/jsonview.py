"""Render the view as JSON for programs. `format` is the version of its schema, with its history in `document`."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from harness.report.document import View

_VIEW: TypeAdapter[View] = TypeAdapter(View)


def render(view: View) -> str:
    """Return the view as one JSON document."""
    # Fields keep the names of their first format, where the code has a clearer one.
    return _VIEW.dump_json(view, by_alias=True).decode() + "\n"


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document that `render` returns."""
    return _VIEW.json_schema(mode="serialization")
