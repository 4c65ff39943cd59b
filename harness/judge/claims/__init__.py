"""The claims of documents, and the answers that the measurements give to them.

`reader` reads cases/claims.yaml strictly; `judge` compares the claims with a run. Where they differ, the measurement is right.
"""

from harness.judge.claims.judge import Answer, Evidence, Finding, judge
from harness.judge.claims.model import Binding, Claim, ClaimsDocument, Need, TrueIf
from harness.judge.claims.reader import load_claims, parse_claims

__all__ = [
    "Answer",
    "Binding",
    "Claim",
    "ClaimsDocument",
    "Evidence",
    "Finding",
    "Need",
    "TrueIf",
    "judge",
    "load_claims",
    "parse_claims",
]
