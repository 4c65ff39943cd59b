"""From a run to its view: counts once, sorts once, judges each cell once. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from types import MappingProxyType

from harness.domain import Axis, Cell, Interface, Outcome, Status
from harness.judge import facts
from harness.judge.claims import Finding
from harness.judge.diagnose import KNOWN, Diagnosis, diagnose
from harness.judge.outcomes import SURPRISES, CaseJudgement, CaseVerdict, Judgements, RecordId, judgement_of, record_id
from harness.judge.second import SecondOpinion, opinions_on_cases, opinions_on_environments
from harness.judge.verdict import CellVerdict, judge_cell
from harness.matrix.facts import Facts
from harness.report import summary, wording
from harness.report.blocked import blocked
from harness.report.claims import documents
from harness.report.compiling import compiling
from harness.report.devices import count as count_devices
from harness.report.document import CaseView, CellView, Measurement, View
from harness.report.grid import arrange, ascending
from harness.report.numbers import numbers
from harness.report.text import MESSAGE_LIMIT, plain
from harness.report.ways import ways as every_way
from harness.results.format import CaseRecord, CaseRef, CellRecord, EnvironmentRecord, Package
from harness.results.store import Run, first_opinions

__all__ = ["View", "view"]
_AXES = frozenset(axis.value for axis in Axis)


def view(
    run: Run,
    titles: Mapping[str, str],
    planned: Iterable[Cell] = (),
    findings: Sequence[Finding] = (),
    judgements: Judgements = MappingProxyType({}),
    interfaces: Mapping[str, Interface] = MappingProxyType({}),
    tasks: Mapping[str, str] = MappingProxyType({}),
) -> View:
    """The report's data.

    Args:
        run: a run as read, second opinions included; where an id is recorded twice, the later record holds.
        titles: what each case is called, by its id; a case without a title is called by its id.
        planned: the plan's cells, where it is known: those without a record are shown as not run.
        findings: the documents' claims, held against this run.
        judgements: the verdict on each case record; one without a judgement declares nothing.
        interfaces: the interface of each model, where it is known.
        tasks: what a user comes for, by the case that is a way to do it.
    """
    every, run = run, first_opinions(run)
    on_environments, on_cases = opinions_on_environments(every), opinions_on_cases(every, judgements)
    records = {record.id: _plain_axes(record) for record in run.cells}
    missing = [cell for cell in planned if cell.id not in records]
    axes = [record.axes for record in records.values()] + [cell.axes for cell in missing]
    order, sections = arrange(axes)
    environments = {record.id: _plain_environment(record) for record in run.environments}
    texts = _Texts()
    # A case that both have may have been run in the environment of a second opinion.
    environment_facts = {record.id: facts.of_environment(record) for record in map(_plain_environment, every.environments)}
    measured = _Cases(run.cases, titles, texts, environment_facts, judgements, on_cases)
    unsorted: list[CellRecord | Cell] = [*records.values(), *missing]
    cells = tuple(_cell(unsorted[place], environments, environment_facts, measured, texts, on_environments) for place in order)
    cases = measured.shown()
    by_model = summary.models(sections, cells)
    versions = ascending(one.tensorflow for one in axes)
    ways = every_way(cells, cases, environments, measured.uses)
    return View(
        header=run.header,
        footer=run.footer,
        counts=summary.count(cells, run.header.planned_cells),
        versions=versions,
        ways=ways,
        numbers=numbers(cells, cases, versions, measured.uses),
        blocked=blocked(cells, cases),
        compiling=compiling(cells, cases, environments, measured.uses, versions),
        devices=count_devices(cells),
        documents=documents(findings, versions, titles),
        models=tuple(model for model in by_model if model.model),
        without_model=next((model for model in by_model if not model.model), None),
        interfaces={plain(model, MESSAGE_LIMIT): interface for model, interface in interfaces.items()},
        tasks=dict(tasks),
        messages=summary.messages(cells, cases, versions),
        diagnoses=_diagnoses(cells, cases),
        sections=sections,
        environments=tuple(sorted(environments.values(), key=attrgetter("id"))),
        cells=cells,
        cases=cases,
        evidence=texts.seen(),
    )


class _Texts:
    """Evidence, each text once. The same text is made plain once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {"": 0}
        self._of: dict[str, int] = {"": 0}

    def place(self, text: str) -> int:
        if text not in self._of:
            self._of[text] = self._places.setdefault(plain(text), len(self._places))
        return self._of[text]

    def seen(self) -> tuple[str, ...]:
        return tuple(self._places)


class _Cases:
    """The measured cases, each made into a CaseView once, numbered as cells first ask for them."""

    def __init__(
        self,
        records: Iterable[CaseRecord],
        titles: Mapping[str, str],
        texts: _Texts,
        environments: Mapping[str, Facts],
        judgements: Judgements,
        opinions: Mapping[RecordId, SecondOpinion],
    ) -> None:
        self._opinions = opinions
        self._titles = titles
        self._judgements = judgements
        self._texts = texts
        self._facts = environments
        self._records: defaultdict[str, dict[tuple[str, str], CaseRecord]] = defaultdict(dict)
        self.uses: dict[str, frozenset[Axis]] = {}
        for record in records:
            self._records[record.key][record.case, record.variant] = record
            self.uses[record.case] = self.uses.get(record.case, frozenset()) | {Axis(name) for name in record.uses if name in _AXES}
        self._places: dict[tuple[str, str | None], tuple[int, ...]] = {}
        self._shown: list[CaseView] = []
        self._known: set[int] = set()

    def places(self, ref: CaseRef) -> tuple[int, ...]:
        """Where the cases of a reference are in `shown()`; one that was not run where there is no record."""
        records = self._records.get(ref.key, {}) if ref.key is not None else {}
        name = ref.case, ref.key if records else None
        if name not in self._places:
            first = len(self._shown)
            for record in records.values():
                judgement = judgement_of(self._judgements, record)
                if judgement.known:
                    self._known.add(len(self._shown))
                self._shown.append(self._case(record, judgement))
            if not records:
                self._shown.append(self._not_run(ref.case))
            self._places[name] = tuple(range(first, len(self._shown)))
        return self._places[name]

    def verdicts(self, places: Sequence[int]) -> tuple[CaseVerdict, ...]:
        return tuple(self._shown[place].verdict for place in places)

    def known_failures(self, places: Sequence[int]) -> int:
        """Count the right ways among them that failed as declared."""
        return sum(place in self._known for place in places)

    def shown(self) -> tuple[CaseView, ...]:
        return tuple(self._shown)

    def _not_run(self, case: str) -> CaseView:
        return CaseView(case=case, title=self._title(case), outcome=Outcome.NOT_RUN, verdict=CaseVerdict.NOT_RUN)

    def _title(self, case: str) -> str:
        return plain(self._titles.get(case) or case, MESSAGE_LIMIT)

    def _case(self, record: CaseRecord, judgement: CaseJudgement) -> CaseView:
        failure, declaration = record.failure, judgement.declaration
        opinion = self._opinions.get(record_id(record))
        return CaseView(
            case=record.case,
            title=self._title(record.case),
            variant=plain(record.variant, MESSAGE_LIMIT),
            python=plain(str(self._facts.get(record.environment, facts.NOTHING)["python"] or "")),
            outcome=record.outcome,
            verdict=judgement.verdict,
            seconds=round(record.seconds, 2),
            message=plain(_message(record), MESSAGE_LIMIT) or _silent(judgement.verdict),
            second=wording.second_on_case(opinion) if opinion else "",
            kind=plain(failure.cause.kinds[0].rpartition(".")[2]) if failure and failure.cause.kinds else "",
            signature=plain(failure.signature) if failure else "",
            instead=declaration.instead if declaration else "",
            proof=declaration.proof if declaration else "",
            proven=judgement.proven,
            link=declaration.link if declaration else "",
            unmet=tuple(plain(text, MESSAGE_LIMIT) for text in record.unmet),
            evidence=self._texts.place(record.evidence),
            diagnosis=self._diagnosis(record),
            measured=tuple(Measurement(name=plain(name), value=value) for name, value in record.measured.items()),
            beside=tuple(Package(name=plain(one.name), version=plain(one.version)) for one in record.beside),
            cell=record.cell,
            recorded=record.recorded,
            reused=record.reused,
        )

    def _diagnosis(self, record: CaseRecord) -> str:
        if not record.message:
            return ""
        used = {name: value for name, value in record.uses.items() if name in _AXES}
        cell = self._facts.get(record.environment, facts.NOTHING).also(used)
        return _diagnosis(record.message, facts.of_case(cell, record.case, record))


def _diagnosis(message: str, under: Facts) -> str:
    diagnosis = diagnose(message, under, KNOWN)
    return diagnosis.id if diagnosis else ""


def _diagnoses(cells: Sequence[CellView], cases: Sequence[CaseView]) -> tuple[Diagnosis, ...]:
    used = {cell.diagnosis for cell in cells} | {case.diagnosis for case in cases}
    return tuple(one for one in KNOWN if one.id in used)


def _cell(
    record: CellRecord | Cell,
    environments: Mapping[str, EnvironmentRecord],
    environment_facts: Mapping[str, Facts],
    measured: _Cases,
    texts: _Texts,
    opinions: Mapping[str, SecondOpinion],
) -> CellView:
    if isinstance(record, Cell):
        return _unrecorded(record)
    places = tuple(place for ref in record.cases for place in measured.places(ref))
    verdicts = measured.verdicts(places)
    known = measured.known_failures(places)
    judgement = judge_cell(record.status, record.trouble, verdicts, known)
    environment = environments.get(record.environment)
    opinion = opinions.get(record.environment) if environment and environment.status is record.status else None
    inherited = environment.message if environment and environment.status is record.status else ""
    message = plain(record.message, MESSAGE_LIMIT) or inherited
    return CellView(
        id=record.id,
        axes=record.axes,
        environment=record.environment,
        python=plain(environment.python) if environment and environment.python else "",
        verdict=judgement.verdict,
        label=judgement.label,
        words=judgement.words,
        passed=verdicts.count(CaseVerdict.PASSED),
        declared=verdicts.count(CaseVerdict.AS_DECLARED),
        known=known,
        surprises=sum(verdict in SURPRISES for verdict in verdicts),
        unexpected=verdicts.count(CaseVerdict.PASSED_UNEXPECTEDLY),
        status=record.status,
        trouble=record.trouble,
        message=message or ("" if record.status is Status.COMPLETED else judgement.words),
        second=wording.second_on_environment(opinion, record.status) if opinion else "",
        diagnosis=_diagnosis(message, facts.of_cell(record, environment_facts.get(record.environment), {})) if message else "",
        evidence=texts.place(record.evidence),
        cases=places,
        recorded=record.recorded,
        reused=record.reused,
    )


def _message(record: CaseRecord) -> str:
    """Return what a reader has to read first: the innermost cause, without what wraps it."""
    if record.failure is None or not record.failure.cause.message.strip():
        return record.message
    kind = record.failure.cause.kinds[0].rpartition(".")[2] if record.failure.cause.kinds else ""
    named = record.outcome in (Outcome.FAILED, Outcome.ERROR) and kind not in ("", "unknown", "not_collected")
    return f"{kind}: {record.failure.cause.message}" if named else record.failure.cause.message


def _silent(verdict: CaseVerdict) -> str:
    if verdict in SURPRISES or verdict is CaseVerdict.AS_DECLARED:
        return f"{verdict.value.replace('_', ' ')}, without a message"
    return ""


def _unrecorded(cell: Cell) -> CellView:
    return CellView(
        id=cell.id,
        axes=cell.axes,
        environment=cell.environment,
        python="",
        verdict=CellVerdict.NOT_RUN,
        label="–",
        words="not run: the run ended before it",
        passed=0,
        declared=0,
        known=0,
        surprises=0,
        unexpected=0,
        status=None,
        trouble=None,
        message="",
        second="",
        diagnosis="",
        evidence=0,
        cases=(),
        recorded="",
        reused=False,
    )


def _plain_environment(record: EnvironmentRecord) -> EnvironmentRecord:
    shown = {
        "message": plain(record.message, MESSAGE_LIMIT),
        "evidence": plain(record.evidence),
        "requirements": tuple(plain(one, MESSAGE_LIMIT) for one in record.requirements),
        "settings": {plain(name): plain(value, MESSAGE_LIMIT) for name, value in record.settings.items()},
    }
    return record.model_copy(update=shown)


def _plain_axes(record: CellRecord) -> CellRecord:
    axes = record.axes
    shown = replace(axes, tensorflow=plain(axes.tensorflow, MESSAGE_LIMIT), model=plain(axes.model, MESSAGE_LIMIT))
    return record if shown == axes else record.model_copy(update={"axes": shown})
