"""Diagnoses: what stable messages mean that don't say it themselves, and what to do.

`known` is the list, `diagnose` finds the one for a message. An outcome stays what it is: a diagnosis only explains it.
"""

from harness.judge.diagnose.known import KNOWN
from harness.judge.diagnose.match import Diagnosis, diagnose

__all__ = ["KNOWN", "Diagnosis", "diagnose"]
