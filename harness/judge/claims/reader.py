"""Read cases/claims.yaml as documents: every problem at once, each with line and column.

    version: 1
    documents:
      000_c0bffcb4669e16dc.txt:
        title: The document's own
        claims:
          three-loads:
            says: A /3 handle loads in TensorFlow 2
            when: tensorflow>=2.0
            cases:
              - {case: "cases/loading/test_keras_layer.py::test_frozen", true_if: works}
      one-loads-not:
        says: A /1 handle does not load in TensorFlow 2
        cases:
          - {case: "cases/loading/test_load_tf1.py::test_hub_load", true_if: fails, raises: ValueError, match: no signature}

A claim has cases, or says with `needs` why it can't have any. `measured_on` of a claim or a binding names the stand-in for the
subject of the document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.base.errors import SpecError
from harness.documents.leaves import TEXT, choice, format_of, matching, one_of
from harness.documents.nodes import Node, Scalar, TableNode, compose
from harness.documents.shape import Leaf, ListOf, Log, NodeShape, OneOrMore, RecordOf, RefusedText, TableOf, open_record
from harness.domain import Case, Outcome
from harness.judge.claims.model import Binding, Claim, ClaimsDocument, Need, TrueIf
from harness.matrix.document import selector
from harness.matrix.names import Context
from harness.matrix.selector import Selector, Vocabulary

EVERYWHERE = Selector(text="")
FORMAT = format_of("claims.yaml", 1)
FILE = matching("a file's name", r"[\w.-]+\.[a-z]+", "such as 000_c0bffcb4669e16dc.txt")
NEED = choice("something to need", Need)
EVERY_FAILURE = frozenset({"Exception", "BaseException", "object"})
ENDS = (Outcome.CRASHED.value, Outcome.TIMED_OUT.value)
CLAIM_ID = matching("a claim's id", r"[a-z0-9]+(-[a-z0-9]+)*", "small letters and digits, with - between words")


def load_claims(path: Path, cases: Sequence[Case], vocabulary: Vocabulary) -> tuple[ClaimsDocument, ...]:
    """Read the documents of a file; return none if there is no such file.

    Raises:
        SpecError: the file isn't valid.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as error:
        raise SpecError(f"not UTF-8 (byte {error.start})", location=path.name) from None
    except OSError as error:
        raise SpecError(f"can't be read: {error.strerror}", location=path.name) from None
    return parse_claims(text, cases, vocabulary, name=path.name)


def parse_claims(
    text: str, cases: Sequence[Case], vocabulary: Vocabulary, *, name: str = "claims.yaml"
) -> tuple[ClaimsDocument, ...]:
    """Parse the documents of a text.

    Args:
        text: YAML.
        cases: the cases that may be bound.
        vocabulary: the values of the axes; any value is accepted for an axis that isn't there.
        name: the file's name in problems.

    Raises:
        SpecError: all problems at once, in line order.
    """
    root = compose(text, name)
    if root is None:
        raise SpecError("the file is empty", location=name)
    log = Log(name)
    documents = TableOf(
        key=FILE,
        value=_document([case.id for case in cases], selector(Context.DECLARATION, vocabulary, may_be_empty=False)),
    )
    sections = open_record(root, {"version": None, "documents": None}, "", log) or {}
    if "version" in sections:
        FORMAT.read(sections["version"], "version", log)
    values_by_file = documents.read(sections["documents"], "documents", log) if "documents" in sections else None
    if "documents" in sections:
        _note_repeated(sections["documents"], log)
    log.raise_if_any()
    return tuple(ClaimsDocument(file=file, **values) for file, values in values_by_file or ())


def _document(cases: Sequence[str], when: Leaf[Selector]) -> RecordOf[dict[str, Any]]:
    claims = TableOf(key=CLAIM_ID, value=_Decidable(record=_claim(_binding(cases, when), when)))
    return RecordOf(
        fields={"title": TEXT, "claims": claims},
        build=lambda values, _location: {
            "title": values["title"],
            "claims": tuple(Claim(id=name, **claim) for name, claim in values["claims"]),
        },
    )


def _claim(binding: NodeShape[Binding], when: Leaf[Selector]) -> RecordOf[dict[str, Any]]:
    fields: dict[str, NodeShape[Any]] = {
        "says": TEXT,
        "when": when,
        "cases": ListOf(item=binding),
        "needs": NEED,
        "measured_on": TEXT,
    }
    return RecordOf(
        fields=fields,
        build=lambda values, _location: {"when": EVERYWHERE, "cases": (), **values},
        optional=("when", "cases", "needs", "measured_on"),
    )


def _binding(cases: Sequence[str], when: Leaf[Selector]) -> NodeShape[Binding]:
    fields: dict[str, NodeShape[Any]] = {
        "case": one_of("a case", cases),
        "true_if": choice("what a case can do", TrueIf),
        "variant": TEXT,
        "match": Leaf(expected="a regular expression", convert=_pattern, json={"type": "string", "format": "regex"}),
        "raises": OneOrMore(item=Leaf(expected="a class's name", convert=_class_name, json={"type": "string"})),
        "measured_on": TEXT,
        "when": when,
    }
    record = RecordOf(
        fields=fields,
        build=lambda values, _location: Binding(**{"when": EVERYWHERE, **values}),
        optional=("variant", "match", "raises", "measured_on", "when"),
    )
    return _Worded(record=record)


def _pattern(text: str) -> str:
    """Return the regular expression. Raises RefusedText for one that does not compile, or that matches any failure."""
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise RefusedText(f"{text!r} does not compile: {error}") from None
    if pattern.search(""):
        raise RefusedText(f"{text!r} matches any failure", "give the words that tell this failure from others")
    return text


def _class_name(text: str) -> str:
    """Return the name of an exception's class, or of a process's end. Raises RefusedText for any other text."""
    if text in EVERY_FAILURE:
        raise RefusedText(f"{text!r} is any failure", "name the class that was seen")
    if text not in ENDS and not (text.isidentifier() and text[:1].isupper()):
        hint = f"a name without its module, such as ValueError, or {' or '.join(ENDS)}"
        raise RefusedText(f"{text!r} isn't the name of an exception", hint)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worded:
    """A binding that has words (`match`) wherever they decide: without them any other failure would confirm the claim as well."""

    record: RecordOf[Binding]

    def read(self, node: Node, path: str, log: Log) -> Binding | None:
        values = {key.text: value for key, value in node.entries} if isinstance(node, TableNode) else {}
        true_if = values.get("true_if")
        fails = isinstance(true_if, Scalar) and true_if.text == TrueIf.FAILS.value
        if true_if is not None and "match" not in values and (fails or "raises" in values):
            message = "any failure would confirm it" if fails else "`raises` has no words beside it"
            log.add(true_if.location, path, message, "give the words of the failure that is meant, with `match`")
        return self.record.read(node, path, log)

    def schema(self) -> dict[str, Any]:
        return self.record.schema()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decidable:
    """A claim that has cases, or needs something; never both, never neither."""

    record: RecordOf[dict[str, Any]]

    def read(self, node: Node, path: str, log: Log) -> dict[str, Any] | None:
        keys = {key.text for key, _ in node.entries} if isinstance(node, TableNode) else {"cases"}
        if not keys & {"cases", "needs"}:
            log.add(node.location, path, "no case can confirm or refute it", "bind one under `cases`, or say what it `needs`")
        if {"cases", "needs"} <= keys:
            log.add(node.location, path, "has cases, and needs what no cell has", "remove `needs`")
        return self.record.read(node, path, log)

    def schema(self) -> dict[str, Any]:
        return self.record.schema()


def _note_repeated(documents: Node, log: Log) -> None:
    """Report ids that two documents share: they are anchors on one page."""
    claims = [
        (f"documents.{file.text}.claims.{claim.text}", claim)
        for file, document in _entries(documents)
        for key, table in _entries(document)
        if key.text == "claims"
        for claim, _ in _entries(table)
    ]
    counts = Counter(claim.text for _, claim in claims)
    first: dict[str, int] = {}
    for path, claim in claims:
        line = first.setdefault(claim.text, claim.location.line)
        if counts[claim.text] > 1 and line != claim.location.line:
            log.add(claim.location, path, "another document has a claim of this id", f"in line {line}")


def _entries(node: Node) -> tuple[Any, ...]:
    return node.entries if isinstance(node, TableNode) else ()
