"""Render the view as one HTML page that needs nothing else: no network and no other file, so that `file://` works.

The page's policy names its style and its script by their hashes, so that nothing else in it can run.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.domain import NO_MODEL, OF_INSTALLATION
from harness.judge.verdict import CellVerdict
from harness.report import wording, wording_tpu
from harness.report.devices import Realm, realm
from harness.report.document import CellView, Fate, MessageKind, State, View, installed
from harness.report.panels import idle, panels, tracks
from harness.report.payload import LETTERS, payload

SCRIPTS = ("data.js", "grid.js", "selector.js", "filters.js", "detail.js", "ways.js", "tpu.js", "page.js")
STYLES = ("page.css", "ways.css", "tpu.css", "claims.css", "matrix.css", "detail.css")
MESSAGES = 100
# A table of cells with more columns begins with those of one model.
COLUMNS = 40
# CSS classes of the marks, one letter each: the style sheet draws their symbols, and the script reads out their names.
STATES = {
    State.PASSED: "w",
    State.FAILED: "f",
    State.DECLARED: "d",
    State.OTHERWISE: "o",
    State.UNEXPECTED: "x",
    State.CRASHED: "c",
    State.TIMED_OUT: "t",
    State.MIXED: "p",
    State.SKIPPED: "s",
    State.NOT_APPLICABLE: "a",
    State.BLOCKED: "b",
    State.UNAVAILABLE: "u",
    State.NOT_RUN: "n",
}
FATES = {
    Fate.COMPILED: "w",
    Fate.REFUSED: "f",
    Fate.DIED: "c",
    Fate.NO_PROGRAM: "o",
    Fate.AS_EXPECTED: "d",
    Fate.UNLIKE: "x",
    Fate.BLOCKED: "b",
    Fate.SKIPPED: "s",
    Fate.UNAVAILABLE: "u",
    Fate.NOT_RUN: "n",
}
# Pages that other commands write beside the report.
PAGES = (
    ("reported.html", "What users reported, and what happened when it was run again"),
    ("tpu.html", "BERT from TensorFlow Hub on TPUs: how to write it"),
    ("sizes.html", "The largest batch that fits, at true size"),
)


def render(view: View, beside: Sequence[str] = ()) -> str:
    """Return the view as one HTML document. `beside` names the pages in its folder; it links to those of `PAGES`."""
    view_panels = panels(view)
    style, script = source(STYLES), source(SCRIPTS)
    return (
        template_environment()
        .get_template("report.html.j2")
        .render(
            view=view,
            beside=beside,
            panels=view_panels,
            present={mark.state for _, track in tracks(view_panels) for mark in track.marks if mark},
            idle=idle(view),
            standard=_standard(view),
            standard_device=_standard_device(view),
            standard_chip=_standard_chip(view),
            fates_present={compile_.fate for program in view.compiling.programs for compile_ in program.compiles if compile_},
            # Rows of programs are numbered on from the tracks: the page opens the cells of both by one list.
            first_program=sum(1 for _ in tracks(view_panels)),
            all_models=frozenset(model.model for model in view.models),
            model_numbers={model.model: number for number, model in enumerate(view.models)},
            cell_indices={cell.id: index for index, cell in enumerate(view.cells)},
            diagnoses={diagnosis.id: diagnosis for diagnosis in view.diagnoses},
            answers=Counter(claim.answer for document in view.documents for claim in document.claims),
            labels=wording.labels(view),
            messages=[group for group in view.messages if group.kind is not MessageKind.MACHINE],
            troubles=[group for group in view.messages if group.kind is MessageKind.MACHINE],
            limit=MESSAGES,
            payload=Markup(payload(view)),
            style=Markup(style),
            script=Markup(script),
            policy=policy(style, script),
        )
    )


@cache
def template_environment() -> Environment:
    """Return the Jinja environment of the report's templates, strict and escaping; pages beside the report use it too."""
    environment = Environment(
        loader=PackageLoader("harness.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.tests["in_realm"] = lambda device, realm_of_group: realm(device) is realm_of_group
    environment.filters["looked_up"] = lambda name, numbers: numbers[name]
    environment.globals.update(
        states=STATES,
        fates=FATES,
        pages=PAGES,
        tpu_pages=PAGES[1:],
        tpu=wording_tpu,
        realm=realm,
        realms=tuple(Realm),
        words=wording,
        verdicts=tuple(CellVerdict),
        letters=LETTERS,
        works=CellVerdict.WORKS,
        classes=classes,
        installed=installed,
        installation=OF_INSTALLATION,
        no_model=NO_MODEL,
    )
    return environment


def _standard(view: View) -> str:
    """Return the model that wide tables of cells begin with, the one with most cases; empty if the tables aren't wide."""
    if max((len(section.columns) for section in view.sections), default=0) <= COLUMNS:
        return ""
    # Sorted, since ties go to the model that comes first, and the order of a set of texts changes from run to run.
    cases = Counter(model for _, model in sorted({(way.case, model) for way in view.ways for model in way.models}))
    return cases.most_common(1)[0][0]


def _standard_device(view: View) -> str:
    """Return the realm that the tables of cells begin with: this machine, if there are other realms too; else an empty text."""
    different = {realm(count.device) for count in view.devices}
    return Realm.HOST.value if Realm.HOST in different and len(different) > 1 else ""


def _standard_chip(view: View) -> str:
    """Return the chip that the table of programs begins with: the chip with most programs."""
    chips = Counter(program.chip.value for program in view.compiling.programs)
    return chips.most_common(1)[0][0] if chips else ""


def classes(cell: CellView) -> str:
    """Return the CSS classes of a cell.

    They are its verdict's letter; `x` if it has an unexpected pass; `d` if it works apart from declared failures.
    """
    letter = LETTERS[cell.verdict]
    if cell.unexpected:
        return f"{letter} x"
    return f"{letter} d" if cell.declared and cell.verdict is CellVerdict.WORKS else letter


@cache
def source(names: tuple[str, ...]) -> str:
    """Return the concatenated text of the templates with these names."""
    folder = files("harness.report") / "templates"
    return "\n" + "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def policy(style: str, script: str) -> str:
    """Return a content security policy that allows exactly this style and this script."""
    # The icon of the page is an empty `data:` address.
    sources = f"style-src {_hash(style)}; script-src {_hash(script)}; img-src data:"
    return f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
