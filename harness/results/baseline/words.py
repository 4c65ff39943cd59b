"""Words of a line: texts that can stand bare, texts in quotes, and lines taken apart into them."""

from __future__ import annotations

import json
import re

BARE = re.compile(r"[!#-Z\\^-~]+")
"""Printable ASCII without spaces, quotes and brackets."""
WORD = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")+')
EMPTY = "-"
USUAL = "*"


def word(text: str) -> str:
    """Return a text as one word: bare if it is plain, `-` if it is empty, else in quotes."""
    if not text:
        return EMPTY
    return text if text not in (EMPTY, USUAL) and BARE.fullmatch(text) else quoted(text)


def quoted(text: str) -> str:
    """Return a text in quotes."""
    return json.dumps(text)


def text_of(written: str) -> str:
    """Return the text of a word. Raises ValueError if its quotes don't close."""
    if written == EMPTY:
        return ""
    if written[:1] != '"':
        return written
    text = json.loads(written)
    if not isinstance(text, str):
        raise TypeError(written)
    return text


def split(line: str) -> list[str]:
    """Return the words of a line."""
    return WORD.findall(line) if '"' in line else line.split()
