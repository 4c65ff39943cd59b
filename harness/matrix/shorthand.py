"""The short form for TensorFlow versions that `check --tensorflow` and the report's page take beside selectors.

    2.15                  every 2.15
    2.15, 2.19            either
    2.8-2.15              from one to the other, both with all of their patches
    >=2.12, <2.16         conditions hold together
    2.4, >=2.12, <2.16    2.4, or what the conditions leave

It is only another way to write a selector: each part means what `tensorflow=…` or `tensorflow>=…` means.
"""

from __future__ import annotations

import re

from harness.base.errors import Problem, SelectionError
from harness.base.suggestions import Fault
from harness.base.versions import is_version
from harness.matrix.condition import Condition, Either, Every, Term
from harness.matrix.names import ValueKind
from harness.matrix.selector import Conjunct, Selector

HINT = "a version such as 2.15, several with commas, a range such as 2.8-2.15, or conditions such as '>=2.12,<2.16'"
_VERSION = r"v?[0-9][\w+]*(?:\.[\w+*]+)*"
_PART = re.compile(rf"(?P<sign>>=|<=|==|!=|>|<|=)?\s*(?P<version>{_VERSION})(?:\s*(?:-|–|\.\.)\s*(?P<last>{_VERSION}))?", re.ASCII)


def compile_versions(text: str, *, option: str = "--tensorflow") -> Selector:
    """Return the selector that the short form stands for; the empty text selects everything.

    Raises:
        SelectionError: every fault, each with its column.
    """
    alternatives: list[Condition] = []
    together: list[Condition] = []
    faults: list[Fault] = []
    for match in re.finditer(r"[^,]+", text):
        part = match.group().strip()
        column = match.start() + len(match.group()) - len(match.group().lstrip()) + 1
        condition = _condition(part) if part else None
        if condition is None:
            faults += [Fault(column=column, message=f"{part!r} isn't a condition on versions", hint=HINT)] if part else []
        elif part[0] in "<>=!":
            together.append(condition)
        else:
            alternatives.append(condition)
    if faults:
        problems = (Problem(location=f"{option}:{fault.column}", message=fault.message, hint=fault.hint) for fault in faults)
        raise SelectionError.of(tuple(problems))
    alternatives += [Every(parts=tuple(together))] if together else []
    conjuncts = (Conjunct.of(text, Either(parts=tuple(alternatives))),) if alternatives else ()
    return Selector(text=text, conjuncts=conjuncts)


def _condition(part: str) -> Condition | None:
    """Return the condition of one part; None if it has none of the forms."""
    match = _PART.fullmatch(part)
    if match is None:
        return None
    sign, version, last = match["sign"], match["version"].removesuffix(".*"), match["last"]
    if not is_version(version) or (last is not None and (sign is not None or not is_version(last))):
        return None
    if last is not None:
        return Every(parts=(_term(">=", version), _term("<=", last)))
    return _term("=" if sign in (None, "==") else sign, version)


def _term(sign: str, version: str) -> Term:
    return Term(name="tensorflow", kind=ValueKind.VERSION, sign=sign, values=(version,))
