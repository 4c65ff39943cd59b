"""Diagnoses: the causes of stable messages that don't name them, and what to do.

`DIAGNOSES` is the list, `diagnose` finds the one for a message. A diagnosis explains an outcome and never changes it.
"""

from harness.judge.diagnose.known import DIAGNOSES
from harness.judge.diagnose.match import Diagnosis, diagnose

__all__ = ["DIAGNOSES", "Diagnosis", "diagnose"]
