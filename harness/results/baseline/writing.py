"""Write a baseline as text that reads well in a diff: sorted, a line a fact, headings at the left where git looks for them."""

from __future__ import annotations

import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from harness.base.errors import MachineError, ResultsError
from harness.base.slugs import slug
from harness.domain import Outcome
from harness.results.baseline.model import FORM, Baseline, CellEnding, Ending, EnvironmentPart, Scope
from harness.results.baseline.settle import packages_id, text_id
from harness.results.baseline.usual import Due, DueCombinations, usual_ending
from harness.results.baseline.words import USUAL, quoted, word
from harness.results.format import FailureRecord

FIRST_LINE = f"hubmatrix baseline {FORM}"
CASES, TEXTS = "cases.txt", "texts.jsonl"
LONG = 60
"""Characters of a text beyond which it is in the file of texts."""
LEFT_OUT = {"type", "id", "tensorflow", "install", "keras", "text", "key", "locked_on", "seconds", "recorded", "reused"}
"""Fields of an environment's record that are in no line of their own: volatile, or part of the headings."""
USUAL_LABEL = "default"


def files_of(baseline: Baseline) -> dict[str, str]:
    """Return the text of each file of a baseline, by its name.

    Raises:
        ResultsError: a TensorFlow whose name can't be part of a file's.
    """
    texts: dict[str, Any] = {}
    for signature, traceback in baseline.tracebacks.items():
        texts[signature] = {"seen": traceback.seen, "traceback": traceback.text}
    for identifier, failure in baseline.failures.items():
        texts[identifier] = failure_fields(identifier, failure)
    by_file: defaultdict[str, list[EnvironmentPart]] = defaultdict(list)
    for part in baseline.parts.values():
        by_file[file_name(part)].append(part)
    writer = _Writer(texts, baseline)
    files = {name: "".join(f"{line}\n" for line in writer.lines(parts)) for name, parts in sorted(by_file.items())}
    files[CASES] = "".join(f"{line}\n" for line in _scope_lines(baseline.scopes))
    files[TEXTS] = _texts_file(texts)
    return files


def file_name(part: EnvironmentPart) -> str:
    """Return the name of the file that an environment is in."""
    name = f"{part.axes.tensorflow}-{part.axes.install.value}.txt"
    if "/" in name or name.startswith(".") or word(name) != name:
        raise ResultsError(f"{part.axes.tensorflow!r} can't be part of a file's name", hint="is it the version of a TensorFlow?")
    return name


def write_files(folder: Path, files: Mapping[str, str], former: Mapping[str, str]) -> None:
    """Write the files of a baseline: all of them, or none where one can't be written.

    Every file is written beside its target before the first one is renamed. What files have in common is renamed first, in a form
    that holds for the files before and for those after, so that a reader, or a kill between two renames, never meets a fact
    without its texts.

    Args:
        folder: of the baseline, which is made where there is none.
        files: the text of each, by name.
        former: the files that were read, by name; those that are not in `files` are removed.

    Raises:
        MachineError: nothing could be written; the baseline is as it was.
    """
    changed = {name: text for name, text in files.items() if former.get(name) != text}
    if not changed and former.keys() <= files.keys():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".baseline-") as scratch:
            transitional = {name: _joined(former.get(name, ""), files[name]) for name in (CASES, TEXTS)}
            # Unless both forms are the same, the shared files end in the second one.
            changed |= {name: files[name] for name in transitional}
            for stage, texts in (("between", transitional), ("after", changed)):
                (Path(scratch) / stage).mkdir()
                for name, text in texts.items():
                    _write_through(Path(scratch) / stage / name, text)
            for name in transitional:
                (Path(scratch) / "between" / name).replace(folder / name)
            for name in sorted(changed, key=lambda name: name in transitional):
                (Path(scratch) / "after" / name).replace(folder / name)
            for name in former.keys() - files.keys():
                (folder / name).unlink(missing_ok=True)
    except OSError as trouble:
        raise MachineError(
            f"the baseline can't be written: {trouble.strerror}", location=str(folder), hint="it is left as it was"
        ) from trouble


def _write_through(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _joined(before: str, after: str) -> str:
    """Return the lines of both texts, those that begin alike in the second one's form."""
    lines = {line.split("  ")[0].split(", ")[0]: line for text in (before, after) for line in text.split("\n") if line}
    head = lines.pop(FIRST_LINE, "")
    return "".join(f"{line}\n" for line in ([head] if head else []) + sorted(lines.values()))


def failure_fields(identifier: str, failure: FailureRecord) -> dict[str, Any]:
    """Return the fields of a failure's line: a message that is its cause's, and a signature that the id has, are left out."""
    fields = failure.model_dump(mode="json")
    if failure.signature == identifier.partition("/")[0]:
        del fields["signature"]
    if fields["kinds"] == fields["cause"]["kinds"] and fields["message"] == fields["cause"]["message"]:
        del fields["cause"]
    return fields


def labels(parts: Iterable[EnvironmentPart]) -> dict[str, str]:
    """Return the label of each environment of a file, by its id: what its id has beyond TensorFlow and policy."""
    names: dict[str, str] = {}
    for part in parts:
        usual = f"tf-{slug(part.axes.tensorflow, '_')}-{part.axes.install.value}"
        rest = part.id.removeprefix(usual).removeprefix("-") if part.id.startswith(usual) else part.id
        label = rest or USUAL_LABEL
        names[part.id] = label if label not in names.values() else part.id
    return names


def usual_cell_id(environment: str, cell: CellEnding) -> str:
    """Return the id that a cell has where no two models have similar names."""
    return "--".join((environment, slug(cell.model, "-") if cell.model else "no-model", cell.format, cell.device))


_ByVariant: TypeAlias = dict[str, dict[tuple[str, tuple[str, ...]], Ending]]
NOT_RUN = Ending(outcome=Outcome.NOT_RUN)


class _Writer:
    """The lines of files. Long texts that it meets are put among the texts."""

    def __init__(self, texts: dict[str, Any], baseline: Baseline) -> None:
        self._texts = texts
        self._scopes = baseline.scopes
        self._written: dict[Ending, str] = {}
        self._failure_ids = {failure.model_dump_json(): identifier for identifier, failure in baseline.failures.items()}

    def lines(self, parts: list[EnvironmentPart]) -> Iterator[str]:
        """Yield the lines of one file."""
        parts = sorted(parts, key=lambda part: part.id)
        by_id = labels(parts)
        newest = max(parts, key=lambda part: part.measured)
        yield FIRST_LINE
        yield f"tensorflow {word(newest.axes.tensorflow)}"
        yield f"install {newest.axes.install.value}"
        yield f"measured {newest.measured}"
        yield f"system {quoted(newest.system)}"
        for part in parts:
            yield ""
            yield f"environment {word(by_id[part.id])} {word(part.id)}"
            yield from self._environment(part)
        yield ""
        yield "cells"
        for part in parts:
            for cell in sorted(part.cells.values(), key=lambda cell: (cell.model, cell.format, cell.device, cell.id)):
                yield f"  {' '.join(self._cell(word(by_id[part.id]), part, cell))}"
        yield from self._cases(parts, by_id)

    def _environment(self, part: EnvironmentPart) -> Iterator[str]:
        yield f"  keras {part.axes.keras.value}"
        yield f"  text {part.axes.text.value}"
        for name, pin in (("pinned_python", part.axes.python), ("pinned_hub", part.axes.hub)):
            if pin is not None:
                yield f"  {name} {quoted(pin)}"
        if part.record is None:
            return
        fields = part.record.model_dump(mode="json", exclude_defaults=True, exclude=LEFT_OUT)
        for name, value in fields.items():
            match name:
                case "packages":
                    packages = [f"{package['name']}=={package['version']}" for package in value]
                    identifier = packages_id(packages)
                    self._texts[identifier] = {"packages": packages}
                    yield f"  {name} @{identifier}"
                case "failure" if part.record.failure:
                    yield f"  {name} @{self._failure_ids[part.record.failure.model_dump_json()]}"
                case "message" | "evidence":
                    yield f"  {name} {self._text(value)}"
                case _:
                    yield f"  {name} {json.dumps(value)}"

    def _cell(self, label: str, part: EnvironmentPart, cell: CellEnding) -> Iterator[str]:
        yield from (label, word(cell.model), cell.format, f"{cell.device} ", cell.status.value)
        if cell.trouble:
            yield f"trouble:{cell.trouble.value}"
        # Most cells that didn't complete ended because of their environment, in its words.
        inherited = part.record if part.record and part.record.status is cell.status else None
        if cell.message != (inherited.message if inherited else ""):
            yield f"message:{self._text(cell.message)}"
        if cell.evidence != (inherited.evidence if inherited else ""):
            yield f"evidence:{self._text(cell.evidence)}"
        if cell.id != usual_cell_id(part.id, cell):
            yield f"id:{quoted(cell.id)}"

    def _cases(self, parts: list[EnvironmentPart], by_id: Mapping[str, str]) -> Iterator[str]:
        by_case: defaultdict[tuple[str, tuple[str, ...]], _ByVariant] = defaultdict(dict)
        for part in parts:
            for combination, variants in part.endings.items():
                by_variant = by_case[combination.case, combination.axes]
                for variant, ending in variants.items():
                    by_variant.setdefault(variant, {})[part.id, combination.values] = ending
        due_combinations = DueCombinations(parts)
        for (case, axes), by_variant in sorted(by_case.items()):
            yield ""
            yield f"case {word(case)}" + (f" by {' '.join(map(word, axes))}" if axes else "")
            due = due_combinations.of(axes, self._scopes[case])
            for variant, endings in sorted(by_variant.items()):
                yield from self._endings(variant, endings, due, by_id)

    def _endings(
        self, variant: str, endings: Mapping[tuple[str, tuple[str, ...]], Ending], due: Due, by_id: Mapping[str, str]
    ) -> Iterator[str]:
        bracket = [f"[{word(variant)}]"] if variant else []
        usual = usual_ending(due, endings)
        exceptions = {pair: ending for pair, ending in endings.items() if usual is None or ending != usual or pair not in due}
        if usual is not None:
            missing = due - endings.keys()
            exceptions |= dict.fromkeys(missing, NOT_RUN)
            count = len(due) - sum(pair in due for pair in exceptions)
            yield f"  {' '.join((USUAL, str(count), *bracket))}  {self._what_happened(usual)}"
        for environment, values in sorted(exceptions, key=lambda pair: (by_id[pair[0]], pair[1])):
            words = [word(by_id[environment]), *map(word, values), *bracket]
            yield f"  {' '.join(words)}  {self._what_happened(exceptions[environment, values])}"

    def _what_happened(self, ending: Ending) -> str:
        if ending not in self._written:
            self._written[ending] = " ".join(self._words(ending))
        return self._written[ending]

    def _words(self, ending: Ending) -> Iterator[str]:
        yield ending.outcome.value
        if ending.failure:
            yield f"@{ending.failure}"
        yield from (f"needs:{quoted(prerequisite)}" for prerequisite in ending.unmet)
        implied = ending.failure or ending.unmet
        if ending.message is not None and (ending.message or implied):
            yield f"message:{self._text(ending.message)}"
        if ending.evidence:
            yield f"evidence:{self._text(ending.evidence)}"
        yield from (f"{name_word(name)}={number_text(number)}" for name, number in ending.measured)
        yield from (f"beside:{quoted(name)}=={quoted(version)}" for name, version in ending.beside)
        if ending.processor:
            yield f"processor:{quoted(ending.processor)}"

    def _text(self, text: str) -> str:
        """Return a short text in quotes, or a reference to a long one."""
        if len(text) <= LONG:
            return quoted(text)
        self._texts[text_id(text)] = {"text": text}
        return f"@{text_id(text)}"


def name_word(name: str) -> str:
    """Return the name of a measured number as it begins a word: bare if it is an identifier, else in quotes."""
    return name if name.isidentifier() and name.isascii() else quoted(name)


def number_text(number: float) -> str:
    """Return a number as it is written: whole numbers without a point."""
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


def _scope_lines(scopes: Mapping[str, Scope]) -> Iterator[str]:
    yield FIRST_LINE
    for case, scope in sorted(scopes.items()):
        models = " ".join(map(word, sorted(scope.models)))
        line = f"{word(case)}  {' '.join(map(word, sorted(scope.devices)))}  {models}"
        yield line + (f"  cpu:{number_text(scope.cpu_seconds)}" if scope.cpu_seconds else "")


def _texts_file(texts: Mapping[str, Any]) -> str:
    lines = [FIRST_LINE_OF_TEXTS]
    lines += [json.dumps({"id": identifier, **fields}, ensure_ascii=False) for identifier, fields in sorted(texts.items())]
    return "".join(f"{line}\n" for line in lines)


FIRST_LINE_OF_TEXTS = json.dumps({"hubmatrix baseline": FORM})
