"""The results format: JSON lines, a header first, a footer last, facts between them.

Owns the record types and their published JSON Schema (`hubmatrix results --schema`). Totals are computed, never stored.

Format history:
  1  first version
  2  of a case: `measured`, numbers that it gave to pytest's record_property; `cpu_seconds`. Of environments and axes: `text`.
     Of the header: `command`, `models`, `options`. The trouble `model`
  3  of a case: `beside`
  4  facts in place of verdicts. The outcomes xfailed and xpassed are gone: what a case declares is held against its outcome
     afterwards, and files of the older formats are read as what happened (failed, passed). New: the outcome not_applicable with
     `unmet`; of a case and of an environment `failure`; of a case `peak_memory_bytes` and `processor`; of an environment `seeds`
     and `second_opinion_on`; of the header `digests` and `part`, of its host `processor`. References to cases that several cells
     have are a line of their own, to which the cells refer. Several facts of one cell, environment or key are attempts
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, model_validator

from harness.domain import Axes, InstallPolicy, KerasChoice, Outcome, Status, TextOps, Trouble
from harness.results import older

FORMAT: Final = 4
READABLE: Final = (1, 2, 3, 4)


class Record(BaseModel):
    # A new field is a new format: a reader that doesn't know a field refuses the file instead of dropping the fact.
    model_config = ConfigDict(frozen=True, extra="forbid")


class Host(Record):
    """The machine of a run: facts that explain a difference, nothing that names the machine."""

    system: str
    machine: str
    python: str
    cores: int
    memory_bytes: int
    processor: str = ""


class Digests(Record):
    """The sha256 of what decided what was measured: matrix.yaml, the cases, and the code that runs in cells."""

    spec: str = ""
    cases: str = ""
    incell: str = ""


class PlanPart(Record):
    """The plan that a run belongs to, and the part of it that the run took: shard 1 of 1 is all of it.

    `plan` is the digest of the plan: its cells, what decides their outcomes, and the locks that were made for it, if they were.
    `locks` is the digest of those, else empty. `planned_cells` are the cells of the whole plan. `select`, `environments` and
    `cells` are the options that selected it, beside the tier.
    """

    plan: str
    locks: str = ""
    planned_cells: int
    select: str = ""
    environments: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    shard: int = 1
    shards: int = 1


class Header(Record):
    """First line of every results file. All volatile facts of a run are here and in the footer.

    `command` is what to type to measure a user's own model again; empty for the matrix, which nox measures again.
    `models` says what was measured: `replicas`, `published`, `published, from` a server. `options` are what to add to a session
    of nox to measure the same models again. `fence` is what kept foreign code within its folders, `landlock-7` for Landlock's
    level 7; "off" where a user wanted none, "" where the kernel has none.
    `planned_cells` are those of this run; `part` says of which plan they are.
    """

    type: Literal["header"] = "header"
    format: Literal[1, 2, 3, 4] = FORMAT
    run: str
    started: str
    hubmatrix: str
    tier: str
    selection: str
    models: str = "replicas"
    options: tuple[str, ...] = ()
    planned_cells: int
    command: str = ""
    fence: str = ""
    part: PlanPart | None = None
    digests: Digests = Digests()
    host: Host


class Package(Record):
    name: str
    version: str


class Cause(Record):
    """An exception: its class and that class's bases by their qualified names, most derived first, and its message."""

    kinds: tuple[str, ...]
    message: str


class Frame(Record):
    """The innermost frame of a third-party package in an exception's traceback, else that of the case (`package` is empty)."""

    package: str = ""
    file: str = ""
    function: str = ""


class FailureRecord(Record):
    """An exception as it was raised, its innermost cause without what wraps it, and the frame that this came from.

    `signature` is the same wherever the same thing fails: the version of its algorithm, and a digest of the cause's class, its
    masked words and its frame (harness/incell/hubmatrix_signature.py). Of an environment, `kinds` is its status.
    """

    kinds: tuple[str, ...]
    message: str
    cause: Cause
    frame: Frame = Frame()
    signature: str


class EnvironmentRecord(Record):
    """One environment: what was asked for, what was locked, and whether TensorFlow imports in it.

    `requirements` is what a user would have typed. `exclude_newer` is the date handed to the resolver (None: no limit).
    `locked_on` is the day on which the lock was resolved. `lock` is the sha256 of the lock. `settings` are the environment
    variables the cells run with. `message` is one line; `evidence` the tool's or Python's own words. `key` is the digest of
    everything that decides whether it installs and imports. `seeds` is what its venv held before anything was installed (pip
    left out): `packages` has them too, or what replaced them. `second_opinion_on` is the environment that this one is the same as,
    on an older Python: only what failed there was run here, and its cells don't belong to the matrix.
    """

    type: Literal["environment"] = "environment"
    id: str
    key: str | None = None
    tensorflow: str
    install: InstallPolicy
    keras: KerasChoice
    text: TextOps = TextOps.WITHOUT
    requirements: tuple[str, ...]
    exclude_newer: str | None = None
    settings: dict[str, str] = {}
    python: str | None = None
    locked_on: str | None = None
    lock: str | None = None
    packages: tuple[Package, ...] = ()
    seeds: tuple[Package, ...] = ()
    second_opinion_on: str | None = None
    status: Status
    trouble: Trouble | None = None
    message: str = ""
    evidence: str = ""
    failure: FailureRecord | None = None
    seconds: float = 0.0
    recorded: str
    reused: bool = False


Name = Annotated[str, Field(max_length=40)]
Measured = Annotated[dict[Name, FiniteFloat], Field(max_length=20)]


class CaseRecord(Record):
    """The outcome of one case (or one variant of it, if it is parametrized), with what it raised and measured.

    `key` is the digest of everything that can change the outcome; `cell` is the cell whose process ran it; `uses` holds the
    axis values it asked for; `run` the run that measured it. `cpu_seconds` are user and system
    time, children included; None where they are not known. `measured` are numbers by the names that the case gave them.
    `beside` are the packages that it asked for and that were installed beside its environment. `failure` is what failed, of an
    outcome failed or error. `unmet` are the prerequisites that do not hold here, of not_applicable. `peak_memory_bytes` is the
    most that its process held while it ran, what earlier cases left there included. `processor` is the level of the processor on
    which the `measured` numbers came out: those of another level can't be compared with them.
    """

    type: Literal["case"] = "case"
    key: str
    case: str
    variant: str = ""
    environment: str
    cell: str
    uses: dict[str, str]
    outcome: Outcome
    seconds: float
    cpu_seconds: FiniteFloat | None = None
    message: str = ""
    evidence: str = ""
    measured: Measured = {}
    beside: tuple[Package, ...] = ()
    failure: FailureRecord | None = None
    unmet: tuple[str, ...] = ()
    peak_memory_bytes: int | None = None
    processor: str = ""
    recorded: str
    run: str
    reused: bool = False

    @model_validator(mode="before")
    @classmethod
    def _as_facts(cls, record: Any) -> Any:
        """Read a record of formats 1 to 3, in which pytest had judged already."""
        return older.as_facts(record) if isinstance(record, dict) else record


class CaseRef(Record):
    """A case that bears on a cell; its records are those with the same key, none where it did not run."""

    case: str
    key: str | None


class CellRecord(Record):
    """A finished cell: its status, and the cases that bear on it. `key` is the digest of their keys.

    In a file `references` may stand in place of `cases`: the `id` of a line above that has them.
    """

    type: Literal["cell"] = "cell"
    id: str
    key: str | None = None
    axes: Axes
    environment: str
    status: Status
    trouble: Trouble | None = None
    message: str = ""
    evidence: str = ""
    cases: tuple[CaseRef, ...] = ()
    references: int | None = None
    recorded: str
    reused: bool = False


class ReferenceSet(Record):
    """References that several cells have, once in a file: each of those cells gives the `id` in place of its own `cases`."""

    type: Literal["references"] = "references"
    id: int
    cases: tuple[CaseRef, ...]


class Footer(Record):
    """Last line of a run that ended by itself or by Ctrl-C; a file without one was cut off."""

    type: Literal["footer"] = "footer"
    finished: str
    interrupted: bool
    records: int


Line = Annotated[Header | EnvironmentRecord | CaseRecord | ReferenceSet | CellRecord | Footer, Field(discriminator="type")]
LINE: TypeAdapter[Line] = TypeAdapter(Line)
