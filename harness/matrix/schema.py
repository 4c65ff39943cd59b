"""The JSON Schema of matrix.yaml as text."""

from __future__ import annotations

import json

from harness.matrix.reader import schema


def text() -> str:
    """The schema as docs/matrix.schema.json holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
