"""Words of an id: text reduced to an alphabet that is safe in file names, commands and URLs."""

from __future__ import annotations

import re


def slug(text: str, joiner: str) -> str:
    """Return the text in small letters and digits, everything else one joiner; never empty."""
    characters = "a-z0-9_" if joiner == "-" else "a-z0-9"
    return re.sub(f"[^{characters}]+", joiner, text.lower()).strip(joiner or None) or "x"
