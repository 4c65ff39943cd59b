"""Leaves that several documents have: a text of a given form, one of several texts, a member of an enum."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeVar

from harness.base.suggestions import did_you_mean
from harness.documents.shape import Leaf, Refused

E = TypeVar("E", bound=Enum)


def matching(expected: str, pattern: str, hint: str, *, description: str = "") -> Leaf[str]:
    """Text of a given form."""

    def convert(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise Refused(f"{text!r} isn't {expected}", hint)
        return text

    described = {"description": description} if description else {}
    return Leaf(expected=expected, convert=convert, json={"type": "string", "pattern": f"^{pattern}$", **described})


def format_of(document: str, allowed: int) -> Leaf[int]:
    """The number of a document's format: the one that this hubmatrix reads."""

    def convert(text: str) -> int:
        if text != str(allowed):
            raise Refused(f"format {text} of {document} can't be read", f"this hubmatrix reads format {allowed}")
        return allowed

    return Leaf(expected="a whole number", convert=convert, json={"const": allowed}, kinds=("number",))


def one_of(expected: str, values: Iterable[str], *, json: dict[str, Any] | None = None) -> Leaf[str]:
    """One of the given texts."""
    allowed = tuple(values)

    def convert(text: str) -> str:
        if text not in allowed:
            raise Refused(f"{text!r} isn't {expected}", did_you_mean(text, allowed))
        return text

    return Leaf(expected=expected, convert=convert, json=json or {"type": "string", "enum": list(allowed)})


def choice(expected: str, enum: type[E], *, never: E | None = None) -> Leaf[E]:
    """A member of an enum, by its value; `never` is one that can't stand here."""
    checked = one_of(expected, (str(member.value) for member in enum if member is not never))
    return Leaf(expected=expected, convert=lambda text: enum(checked.convert(text)), json=checked.json)


TEXT = matching("a text", r"\S(.*\S)?", "write a line of text")
