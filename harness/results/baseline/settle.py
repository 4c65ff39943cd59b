"""Turn a run into a baseline: what is about the moment is left out, long texts are cut, and each fact stands at its environment.

A case that several environments share, because the same packages were installed, is written down for each of them, so that the
file of one TensorFlow can be replaced without a look at the others.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median

from harness.domain import Outcome
from harness.incell.hubmatrix_signature import EXPLAINED
from harness.results.baseline.model import (
    Baseline,
    CellEnding,
    Combination,
    Ending,
    EnvironmentAxes,
    EnvironmentPart,
    Scope,
    Traceback,
    signature_of,
)
from harness.results.format import CaseRecord, CaseRef, CellRecord, EnvironmentRecord, FailureRecord
from harness.results.run import Run

MESSAGE_LIMIT = 1000
HEAD, TAIL = 500, 300
"""Characters of a failure's words that are kept from the beginning and from the end."""
EVIDENCE_LIMIT = 800
OUTPUT = "\n--- output ---"
FRAME = '  File "'
FIRST_LINE_LIMIT = 200
SIGNATURE = re.compile(r"\d+-[0-9a-f]+")
ON_DAY = 10
TRACED = (Outcome.FAILED, Outcome.ERROR)
"""Outcomes with a traceback, which is the same wherever the signature is. A crash has what the process printed."""
NOT_APPLICABLE = "Skipped: not applicable: needs "
UNMEASURED = "1970-01-01"


def baseline_of(run: Run, patterns: Iterable[str] = ()) -> Baseline:
    """Return what a run knows.

    Args:
        run: whole, with its second opinions. Where a fact is there twice, the later one counts.
        patterns: regular expressions that are searched in the words of failures, which are not cut where one hits.
    """
    environments = {record.id: record for record in run.environments}
    records: defaultdict[tuple[str, str], list[CaseRecord]] = defaultdict(list)
    for record in run.cases:
        records[record.key, record.case].append(record)
    cells: defaultdict[str, dict[str, CellRecord]] = defaultdict(dict)
    for cell in run.cells:
        cells[cell.environment][cell.id] = cell
    texts = _TextsOfRun(Cutter(patterns))
    system = f"{run.header.host.system} {run.header.host.machine}"
    parts = {}
    for name in sorted({*environments, *cells}):
        part = _part(name, environments.get(name), cells[name].values(), records, texts, system)
        if part:
            parts[name] = part
    return Baseline(parts=parts, scopes=_scopes(run), failures=texts.failures, tracebacks=texts.tracebacks)


class _TextsOfRun:
    """Failures and tracebacks of a run, the first one of each id."""

    def __init__(self, cutter: Cutter) -> None:
        self.cutter = cutter
        self.failures: dict[str, FailureRecord] = {}
        self.tracebacks: dict[str, Traceback] = {}

    def failure_id(self, failure: FailureRecord | None) -> str:
        if failure is None:
            return ""
        short = self.cutter.failure(failure)
        identifier = failure_id(short)
        self.failures.setdefault(identifier, short)
        return identifier

    def trace(self, identifier: str, evidence: str, seen: str) -> None:
        text = last_lines(without_words(evidence.partition(OUTPUT)[0] or evidence))
        if text:
            self.tracebacks.setdefault(signature_of(identifier), Traceback(text=text, seen=seen))


def _part(
    name: str,
    record: EnvironmentRecord | None,
    cells: Iterable[CellRecord],
    records: Mapping[tuple[str, str], list[CaseRecord]],
    texts: _TextsOfRun,
    system: str,
) -> EnvironmentPart | None:
    listed = sorted(cells, key=lambda cell: cell.id)
    first = listed[0].axes if listed else None
    source = record or first
    if source is None:
        return None
    axes = EnvironmentAxes(
        source.tensorflow,
        source.install,
        source.keras,
        source.text,
        first.python if first else None,
        first.hub if first else None,
    )
    refs = {(ref.key or "", ref.case) for cell_refs in {cell.cases for cell in listed} for ref in cell_refs}
    days = [cell.recorded for cell in listed] + ([record.recorded] if record else [])
    endings: defaultdict[Combination, dict[str, Ending]] = defaultdict(dict)
    for pair in sorted(refs):
        for case in records.get(pair, ()):
            if case.outcome is Outcome.NOT_RUN:
                continue
            names = tuple(sorted(case.uses))
            combination = Combination(case.case, names, tuple(case.uses[axis] for axis in names))
            endings[combination][case.variant] = _ending(case, texts, f"{name} {case.case}")
            days.append(case.recorded)
    if record:
        texts.failure_id(record.failure)
    return EnvironmentPart(
        id=name,
        axes=axes,
        measured=max(day[:ON_DAY] for day in days) or UNMEASURED,
        system=system,
        record=settled_environment(record, texts.cutter) if record else None,
        cells={cell.id: _cell(cell) for cell in listed},
        endings=dict(endings),
    )


def _ending(case: CaseRecord, texts: _TextsOfRun, seen: str) -> Ending:
    identifier = texts.failure_id(case.failure)
    is_traced = case.outcome in TRACED and bool(identifier)
    if is_traced:
        texts.trace(identifier, case.evidence, seen)
    is_implied = bool(identifier or case.unmet) and case.message == implied_message(case.failure, case.unmet)
    return Ending(
        outcome=case.outcome,
        failure=identifier,
        message=None if is_implied else case.message[:MESSAGE_LIMIT],
        evidence=None if is_traced else last_lines(case.evidence),
        unmet=case.unmet,
        measured=tuple(sorted((name, rounded(name, number)) for name, number in case.measured.items())),
        beside=tuple((package.name, package.version) for package in case.beside),
        processor=case.processor,
    )


def _cell(cell: CellRecord) -> CellEnding:
    return CellEnding(
        id=cell.id,
        model=cell.axes.model,
        format=cell.axes.format.value,
        device=cell.axes.device.value,
        status=cell.status,
        trouble=cell.trouble,
        message=cell.message[:MESSAGE_LIMIT],
        evidence=last_lines(cell.evidence),
    )


def _scopes(run: Run) -> dict[str, Scope]:
    kinds: defaultdict[tuple[CaseRef, ...], set[tuple[str, str]]] = defaultdict(set)
    for cell in run.cells:
        kinds[cell.cases].add((cell.axes.device.value, cell.axes.model))
    devices: defaultdict[str, set[str]] = defaultdict(set)
    models: defaultdict[str, set[str]] = defaultdict(set)
    for refs, pairs in kinds.items():
        for ref in refs:
            for device, model in pairs:
                devices[ref.case].add(device)
                models[ref.case].add(model)
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for record in run.cases:
        seconds[record.case].append(record.seconds if record.cpu_seconds is None else record.cpu_seconds)
    return {
        case: Scope(
            devices=frozenset(devices[case]),
            models=frozenset(models[case]),
            cpu_seconds=power_of_two(median(seconds[case])) if case in seconds else 0.0,
        )
        for case in sorted(devices)
    }


def settled_environment(record: EnvironmentRecord, cutter: Cutter) -> EnvironmentRecord:
    """Return the record without keys and times, and with its texts cut. A lock's day is left out: it is another one every day."""
    return record.model_copy(
        update={
            "key": None,
            "locked_on": None,
            "seconds": 0.0,
            "recorded": "",
            "reused": False,
            "message": record.message[:MESSAGE_LIMIT],
            "evidence": last_lines(record.evidence),
            "failure": cutter.failure(record.failure) if record.failure else None,
        }
    )


def implied_message(failure: FailureRecord | None, unmet: tuple[str, ...]) -> str:
    """Return the message of a case that pytest makes of its failure, or of its unmet prerequisites."""
    if failure is None:
        return NOT_APPLICABLE + ", ".join(unmet) if unmet else ""
    kind = (failure.kinds or ("",))[0].removeprefix("builtins.")
    return f"{kind}: {failure.message}"[:MESSAGE_LIMIT]


def failure_id(failure: FailureRecord) -> str:
    """Return the signature of a failure and a digest of its words."""
    signature = failure.signature if SIGNATURE.fullmatch(failure.signature) else f"0-{text_digest(failure.signature)[:10]}"
    return f"{signature}/{text_digest(failure.model_dump_json())[:8]}"


def text_id(text: str) -> str:
    """Return the id of a text."""
    return f"t-{text_digest(text)[:12]}"


def packages_id(packages: Iterable[str]) -> str:
    """Return the id of a list of packages."""
    return f"p-{text_digest(json.dumps(list(packages)))[:12]}"


def text_digest(text: str) -> str:
    """Return the sha256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Cutter:
    """Cuts the words of failures: what a text says stays, what it prints goes.

    A judge may look for words anywhere in a message, so a text in which a pattern hits what would be cut away stays whole.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(map(re.compile, sorted(set(patterns))))
        self._short: dict[tuple[str, str], str] = {}

    def failure(self, failure: FailureRecord) -> FailureRecord:
        """Return a failure with both of its messages cut. A hit in the cause is enough, wherever else the pattern hits."""
        cause = self.cut(failure.cause.message)
        return failure.model_copy(
            update={
                "message": cause if failure.message == failure.cause.message else self.cut(failure.message, cause),
                "cause": failure.cause.model_copy(update={"message": cause}),
            }
        )

    def cut(self, text: str, beside: str = "") -> str:
        """Return a text without addresses, arrays, pytest's explanations, and the middle of what is still long.

        `beside` is another text in which the same patterns are searched.
        """
        if (text, beside) not in self._short:
            short = text
            for printed, instead in PRINTED:
                short = printed.sub(instead, short)
            short = shortened(short)
            lost = (pattern for pattern in self._patterns if pattern.search(text))
            is_lost = any(not pattern.search(short) and not pattern.search(beside) for pattern in lost)
            self._short[text, beside] = text if is_lost else short
        return self._short[text, beside]


PRINTED = (
    (EXPLAINED, ""),
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "0x..."),
    (re.compile(r"\barray\(\[[-+\d.aeinf,\s\[\]]*\]"), "array([...]"),
)
"""What is printed in messages and differs whenever it is, with what stands for it."""
MIDDLE = "\n[...]\n"


def shortened(text: str) -> str:
    """Return a text without its middle if it is long. What was shortened stays as it is."""
    return text if len(text) <= HEAD + len(MIDDLE) + TAIL else f"{text[:HEAD]}{MIDDLE}{text[-TAIL:]}"


def last_lines(text: str) -> str:
    """Return the last lines of a text, as many as are kept of evidence."""
    text = text.strip("\n")
    if len(text) <= EVIDENCE_LIMIT:
        return text
    end = text[-EVIDENCE_LIMIT:]
    return end[end.find("\n") + 1 :] or end


def without_words(traceback: str) -> str:
    """Return a traceback without what its exception says beyond the first line: the failure has that."""
    lines = traceback.strip("\n").split("\n")
    last = max((number for number, line in enumerate(lines) if line.startswith(FRAME)), default=None)
    if last is None:
        return traceback
    # Below the last frame: its source, perhaps with marks below that, and then the exception.
    end = next((number for number in range(last + 1, len(lines)) if not lines[number].startswith(" ")), len(lines))
    return "\n".join([*lines[:end], *(line[:FIRST_LINE_LIMIT] for line in lines[end : end + 1])])


def rounded(name: str, number: float) -> float:
    """Return a measured number with the digits that say something: two of a time, six of another, all of a count."""
    if number.is_integer() and abs(number) < 2**53 and not is_time(name):
        return number
    return float(f"{number:.2g}" if is_time(name) else f"{number:.6g}")


def is_time(name: str) -> bool:
    """Return True if a measured number is a time, which differs whenever it is measured."""
    return name.endswith("seconds")


def power_of_two(seconds: float) -> float:
    """Return about so many seconds; zero below one."""
    return float(2 ** round(math.log2(seconds))) if seconds >= 1 else 0.0
