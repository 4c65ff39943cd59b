"""The JSON Schema of matrix.yaml as text."""

from __future__ import annotations

import json

from harness.matrix.reader import spec_schema


def text() -> str:
    """Render the schema as docs/matrix.schema.json has it."""
    return json.dumps(spec_schema(), indent=2, ensure_ascii=False) + "\n"
