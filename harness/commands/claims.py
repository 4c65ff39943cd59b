"""`hubmatrix claims`: compare the claims of documents with a run, as a table and as JSON."""

from __future__ import annotations

from textwrap import shorten

from pydantic import BaseModel, ConfigDict
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness import catalog
from harness.base.workspace import Workspace
from harness.commands.plan import model_interfaces, read_documents
from harness.judge.claims import Answer, judge
from harness.judge.declarations import compiled
from harness.judge.judgement import judge_run
from harness.matrix import load_spec
from harness.report import wording
from harness.report.claims import documents
from harness.report.document import ClaimView, DocumentView
from harness.results.run import Run, first_opinions

WIDTH = 160
STYLES = {
    Answer.CONFIRMED: "green",
    Answer.REFUTED: "red",
    Answer.VARIES: "yellow",
    Answer.PARTLY: "yellow",
    Answer.NOT_MEASURED: "dim",
}


class ClaimAnswers(BaseModel):
    """The document of `hubmatrix claims --json`. `run` is the id of the run that the claims are compared with.

    Format history:
      1  first version
      2  the answer `partly`; `measured_on` of claims and proofs
    """

    model_config = ConfigDict(frozen=True)

    format: int = 2
    run: str
    documents: tuple[DocumentView, ...]


def judge_claims(workspace: Workspace, run: Run) -> ClaimAnswers:
    """Judge every claim by the results of a run.

    Raises:
        SpecError: claims, or declarations of cases, aren't valid.
    """
    cases = catalog.read_cases(workspace.cases, workspace.memo)
    claiming = read_documents(workspace, cases)
    # Claims are about the matrix, not about the environments that were added for second opinions.
    run = first_opinions(run)
    interfaces = model_interfaces(workspace)
    declared = compiled(cases, load_spec(workspace.matrix).vocabulary() if workspace.matrix.is_file() else {})
    judgements = judge_run(run, cases, declared, interfaces)
    versions = (record.axes.tensorflow for record in run.cells)
    findings = judge(claiming, run, interfaces, judgements)
    return ClaimAnswers(run=run.header.run, documents=documents(findings, versions, {case.id: case.title for case in cases}))


def claims_table(answers: ClaimAnswers) -> Table:
    """Return a table with a row for each claim: the answer, the statement, and what was seen in which versions."""
    table = Table(title=f"What documents say, and what run {escape(answers.run)} says to it", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("statement", ratio=3)
    table.add_column("seen", ratio=2)
    for document in answers.documents:
        table.add_section()
        table.add_row("", Text(f"{document.title} ({document.file})", style="bold"), "")
        for claim in document.claims:
            symbol, name = wording.ANSWERS[claim.answer]
            table.add_row(Text(f"{symbol} {name}", style=STYLES[claim.answer]), Text(claim.says), Text(_seen(claim)))
    return table


def _seen(claim: ClaimView) -> str:
    lines = [f"{phrase} ({where})" if where else phrase for phrase, where in wording.of_claim(claim)]
    measured = [wording.measured_on(claim)] if claim.measured_on else []
    messages = dict.fromkeys(shorten(proof.message, WIDTH, placeholder=" …") for proof in claim.proofs[:2] if proof.message)
    return "\n".join([*(lines or [claim.why]), *measured, *messages])
