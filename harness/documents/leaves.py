"""Leaves that several documents have: a text of a given form, one of several texts, a member of an enum."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeVar

from harness.base.suggestions import did_you_mean
from harness.documents.shape import Leaf, RefusedText

E = TypeVar("E", bound=Enum)


def matching(expected: str, pattern: str, hint: str, *, description: str = "") -> Leaf[str]:
    """Make a leaf for text that matches a pattern as a whole."""

    def convert(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise RefusedText(f"{text!r} isn't {expected}", hint)
        return text

    described = {"description": description} if description else {}
    return Leaf(expected=expected, convert=convert, json={"type": "string", "pattern": f"^{pattern}$", **described})


def format_of(document: str, allowed: int) -> Leaf[int]:
    """Make a leaf for the number of a document's format, which has to be the one that this hubmatrix reads."""

    def convert(text: str) -> int:
        if text != str(allowed):
            raise RefusedText(f"format {text} of {document} can't be read", f"this hubmatrix reads format {allowed}")
        return allowed

    return Leaf(expected="a whole number", convert=convert, json={"const": allowed}, kinds=("number",))


def one_of(expected: str, values: Iterable[str], *, json: dict[str, Any] | None = None) -> Leaf[str]:
    """Make a leaf for one of several texts."""
    allowed = tuple(values)

    def convert(text: str) -> str:
        if text not in allowed:
            raise RefusedText(f"{text!r} isn't {expected}", did_you_mean(text, allowed))
        return text

    return Leaf(expected=expected, convert=convert, json=json or {"type": "string", "enum": list(allowed)})


def choice(expected: str, enum: type[E], *, never: E | None = None) -> Leaf[E]:
    """Make a leaf for a member of an enum, by its value; `never` is a member that a document can't have."""
    checked = one_of(expected, (str(member.value) for member in enum if member is not never))
    return Leaf(expected=expected, convert=lambda text: enum(checked.convert(text)), json=checked.json)


TEXT = matching("a text", r"\S(.*\S)?", "write a line of text")
