"""The claims of documents, and the answers that the measurements give to them.

`reader` reads cases/claims.yaml strictly; `judge` holds the claims against a run. What was measured wins.
"""

from harness.judge.claims.judge import Answer, Evidence, Finding, judge
from harness.judge.claims.model import Binding, Claim, Document, Need, TrueIf
from harness.judge.claims.reader import load, parse

__all__ = ["Answer", "Binding", "Claim", "Document", "Evidence", "Finding", "Need", "TrueIf", "judge", "load", "parse"]
