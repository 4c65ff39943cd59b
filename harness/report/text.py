"""Text from outside, made safe to show: one place that says what a page may contain of it.

Escaping for a format is the renderer's; this is about what no format can show.
"""

from __future__ import annotations

import re

MESSAGE_LIMIT = 1_000
EVIDENCE_LIMIT = 20_000

# ECMA-48 control sequences (colours, cursor), operating-system commands (titles, links), and two-character escapes.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
# Controls but tab and new line; marks that reorder text (https://trojansource.codes); lone surrogates.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

_WRAPPER = re.compile(r"^(?:\w+: )?Exception encountered when calling .+[.:]$")


def plain(text: str, limit: int = EVIDENCE_LIMIT) -> str:
    """The text without terminal codes, unseen characters spelled out as `<U+202E>`, at most about `limit` characters.

    What is too long keeps its beginning and, since a traceback says most at its end, three times as much of its end.
    """
    text = shortened(text, limit)
    text = _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning and end around a line that says how many characters are left out."""
    if len(text) <= limit:
        return text
    head = limit // 4
    tail = limit - head
    return f"{text[:head]}\n… {len(text) - limit:,} characters left out …\n{text[-tail:]}"


def first_line(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """The first line that says something; empty where none does.

    Keras 2 and 3 put "Exception encountered when calling layer …" before the error itself: that line is passed over.
    """
    lines = [line.strip()[:limit] for line in plain(text, 4 * limit).splitlines() if line.strip()]
    return next((line for line in lines if not _WRAPPER.search(line)), lines[0] if lines else "")
