"""Put the parts of a plan together that were measured elsewhere. Pure, and the order of the parts changes nothing.

    problems(parts, planned_facts)  everything for which the parts can't be put together, at once
    merge(parts, ...)               one run; what was measured twice keeps both attempts, and is a flake where they differ

The merged run is made of the facts alone: putting the same facts together again, in whatever files, gives the same run.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from typing_extensions import assert_never

from harness.base.errors import Problem
from harness.domain import Status
from harness.results.foreign import PlannedFacts, foreign_facts
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord, Footer, Header
from harness.results.run import Run, run_of

A_FEW = 5
AFact: TypeAlias = EnvironmentRecord | CaseRecord | CellRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run, and the file that it came from, by its name."""

    file: str
    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredEnd:
    """The end of one measurement, when it was recorded, and in which run. Only a case's record names its run."""

    end: str
    recorded: str
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flake:
    """A case, cell or environment that was measured under the same key more than once, and ended in different ways."""

    name: str
    variant: str
    cell: str
    key: str
    attempts: tuple[MeasuredEnd, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The merged run, its flakes, and the ids of the plan's cells that nobody measured."""

    run: Run
    flakes: tuple[Flake, ...]
    missing: tuple[str, ...]


def facts_of(run: Run) -> tuple[AFact, ...]:
    """Return every fact of a run, the attempts that don't count included."""
    return (*run.environments, *run.cases, *run.cells, *run.attempts)


def problems(parts: Sequence[Part], planned_facts: PlannedFacts) -> Iterator[Problem]:
    """Yield why these parts can't be put together: facts of other plans, and facts that contradict each other."""
    for part in parts:
        sentences = list(foreign_facts(part.run, planned_facts))
        yield from (Problem(location=part.file, message=sentence) for sentence in sentences[:A_FEW])
        if len(sentences) > A_FEW:
            yield Problem(location=part.file, message=f"{len(sentences) - A_FEW} more facts are none of the plan")
    yield from _contradictions(parts)
    yield from _two_locks(parts)


def _contradictions(parts: Sequence[Part]) -> Iterator[Problem]:
    """Yield a problem for each two files that say different things of the same measurement: the same run, and the same key."""
    seen: dict[tuple[str, str, str], tuple[str, frozenset[bytes]]] = {}
    for part in sorted(parts, key=lambda part: part.file):
        different = []
        for identity, contents in _measurements(part.run).items():
            first, before = seen.setdefault(identity, (part.file, contents))
            if before != contents:
                different.append((first, identity))
        if different:
            first, (run, name, _) = different[0]
            more = f" and {len(different) - 1} others" if len(different) > 1 else ""
            message = f"says something else than {first} of {name}{more}, as run {run} measured it"
            yield Problem(location=part.file, message=message, hint="one of the files was changed: export the run again")


def _measurements(run: Run) -> Mapping[tuple[str, str, str], frozenset[bytes]]:
    """Return what a file says of each measurement, by the run that measured, what was measured, and its key and variant."""
    contents: defaultdict[tuple[str, str, str], set[bytes]] = defaultdict(set)
    for fact in facts_of(run):
        match fact:
            case CaseRecord():
                identity = fact.run, fact.case, f"{fact.key} {fact.variant}"
            case EnvironmentRecord() | CellRecord() if not fact.reused:
                identity = run.header.run, f"{fact.type} {fact.id}", ""
            case _:
                continue
        contents[identity].add(_content(fact))
    return {identity: frozenset(digests) for identity, digests in contents.items()}


def _two_locks(parts: Sequence[Part]) -> Iterator[Problem]:
    """Yield a problem for each environment that is not the same in two files."""
    first: dict[str, tuple[str, EnvironmentRecord]] = {}
    for part in sorted(parts, key=lambda part: part.file):
        for record in part.run.environments:
            if record.status is Status.UNAVAILABLE and record.key is None:
                continue
            file, other = first.setdefault(record.id, (part.file, record))
            if other.key != record.key:
                message = f"environment {record.id} is another one than in {file}: {_difference(record, other)}"
                hint = "lock once for all machines, with `hubmatrix lock`, and give them the same interpreters"
                yield Problem(location=part.file, message=message, hint=hint)


def _difference(record: EnvironmentRecord, other: EnvironmentRecord) -> str:
    if record.lock != other.lock:
        return f"{_lock_text(record)}, and there {_lock_text(other)}"
    if record.python != other.python:
        return f"CPython {record.python}, and there {other.python}"
    return "another platform or other settings"


def _lock_text(record: EnvironmentRecord) -> str:
    return f"lock {record.lock[:12]} of {record.locked_on}" if record.lock else "not locked"


def missing_cells(parts: Sequence[Part], planned_facts: PlannedFacts) -> tuple[str, ...]:
    """Return the ids of the plan's cells that are in none of the parts, in the plan's order."""
    present = {record.id for part in parts for record in part.run.cells}
    return tuple(cell.id for cell in planned_facts.plan.cells if cell.id not in present)


def missing_text(parts: Sequence[Part], missing: Sequence[str], planned_cells: int) -> str:
    """Return a sentence on what is missing: which shards, and which of those that are there are incomplete."""
    shards = {(part.run.header.part.shard, part.run.header.part.shards) for part in parts if part.run.header.part}
    reasons = []
    for count in sorted({count for _, count in shards}):
        absent = [str(index) for index in range(1, count + 1) if (index, count) not in shards]
        if absent:
            listed = ", ".join(absent[:A_FEW]) + (", …" if len(absent) > A_FEW else "")
            reasons.append(f"shard{'s' * (len(absent) > 1)} {listed} of {count} {'are' if len(absent) > 1 else 'is'} not there")
    interrupted = sorted(part.file for part in parts if part.run.footer and part.run.footer.interrupted)
    reasons += [f"{file} was interrupted" for file in interrupted[:A_FEW]]
    cells = f"{len(missing)} of {planned_cells} cells are missing, such as {missing[0]}"
    return f"{cells}: {' and '.join(reasons)}" if reasons else cells


def merge(parts: Sequence[Part], older: Sequence[Run], header: Header, planned_facts: PlannedFacts) -> Merged:
    """Return the parts as one run.

    Args:
        parts: of one plan, without problems.
        older: earlier results for cells that the parts lack, the best first. Each keeps its date.
        header: what the parts have in common; the name and the times of the merged run are computed.
        planned_facts: the plan.
    """
    facts = _united(fact for part in parts for fact in facts_of(part.run))
    older_facts = _united(_overlay(facts.values(), older, missing_cells(parts, planned_facts)))
    ordered = _ordered({**older_facts, **facts}, planned_facts)
    started = max(part.run.header.started for part in parts)
    # Any host would do that doesn't depend on the order: where the parts' machines differ, no single one is right.
    host = min((part.run.header.host for part in parts), key=lambda host: host.model_dump_json())
    # A part that ran without a fence is not hidden behind another one's.
    fence = min((part.run.header.fence for part in parts), key=lambda fence: (fence.startswith("landlock"), fence))
    values = {"run": _name(started, header, ordered), "started": started, "host": host, "fence": fence}
    merged_header = header.model_copy(update=values)
    cells = {fact.id for fact in ordered.values() if isinstance(fact, CellRecord)}
    missing = tuple(cell.id for cell in planned_facts.plan.cells if cell.id not in cells)
    finished = max(part.run.footer.finished for part in parts if part.run.footer)
    footer = Footer(finished=finished, interrupted=bool(missing), records=len(ordered) + 1)
    return Merged(run=run_of(merged_header, ordered.values(), footer), flakes=tuple(_flakes(ordered.values())), missing=missing)


def _content(fact: AFact) -> bytes:
    """Return the digest of all that a fact says, but for whether the file's run took it over from another one."""
    text = (fact.model_copy(update={"reused": False}) if fact.reused else fact).model_dump_json()
    return hashlib.sha256(text.encode()).digest()


def _united(facts: Iterable[AFact]) -> Mapping[bytes, AFact]:
    """Return each fact once, by its content. What one run measured and another one took over is measured."""
    united: dict[bytes, AFact] = {}
    for fact in facts:
        content = _content(fact)
        if content not in united or not fact.reused:
            united[content] = fact
    return united


def _overlay(facts: Collection[AFact], older: Iterable[Run], missing: Collection[str]) -> Iterator[AFact]:
    """Yield the older facts of cells that are missing: of each the best run's, if its environment is the one of the parts."""
    keys = {fact.id: fact.key for fact in facts if isinstance(fact, EnvironmentRecord)}
    left = set(missing)
    for run in older:
        environments = {record.id: record for record in run.environments}
        cells = [
            cell
            for cell in run.cells
            if cell.id in left
            and cell.status is not Status.UNAVAILABLE
            and cell.environment in environments
            and keys.get(cell.environment, environments[cell.environment].key) == environments[cell.environment].key
        ]
        left -= {cell.id for cell in cells}
        referenced = {ref.key for cell in cells for ref in cell.cases}
        added = {cell.environment: environments[cell.environment] for cell in cells if cell.environment not in keys}
        keys |= {name: record.key for name, record in added.items()}
        overlaid: list[AFact] = [*added.values(), *(case for case in run.cases if case.key in referenced), *cells]
        for fact in overlaid:
            yield fact.model_copy(update={"reused": True})


def _ordered(facts: Mapping[bytes, AFact], planned_facts: PlannedFacts) -> Mapping[bytes, AFact]:
    """Return facts in an order that depends on nothing else: environments, cases, cells, as planned, then by their content."""
    environments = {name: number for number, name in enumerate(planned_facts.environments)}
    cells = {name: number for number, name in enumerate(planned_facts.cells)}

    def rank(item: tuple[bytes, AFact]) -> tuple[int, int, bytes]:
        content, fact = item
        match fact:
            case EnvironmentRecord():
                return 0, environments.get(fact.id, len(environments)), content
            case CaseRecord():
                return 1, cells.get(fact.cell, len(cells)), content
            case CellRecord():
                return 2, cells.get(fact.id, len(cells)), content
            case _:
                assert_never(fact)

    return dict(sorted(facts.items(), key=rank))


def _name(started: str, header: Header, contents: Iterable[bytes]) -> str:
    """Return a name that the same facts of the same plan always get."""
    digest = hashlib.sha256((header.part.plan if header.part else "").encode())
    for content in contents:
        digest.update(content)
    moment = started[:19].replace("-", "").replace(":", "").replace("T", "-")
    return f"{moment}-{digest.hexdigest()[:6]}"


def _flakes(facts: Iterable[AFact]) -> Iterator[Flake]:
    """Yield what ended in different ways under the same key, in the order of the facts. Trouble of a machine says nothing."""
    attempts: defaultdict[tuple[str, str, str], list[MeasuredEnd]] = defaultdict(list)
    cells: dict[tuple[str, str, str], str] = {}
    for fact in facts:
        match fact:
            case CaseRecord():
                identity = fact.case, fact.variant, fact.key
                cells.setdefault(identity, fact.cell)
                attempts[identity].append(MeasuredEnd(end=fact.outcome.value, recorded=fact.recorded, run=fact.run))
            case EnvironmentRecord() | CellRecord():
                if fact.key is not None and fact.status is not Status.UNAVAILABLE:
                    identity = f"{fact.type} {fact.id}", "", fact.key
                    attempts[identity].append(MeasuredEnd(end=fact.status.value, recorded=fact.recorded))
            case _:
                assert_never(fact)
    for identity, ends in attempts.items():
        if len({attempt.end for attempt in ends}) > 1:
            name, variant, key = identity
            listed = tuple(sorted(ends, key=lambda attempt: (attempt.recorded, attempt.run, attempt.end)))
            yield Flake(name=name, variant=variant, cell=cells.get(identity, ""), key=key, attempts=listed)
