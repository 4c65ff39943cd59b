"""`hubmatrix claims`: the claims of documents held against a run, as a table and as JSON."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten

from pydantic import BaseModel, ConfigDict
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness import catalog
from harness.base.workspace import Workspace
from harness.commands.plan import claims, interfaces
from harness.judge.claims import Answer, judge
from harness.report import wording
from harness.report.claims import documents
from harness.report.document import ClaimView, DocumentView
from harness.results import store

WIDTH = 160
STYLES = {Answer.CONFIRMED: "green", Answer.REFUTED: "red", Answer.VARIES: "yellow", Answer.NOT_MEASURED: "dim"}


class Answered(BaseModel):
    """`hubmatrix claims --json`, format 1. `run` is the run that the claims were held against."""

    model_config = ConfigDict(frozen=True)

    format: int = 1
    run: str
    documents: tuple[DocumentView, ...]


def answer(place: Workspace, results: Path) -> Answered:
    """Raises SpecError for claims that aren't valid, ResultsError for results that can't be read."""
    cases = catalog.read(place.cases)
    stated = claims(place, cases)
    run = store.first_opinions(store.read(results))
    versions = (record.axes.tensorflow for record in run.cells)
    found = documents(judge(stated, run, interfaces(place)), versions, {case.id: case.title for case in cases})
    return Answered(run=run.header.run, documents=found)


def as_table(told: Answered) -> Table:
    """A row a claim: its answer, what is said, and in which versions what was seen."""
    table = Table(title=f"What documents say, and what run {escape(told.run)} says to it", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("statement", ratio=3)
    table.add_column("seen", ratio=2)
    for document in told.documents:
        table.add_section()
        table.add_row("", Text(f"{document.title} ({document.file})", style="bold"), "")
        for claim in document.claims:
            symbol, name = wording.ANSWERS[claim.answer]
            table.add_row(Text(f"{symbol} {name}", style=STYLES[claim.answer]), Text(claim.says), Text(_seen(claim)))
    return table


def _seen(claim: ClaimView) -> str:
    lines = [f"{phrase} ({where})" if where else phrase for phrase, where in wording.of_claim(claim)]
    said = dict.fromkeys(shorten(one.message, WIDTH, placeholder=" …") for one in claim.proofs[:2] if one.message)
    return "\n".join([*(lines or [claim.why]), *said])
