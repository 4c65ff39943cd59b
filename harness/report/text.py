"""Make text from outside safe to show, whatever the format.

Escaping for a format is the renderer's work; here goes everything that no format can show.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

MESSAGE_LIMIT = 1_000
EVIDENCE_LIMIT = 20_000
NO_LIMIT = sys.maxsize

# ECMA-48 control sequences (colours, cursor), operating-system commands (titles, links), and two-character escapes.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
# Controls but tab and new line; marks that reorder text (https://trojansource.codes); lone surrogates.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

_WRAPPER = re.compile(r"^(?:[\w.]+: )?(?:Exception encountered when calling .+[.:]|Graph execution error:|in user code:)$")
# The line before this one has the message of the op that failed, after a trace of where the op came from, however long.
_NODE = re.compile(r"^\s*(?:\d+ root error\(s\)|\[\[\{\{node )")
_RAISED = re.compile(r"^\s+(?P<error>[A-Za-z_][\w.]*(?:Error|Exception)): ")


def plain(text: str, limit: int = EVIDENCE_LIMIT) -> str:
    """Return the text without terminal codes, invisible characters spelled out as `<U+202E>`, at most about `limit` characters.

    A longer text keeps its beginning and, since a traceback says most at its end, three times as much of its end.
    """
    text = shortened(text, limit)
    text = _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(lambda match: f"<U+{ord(match[0]):04X}>", text)


def shortened(text: str, limit: int) -> str:
    """Return the text, or its beginning and end around a line that says how many characters are left out."""
    if len(text) <= limit:
        return text
    head = limit // 4
    tail = limit - head
    return f"{text[:head]}\n… {len(text) - limit:,} characters left out …\n{text[-tail:]}"


def first_line(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """Return the first line that says what went wrong; empty if the text is empty.

    It skips what TensorFlow and Keras put around an error: "Exception encountered when calling layer …", "in user code:"
    with its frames, "Graph execution error:" with the trace of the op. The class that was raised stays in front.
    """
    # plain() keeps a quarter of the limit as the beginning: four times as much leaves a first line whole.
    lines = [line.rstrip() for line in plain(text, 4 * limit).splitlines() if line.strip()]
    if not lines:
        return ""
    inner = _in_graph(lines) or _in_user_code(lines)
    chosen = inner or next((line.strip() for line in lines if not _WRAPPER.search(line.strip())), lines[0].strip())
    return chosen[:limit]


def _in_graph(lines: Sequence[str]) -> str:
    """Return the message of the op that failed while a graph was executed, after the class that was raised; else an empty text."""
    start = next((number for number, line in enumerate(lines) if line.endswith("Graph execution error:")), None)
    end = next((number for number, line in enumerate(lines) if _NODE.search(line)), 0)
    if start is None or end <= start + 1 or _WRAPPER.search(lines[end - 1].strip()):
        return ""
    error = lines[0].partition(":")[0].rpartition(".")[2] if _WRAPPER.search(lines[0].strip()) else ""
    return f"{error}: {lines[end - 1].strip()}" if error.isidentifier() else lines[end - 1].strip()


def _in_user_code(lines: Sequence[str]) -> str:
    """Return the error below the frames that "in user code:" lists; else an empty text."""
    if not any(line.endswith("in user code:") for line in lines):
        return ""
    return next((line.strip() for line in reversed(lines) if _RAISED.search(line)), "")
