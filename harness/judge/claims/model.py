"""cases/claims.yaml as frozen values: documents, their claims, and the cases that can confirm or refute them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.matrix.selector import Selector


class TrueIf(str, Enum):
    """The outcome of a case that makes the claim true. A case that is declared to fail, and fails, fails."""

    WORKS = "works"
    FAILS = "fails"


class Need(str, Enum):
    """Hardware that no cell has yet, so that the claim can't be measured."""

    TPU = "tpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A case that can confirm or refute a claim.

    `variant` is one of a parametrized case; empty: all of them. `match` (a regular expression) and `raises` (names of exception
    classes or of their bases, `crashed`, `timed_out`) name the failure that the binding is about; empty: any. `measured_on` is the
    stand-in for the subject of the claim.
    """

    case: str
    true_if: TrueIf
    variant: str = ""
    match: str = ""
    raises: tuple[str, ...] = ()
    measured_on: str = ""
    when: Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One statement of a document. `when` selects the cells that it is about; `needs` is the reason why it has no cases.

    `measured_on` is the stand-in for its subject, in all of its bindings that name no other.
    """

    id: str
    says: str
    when: Selector
    cases: tuple[Binding, ...]
    needs: Need | None = None
    measured_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsDocument:
    """A document by its file name, with its claims."""

    file: str
    title: str
    claims: tuple[Claim, ...]
