"""Read the lines of a baseline's file: of an environment, a cell, and a case that ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from harness.domain import Device, InstallPolicy, KerasChoice, Outcome, SaveFormat, Status, TextOps, Trouble
from harness.results.baseline.model import CellEnding, Ending, EnvironmentAxes
from harness.results.baseline.problems import FaultyLine, Problems, unknown
from harness.results.baseline.texts import Texts
from harness.results.baseline.words import USUAL, split, text_of
from harness.results.baseline.writing import TEXTS, usual_cell_id
from harness.results.format import EnvironmentRecord

Choice = TypeVar("Choice", bound=Enum)
PASSING = (Outcome.PASSED, Outcome.SKIPPED, Outcome.NOT_APPLICABLE)


def read_environment(
    location: str, start: int, lines: Sequence[str], heading: tuple[str, str, InstallPolicy], texts: Texts, problems: Problems
) -> tuple[EnvironmentAxes, EnvironmentRecord | None]:
    """Return the axes of an environment, and its record if it has one; what is wrong is added to the problems.

    Args:
        location: the file.
        start: the number of lines above the heading.
        lines: the heading and the fields below it.
        heading: id, TensorFlow and install policy.
        texts: of the baseline.
        problems: to add to.
    """
    identifier, tensorflow, policy = heading
    fields: dict[str, Any] = {"keras": KerasChoice.DEFAULT.value, "text": TextOps.WITHOUT.value}
    for number, line in enumerate(lines[1:], start + 2):
        if not line:
            continue
        name, _, value = line.strip().partition(" ")
        try:
            if name in fields and name not in ("keras", "text"):
                raise FaultyLine(f"{name} is in two lines")
            fields[name] = value if name in ("keras", "text") else _field(value, texts)
        except FaultyLine as fault:
            problems.add(location, number, fault.message, fault.hint)
        except ValueError:
            problems.add(location, number, f"not a field of an environment: {line.strip()[:60]!r}")
    pins = fields.pop("pinned_python", None), fields.pop("pinned_hub", None)
    try:
        axes = EnvironmentAxes(
            tensorflow,
            policy,
            member(KerasChoice, fields["keras"], "a choice of Keras"),
            member(TextOps, fields["text"], "with or without"),
            *pins,
        )
        if "status" not in fields:
            return axes, None
        record = EnvironmentRecord(id=identifier, tensorflow=tensorflow, install=policy, recorded="", **fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise FaultyLine(f"the environment {identifier}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return axes, record


def _field(written: str, texts: Texts) -> Any:
    if not written.startswith("@"):
        return json.loads(written)
    identifier = written[1:]
    if identifier in texts.failures:
        return texts.failures[identifier]
    return texts.packages[identifier] if identifier in texts.packages else read_text(written, texts)


def read_text(written: str, texts: Texts) -> str:
    """Return a text that is written in quotes, or by its id."""
    if not written.startswith("@"):
        return text_of(written)
    if written[1:] not in texts.texts:
        raise FaultyLine(f"there is no text {written[1:]} in {TEXTS}")
    return texts.texts[written[1:]]


def read_cell(words: Sequence[str], environment: str, record: EnvironmentRecord | None, texts: Texts) -> CellEnding:
    """Return the cell of a line without its label."""
    model, save_format, device, status, *rest = words
    fields: dict[str, str] = {}
    for extra in rest:
        name, _, value = extra.partition(":")
        if name not in ("trouble", "message", "evidence", "id") or name in fields:
            unknown("said of a cell", name, ("trouble", "message", "evidence", "id"))
        fields[name] = value if name == "trouble" else read_text(value, texts)
    outcome = member(Status, status, "a status")
    inherited = record if record and record.status is outcome else None
    cell = CellEnding(
        id=fields.get("id", ""),
        model=text_of(model),
        format=member(SaveFormat, save_format, "a format").value,
        device=member(Device, device, "a device").value,
        status=outcome,
        trouble=member(Trouble, fields["trouble"], "what a machine may lack") if "trouble" in fields else None,
        message=fields.get("message", inherited.message if inherited else ""),
        evidence=fields.get("evidence", inherited.evidence if inherited else ""),
    )
    if cell.trouble and outcome is not Status.UNAVAILABLE:
        raise FaultyLine(f"{outcome.value}, and yet the machine lacked something: {cell.trouble.value}")
    return cell if cell.id else replace(cell, id=usual_cell_id(environment, cell))


class EndingLine(NamedTuple):
    """A line on a case: the label of an environment and values on the case's axes, or for how many it says the usual."""

    label: str
    values: tuple[str, ...]
    usual_for: int | None
    variant: str
    ending: Ending


class EndingReader:
    """Reads the lines below the heading of a case. Many say the same, so what a line says is understood once."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._endings: dict[tuple[str, ...], Ending] = {}

    def read(self, line: str, axes: tuple[str, ...]) -> EndingLine:
        """Return what a line says. Raises FaultyLine, ValueError, TypeError or IndexError."""
        words = split(line)
        is_usual = words[0] == USUAL
        end = 2 if is_usual else 1 + len(axes)
        values = () if is_usual else tuple([text_of(written) for written in words[1:end]])
        variant = ""
        following = words[end]
        if following[0] == "[":
            if following[-1] != "]":
                raise FaultyLine("the bracket of the variant doesn't close")
            variant = text_of(following[1:-1])
            end += 1
        rest = tuple(words[end:])
        if rest not in self._endings:
            self._endings[rest] = _ending(rest, self._texts)
        usual_for = int(words[1]) if is_usual else None
        return EndingLine("" if is_usual else text_of(words[0]), values, usual_for, variant, self._endings[rest])


def _ending(words: Sequence[str], texts: Texts) -> Ending:
    outcome = member(Outcome, words[0], "an outcome")
    fields: dict[str, Any] = {}
    for extra in words[1:]:
        if extra[0] == "@":
            if extra[1:] not in texts.failures:
                raise FaultyLine(f"there is no failure {extra[1:]} in {TEXTS}")
            fields["failure"] = extra[1:]
        else:
            _take(fields, _parted(extra), texts)
    is_failure = "failure" in fields
    if is_failure and outcome in PASSING:
        raise FaultyLine(f"{outcome.value}, and yet it failed: {fields['failure']}")
    if is_failure or "unmet" in fields:
        fields.setdefault("message", None)
    if is_failure and outcome in (Outcome.FAILED, Outcome.ERROR):
        fields.setdefault("evidence", None)
    return Ending(outcome=outcome, **fields)


def _take(fields: dict[str, Any], parts: tuple[str, str, str], texts: Texts) -> None:
    """Add what a word says to the fields of an ending."""
    match parts:
        case (name, "=", value):
            fields["measured"] = (*fields.get("measured", ()), (name, float(value)))
        case ("needs", ":", value):
            fields["unmet"] = (*fields.get("unmet", ()), text_of(value))
        case ("message" | "evidence" as name, ":", value):
            fields[name] = read_text(value, texts)
        case ("beside", ":", value):
            package, version = map(text_of, value.split("=="))
            fields["beside"] = (*fields.get("beside", ()), (package, version))
        case ("processor", ":", value):
            fields["processor"] = text_of(value)
        case (name, _, _):
            unknown("said of a case", name, ("needs", "message", "evidence", "beside", "processor"))


def _parted(extra: str) -> tuple[str, str, str]:
    """Return name, separator and value of a word: `drift=1.2e-07`, `needs:"tf_keras"`, `"a name"=3`."""
    if extra[0] == '"':
        name, end = json.JSONDecoder().raw_decode(extra)
        return name, extra[end], extra[end + 1 :]
    positions = [position for position in (extra.find("="), extra.find(":")) if position >= 0]
    if not positions:
        return extra, "", ""
    first = min(positions)
    return extra[:first], extra[first], extra[first + 1 :]


def member(choices: type[Choice], written: str, expected: str) -> Choice:
    """Return the member of an enum by its value. Raises FaultyLine if there is none."""
    try:
        return choices(written)
    except ValueError:
        unknown(expected, written, [str(choice.value) for choice in choices])
