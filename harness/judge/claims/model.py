"""cases/claims.yaml as frozen values: documents, their claims, and the cases that can confirm or refute them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.matrix.selector import Selector


class TrueIf(str, Enum):
    """What a case must do for the claim to be true. A case that is declared to fail, and fails, fails."""

    WORKS = "works"
    FAILS = "fails"


class Need(str, Enum):
    """What no cell has yet, so that the claim can't be measured."""

    TPU = "tpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A case that can confirm or refute a claim.

    `variant` is one of a parametrized case; empty: all of them. With `message`, a failure confirms only if its message has
    that text in it: another failure refutes what the claim says will be seen.
    """

    case: str
    true_if: TrueIf
    variant: str = ""
    message: str = ""
    when: Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One statement. `when` are the cells that it speaks of; `needs` is why it has no cases."""

    id: str
    says: str
    when: Selector
    cases: tuple[Binding, ...]
    needs: Need | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document by its file name, with what it asserts."""

    file: str
    title: str
    claims: tuple[Claim, ...]
