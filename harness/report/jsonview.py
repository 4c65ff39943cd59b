"""The view as JSON for programs. `format` names the version of its schema; its history is in `document`."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from harness.report.document import View

_VIEW: TypeAdapter[View] = TypeAdapter(View)


def render(view: View) -> str:
    """One JSON document."""
    return _VIEW.dump_json(view).decode() + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema of what `render` gives."""
    return _VIEW.json_schema(mode="serialization")
