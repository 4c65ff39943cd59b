"""Make a run into its view: count once, sort once, judge each cell once. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from types import MappingProxyType

from harness.domain import Axis, Cell, Interface, Outcome, Status
from harness.judge import facts
from harness.judge.claims import Finding
from harness.judge.diagnose import DIAGNOSES, Diagnosis, diagnose
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
from harness.report.ways import ways as all_ways
from harness.results.format import CaseRecord, CaseRef, CellRecord, EnvironmentRecord, Package
from harness.results.run import Run, first_opinions

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
    """Return the report's data.

    Args:
        run: a run as read, second opinions included; where an id is recorded twice, the later record holds.
        titles: what each case is called, by its id; a case without a title is called by its id.
        planned: the cells of the plan, if it is known: those without a record are shown as not run.
        findings: the documents' claims, judged by this run.
        judgements: the verdict on each case record; one without a judgement declares nothing.
        interfaces: the interface of each model whose interface is known.
        tasks: the user's task, by the case that is a way to do it.
    """
    # The verdicts are those of the first opinions alone; second opinions become sentences beside them.
    with_second, run = run, first_opinions(run)
    on_environments, on_cases = opinions_on_environments(with_second), opinions_on_cases(with_second, judgements)
    records = {record.id: _plain_axes(record) for record in run.cells}
    missing = [cell for cell in planned if cell.id not in records]
    axes = [record.axes for record in records.values()] + [cell.axes for cell in missing]
    order, sections = arrange(axes)
    environments = {record.id: _plain_environment(record) for record in run.environments}
    texts = _Texts()
    # With those of second opinions: a case that both environments have may have been run in the second.
    environment_facts = {record.id: facts.of_environment(record) for record in map(_plain_environment, with_second.environments)}
    measured = _Cases(run.cases, titles, texts, environment_facts, judgements, on_cases)
    unsorted: list[CellRecord | Cell] = [*records.values(), *missing]
    cells = tuple(_cell(unsorted[index], environments, environment_facts, measured, texts, on_environments) for index in order)
    cases = measured.views()
    by_model = summary.models(sections, cells)
    versions = ascending(cell_axes.tensorflow for cell_axes in axes)
    ways = all_ways(cells, cases, environments, measured.uses)
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
        evidence=texts.plain_texts(),
    )


class _Texts:
    """Evidence, each text once, numbered in the order in which texts first come. The same text is made plain once."""

    def __init__(self) -> None:
        # Two tables: raw texts that differ, in terminal codes for example, may be the same plain text.
        self._by_plain_text: dict[str, int] = {"": 0}
        self._by_raw_text: dict[str, int] = {"": 0}

    def index_of(self, text: str) -> int:
        if text not in self._by_raw_text:
            self._by_raw_text[text] = self._by_plain_text.setdefault(plain(text), len(self._by_plain_text))
        return self._by_raw_text[text]

    def plain_texts(self) -> tuple[str, ...]:
        return tuple(self._by_plain_text)


class _Cases:
    """The cases of a run, each made into a CaseView once, numbered in the order in which cells first ask for them."""

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
            # The later record of a case holds, as for cells and environments.
            self._records[record.key][record.case, record.variant] = record
            self.uses[record.case] = self.uses.get(record.case, frozenset()) | {Axis(name) for name in record.uses if name in _AXES}
        self._indices: dict[tuple[str, str | None], tuple[int, ...]] = {}
        self._views: list[CaseView] = []
        self._known_failures: set[int] = set()

    def indices_of(self, ref: CaseRef) -> tuple[int, ...]:
        """Return the indices of a reference's cases in `views()`: several for variants, one not run if there is no record."""
        records = self._records.get(ref.key, {}) if ref.key is not None else {}
        # Without records the key tells nothing apart: one "not run" serves all cells that miss this case.
        case_and_key = ref.case, ref.key if records else None
        if case_and_key not in self._indices:
            first = len(self._views)
            for record in records.values():
                judgement = judgement_of(self._judgements, record)
                if judgement.is_known_failure:
                    self._known_failures.add(len(self._views))
                self._views.append(self._case(record, judgement))
            if not records:
                self._views.append(self._not_run(ref.case))
            self._indices[case_and_key] = tuple(range(first, len(self._views)))
        return self._indices[case_and_key]

    def verdicts(self, indices: Sequence[int]) -> tuple[CaseVerdict, ...]:
        return tuple(self._views[index].verdict for index in indices)

    def count_known_failures(self, indices: Sequence[int]) -> int:
        """Count the right ways that failed as declared among these cases."""
        return sum(index in self._known_failures for index in indices)

    def views(self) -> tuple[CaseView, ...]:
        return tuple(self._views)

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
            python=plain(str(self._facts.get(record.environment, facts.NO_FACTS)["python"] or "")),
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
            evidence=self._texts.index_of(record.evidence),
            diagnosis=self._diagnosis(record),
            measured=tuple(Measurement(name=plain(name), value=value) for name, value in record.measured.items()),
            beside=tuple(Package(name=plain(package.name), version=plain(package.version)) for package in record.beside),
            cell=record.cell,
            recorded=record.recorded,
            reused=record.reused,
        )

    def _diagnosis(self, record: CaseRecord) -> str:
        if not record.message:
            return ""
        used = {name: value for name, value in record.uses.items() if name in _AXES}
        cell = self._facts.get(record.environment, facts.NO_FACTS).also(used)
        return _diagnosis(record.message, facts.of_case(cell, record.case, record))


def _diagnosis(message: str, under: Facts) -> str:
    diagnosis = diagnose(message, under, DIAGNOSES)
    return diagnosis.id if diagnosis else ""


def _diagnoses(cells: Sequence[CellView], cases: Sequence[CaseView]) -> tuple[Diagnosis, ...]:
    used = {cell.diagnosis for cell in cells} | {case.diagnosis for case in cases}
    return tuple(diagnosis for diagnosis in DIAGNOSES if diagnosis.id in used)


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
    case_indices = tuple(index for ref in record.cases for index in measured.indices_of(ref))
    verdicts = measured.verdicts(case_indices)
    known_failures = measured.count_known_failures(case_indices)
    judgement = judge_cell(record.status, record.trouble, verdicts, known_failures)
    environment = environments.get(record.environment)
    # A cell that has the status of its environment ended because of it: the environment's second opinion is the cell's too,
    # and so is its message if the cell has none.
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
        known_failures=known_failures,
        surprises=sum(verdict in SURPRISES for verdict in verdicts),
        unexpected=verdicts.count(CaseVerdict.PASSED_UNEXPECTEDLY),
        status=record.status,
        trouble=record.trouble,
        message=message or ("" if record.status is Status.COMPLETED else judgement.words),
        second=wording.second_on_environment(opinion, record.status) if opinion else "",
        diagnosis=_diagnosis(message, facts.of_cell(record, environment_facts.get(record.environment), {})) if message else "",
        evidence=texts.index_of(record.evidence),
        cases=case_indices,
        recorded=record.recorded,
        reused=record.reused,
    )


def _message(record: CaseRecord) -> str:
    """Return what a reader has to read first: the innermost cause, without what wraps it."""
    if record.failure is None or not record.failure.cause.message.strip():
        return record.message
    kind = record.failure.cause.kinds[0].rpartition(".")[2] if record.failure.cause.kinds else ""
    # No classes: results before format 4 have `unknown` where pytest printed none, `not_collected` is a file that failed to import.
    has_class = record.outcome in (Outcome.FAILED, Outcome.ERROR) and kind not in ("", "unknown", "not_collected")
    return f"{kind}: {record.failure.cause.message}" if has_class else record.failure.cause.message


def _silent(verdict: CaseVerdict) -> str:
    """Return a message for a failure that has none; empty for other verdicts."""
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
        known_failures=0,
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
    plain_fields = {
        "message": plain(record.message, MESSAGE_LIMIT),
        "evidence": plain(record.evidence),
        "requirements": tuple(plain(requirement, MESSAGE_LIMIT) for requirement in record.requirements),
        "settings": {plain(name): plain(value, MESSAGE_LIMIT) for name, value in record.settings.items()},
    }
    return record.model_copy(update=plain_fields)


def _plain_axes(record: CellRecord) -> CellRecord:
    axes = record.axes
    plain_axes = replace(axes, tensorflow=plain(axes.tensorflow, MESSAGE_LIMIT), model=plain(axes.model, MESSAGE_LIMIT))
    return record if plain_axes == axes else record.model_copy(update={"axes": plain_axes})
