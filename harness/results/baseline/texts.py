"""Read the texts of a baseline: words of failures, tracebacks, lists of packages, and any other long text, by their ids."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from harness.results.baseline.model import FORM, Traceback
from harness.results.baseline.problems import FaultyLine, Problems
from harness.results.baseline.settle import failure_id, packages_id, text_id
from harness.results.baseline.writing import FIRST_LINE_OF_TEXTS, TEXTS
from harness.results.format import FailureRecord

NEWER = "it was written by another version of hubmatrix: use that one, or `git checkout` the form that this one writes"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a baseline."""

    failures: dict[str, FailureRecord] = field(default_factory=dict)
    tracebacks: dict[str, Traceback] = field(default_factory=dict)
    packages: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def read_texts(location: str, content: str, problems: Problems) -> Texts:
    """Return the texts in a file's content; what can't be understood is added to the problems."""
    texts = Texts()
    lines = content.split("\n")
    if lines[0] != FIRST_LINE_OF_TEXTS:
        problems.add(location, 1, f"this is not form {FORM} of {TEXTS}: its first line is {lines[0][:60]!r}", NEWER)
        return texts
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        try:
            fields = json.loads(line)
            identifier = fields.pop("id")
        except (ValueError, KeyError, TypeError, AttributeError):
            problems.add(location, number, "not a line of texts: a JSON object with an id")
            continue
        try:
            _take(texts, identifier, fields)
        except FaultyLine as fault:
            problems.add(location, number, fault.message, fault.hint)
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError):
            problems.add(location, number, f"the text {identifier} lacks a field, or has one too many")
    return texts


def _take(texts: Texts, identifier: str, fields: dict[str, Any]) -> None:
    """Add a text. Its id is a digest of it, so an edit shows; a traceback's id is a signature, and whatever it says holds."""
    match fields:
        case {"traceback": str(text), "seen": str(seen)}:
            texts.tracebacks[identifier] = Traceback(text=text, seen=seen)
        case {"packages": list(packages)}:
            texts.packages[identifier] = [dict(zip(("name", "version"), pin.split("=="), strict=True)) for pin in packages]
            _compare(identifier, packages_id(packages))
        case {"text": str(text)}:
            texts.texts[identifier] = text
            _compare(identifier, text_id(text))
        case _:
            cause = {"cause": {"kinds": fields["kinds"], "message": fields["message"]}}
            signature = {"signature": identifier.partition("/")[0]}
            failure = FailureRecord.model_validate(cause | signature | fields)
            texts.failures[identifier] = failure
            _compare(identifier, failure_id(failure))


def _compare(identifier: str, from_content: str) -> None:
    if identifier != from_content:
        raise FaultyLine(f"the text {identifier} is not the one that its id stands for")
