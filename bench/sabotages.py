"""The sabotages: which cases each touches, and whether a case noticed one. Pure; `bench/sabotage.py` runs them.

A sabotage is *quiet* where the software still runs and gives something wrong, and *loud* where the software itself raises. A loud
one says little of a case, for a case without any assertion would fail too: what counts is whether a case notices a quiet one.

A sabotage touches cases by what they ask for and by the room (folder) that they stand in, never by a list of cases, so
that a new case is covered as soon as it is there. Touching too many costs time and hides nothing; touching too few would.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from harness.domain import Axis, Case, Interface, Outcome, Service, UserTask
from harness.judge.outcomes import is_the_declared
from harness.results.format import CaseRecord

REPLICA = "replica.py"
"""The payload that breaks the model's folder before the case gets it; any other is a conftest.py above the cases."""
READING_ROOMS = frozenset({"loading", "encoding", "preprocessing", "fetching"})
"""Rooms in which nothing is trained or saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """One thing that goes wrong, by a file of bench/payload/sabotage.

    `tasks` are what a user comes for and doesn't get then: each way to do one of them has to notice. A `broad` one touches nearly
    every case, so unless all is asked for it is only for those that have noticed none before.
    """

    name: str
    title: str
    payload: str
    touches: Callable[[Case], bool]
    tasks: frozenset[UserTask] = frozenset()
    broad: bool = False
    loud: bool = False


def room(case: Case) -> str:
    """Return the folder below cases/ in which a case stands."""
    return case.id.split("/")[1]


def has_encoder(case: Case) -> bool:
    """Return whether a case may be about an encoder: of preprocessing it is the model that takes what comes out."""
    return Axis.MODEL in case.uses


def has_text_model(case: Case) -> bool:
    """Return whether a case may be about a model that has a vocabulary to look words up in."""
    return Axis.MODEL in case.uses and (not case.interfaces or Interface.TEXT in case.interfaces or room(case) == "loading")


def trains(case: Case) -> bool:
    """Return whether a case may take a gradient."""
    return room(case) not in READING_ROOMS


def trains_in_numbers(case: Case) -> bool:
    """Return whether a case may see what a gradient is. A compiler sees only how it is computed."""
    return trains(case) and Service.TPU_COMPILER not in case.services


def trains_an_encoder(case: Case) -> bool:
    """Return whether a case may take a gradient through a model."""
    return trains(case) and has_encoder(case)


def saves(case: Case) -> bool:
    """Return whether a case may write weights to a file and read them again: what trains may save, and the other way round."""
    return trains_in_numbers(case)


def distributes(case: Case) -> bool:
    """Return whether a case may divide work over replicas."""
    return room(case) == "distributing"


SABOTAGES = (
    Sabotage(
        name="gradients-stopped",
        title="no gradient reaches the encoder",
        payload=REPLICA,
        touches=trains_an_encoder,
        tasks=frozenset({UserTask.FINE_TUNE, UserTask.TPU_TRAIN}),
    ),
    Sabotage(
        name="zero-gradients",
        title="every gradient is zero",
        payload="zero_gradients.py",
        touches=trains_in_numbers,
        tasks=frozenset({UserTask.FINE_TUNE}),
    ),
    Sabotage(
        name="save-other-weights",
        title="a save writes half of each weight",
        payload="save_other_weights.py",
        touches=saves,
        tasks=frozenset({UserTask.SAVE}),
    ),
    Sabotage(
        name="save-old-weights",
        title="a save writes the weights of before the training",
        payload="save_old_weights.py",
        touches=saves,
    ),
    Sabotage(
        name="compiler-says-yes",
        title="the TPU compiler says yes to everything",
        payload="compiler_says_yes.py",
        touches=lambda case: Service.TPU_COMPILER in case.services,
        tasks=frozenset({UserTask.TPU_ENCODE, UserTask.TPU_TRAIN}),
    ),
    Sabotage(
        name="server-without-faults",
        title="the Hub server gets nothing wrong",
        payload="server.py",
        touches=lambda case: Service.HUB_SERVER in case.services,
    ),
    Sabotage(
        name="server-other-model",
        title="the Hub server serves another model",
        payload="server.py",
        touches=lambda case: Service.HUB_SERVER in case.services,
    ),
    Sabotage(
        name="whole-batch-each",
        title="each replica gets the whole batch",
        payload="strategy.py",
        touches=distributes,
    ),
    Sabotage(
        name="first-replica-only",
        title="a sum over replicas is the first one's value",
        payload="strategy.py",
        touches=distributes,
    ),
    Sabotage(
        name="other-vocabulary",
        title="words of the vocabulary trade places",
        payload=REPLICA,
        touches=has_text_model,
        tasks=frozenset({UserTask.PREPROCESS}),
    ),
    Sabotage(
        name="other-weights",
        title="other weights in the replica",
        payload=REPLICA,
        touches=has_encoder,
        tasks=frozenset({UserTask.ENCODE, UserTask.BUILD}),
        broad=True,
    ),
    Sabotage(
        name="outputs-swapped",
        title="two outputs of the model are swapped",
        payload=REPLICA,
        touches=has_encoder,
        tasks=frozenset({UserTask.ENCODE, UserTask.BUILD}),
        broad=True,
    ),
    Sabotage(
        name="read-other-weights",
        title="half of each weight is read from a file",
        payload="read_other_weights.py",
        touches=saves,
        tasks=frozenset({UserTask.RELOAD_OLDER}),
        broad=True,
    ),
    Sabotage(
        name="missing-file",
        title="a file of the model is missing",
        payload=REPLICA,
        touches=has_encoder,
        tasks=frozenset({UserTask.LOAD}),
        broad=True,
        loud=True,
    ),
)
"""All sabotages, in the order they are run."""

Circumstance: TypeAlias = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""Case, variant, environment, and the values of the axes that it uses: what tells one run of a case from another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The result of one run of a case: its outcome, and the signature of its failure if it failed."""

    outcome: Outcome
    signature: str = ""
    declared: bool = False


Observations: TypeAlias = Mapping[Circumstance, Observation]


def observe(records: Iterable[CaseRecord], cases: Iterable[Case]) -> Observations:
    """Return what happened, by circumstance. Declared is a failure that fits any declaration of its case, wherever that applies."""
    declarations = {case.id: case.declarations for case in cases}
    return {
        (record.case, record.variant, record.environment, tuple(sorted(record.uses.items()))): Observation(
            outcome=record.outcome,
            signature=record.failure.signature if record.failure else "",
            declared=any(is_the_declared(declaration, record.failure) for declaration in declarations.get(record.case, ())),
        )
        for record in records
    }


class Reaction(str, Enum):
    """The answer of a case to a sabotage, over all its circumstances."""

    NOTICED = "noticed"
    GREEN = "green"
    UNKNOWN = "unknown"
    """It did not run, before or after."""


RAN = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.CRASHED, Outcome.TIMED_OUT})


def react(before: Observations, after: Observations) -> Mapping[str, Reaction]:
    """Return by case whether any of its runs ended otherwise than in the baseline: another outcome, or another failure."""
    reactions: dict[str, Reaction] = {}
    for circumstance, baseline in before.items():
        sabotaged = after.get(circumstance)
        if baseline.outcome not in RAN or sabotaged is None:
            reactions.setdefault(circumstance[0], Reaction.UNKNOWN)
        elif (sabotaged.outcome, sabotaged.signature) != (baseline.outcome, baseline.signature):
            reactions[circumstance[0]] = Reaction.NOTICED
        elif reactions.get(circumstance[0]) is not Reaction.NOTICED:
            reactions[circumstance[0]] = Reaction.GREEN
    return reactions


class Standing(str, Enum):
    """The evidence that a case can fail."""

    NOTICES = "notices"
    """It noticed a quiet sabotage."""
    DECLARED = "declared"
    """It noticed none, but fails as declared, by class and words: another failure, or none, is a surprise."""
    ONLY_LOUD = "only_loud"
    """It notices only what raises by itself."""
    GREEN = "green"
    """It stayed as it was under every sabotage that touches it."""
    UNTOUCHED = "untouched"
    """No sabotage touches it."""
    NOT_RUN = "not_run"
    """It was not to be run in the baseline."""


SUSPECT = frozenset({Standing.ONLY_LOUD, Standing.GREEN, Standing.UNTOUCHED})
"""A case that stands so is mended, or says in `bench/right.py` why it is right."""


def stand(case: Case, before: Observations, reactions: Mapping[Sabotage, Reaction]) -> Standing:
    """Return how a case stands after all sabotages that touch it."""
    own = [observation for circumstance, observation in before.items() if circumstance[0] == case.id]
    ran = [observation for observation in own if observation.outcome in RAN]
    noticed = [sabotage for sabotage, reaction in reactions.items() if reaction is Reaction.NOTICED]
    if not ran:
        return Standing.NOT_RUN
    if any(not sabotage.loud for sabotage in noticed):
        return Standing.NOTICES
    if all(observation.declared for observation in ran):
        return Standing.DECLARED
    if noticed:
        return Standing.ONLY_LOUD
    return Standing.GREEN if reactions else Standing.UNTOUCHED


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case: how it stands, and what it made of each sabotage that touches it, by the sabotage's name."""

    case: str
    task: UserTask | None
    standing: Standing
    reactions: Mapping[str, Reaction]

    @property
    def is_suspect(self) -> bool:
        return self.standing in SUSPECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The cases after all sabotages.

    `unexplained` cases are suspect and say nowhere why they are right; `outdated` are reasons for cases that aren't suspect, or
    aren't there. `unshaken` are the ways to do a user's task that a sabotage takes away and that didn't notice it, with the
    sabotage's name.
    """

    rows: tuple[CaseRow, ...]
    unexplained: tuple[str, ...]
    outdated: tuple[str, ...]
    unshaken: tuple[tuple[str, str], ...]


def missed_tasks(rows: Iterable[CaseRow], sabotages: Iterable[Sabotage]) -> Iterator[tuple[str, str]]:
    """Yield each way to do a task that works as long as nothing is wrong, and each sabotage that should have turned it red."""
    tasks = {sabotage.name: sabotage.tasks for sabotage in sabotages}
    for row in rows:
        for name, reaction in row.reactions.items():
            if row.task in tasks[name] and reaction is Reaction.GREEN and row.standing is not Standing.DECLARED:
                yield row.case, name


def judge(
    cases: Collection[Case], before: Observations, after: Mapping[Sabotage, Observations], right: Mapping[str, str]
) -> Findings:
    """Return what the sabotages that were run say of these cases.

    Args:
        cases: those that were run.
        before: the baseline.
        after: what happened under each sabotage.
        right: by case, why it is right to stay green; only entries on `cases` or on cases that don't exist can be outdated.
    """
    reactions = {sabotage: react(before, observations) for sabotage, observations in after.items()}
    rows = []
    for case in cases:
        own = {
            sabotage: by_case.get(case.id, Reaction.UNKNOWN) for sabotage, by_case in reactions.items() if sabotage.touches(case)
        }
        rows.append(
            CaseRow(
                case=case.id,
                task=case.way.task if case.way else None,
                standing=stand(case, before, own),
                reactions={sabotage.name: reaction for sabotage, reaction in own.items()},
            )
        )
    suspect = {row.case for row in rows if row.is_suspect}
    measured = {row.case for row in rows if row.standing is not Standing.NOT_RUN}
    return Findings(
        rows=tuple(rows),
        unexplained=tuple(row.case for row in rows if row.case in suspect - right.keys()),
        outdated=tuple(sorted(name for name in right if name in measured - suspect)),
        unshaken=tuple(missed_tasks(rows, after)),
    )
