"""The error tree: every way in which hubmatrix was used wrongly, or met a machine it can't work on.

A failing cell is data, never one of these. Only `cli/` prints them and exits.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem at one location: `matrix.yaml:14:5: axes.pyton: unknown axis (hint: did you mean 'python'?)`."""

    location: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.location}: {self.message}" if self.location else self.message
        return f"{text} (hint: {self.hint})" if self.hint else text


class HubmatrixError(Exception):
    """Base class. `slug` names the class of error in `--json` output; `exit_code` is the process's."""

    slug = "error"
    exit_code = 1

    def __init__(self, message: str, *, location: str = "", hint: str = "") -> None:
        self.problems: tuple[Problem, ...] = (Problem(location=location, message=message, hint=hint),)
        super().__init__(str(self.problems[0]))

    @classmethod
    def of(cls, problems: tuple[Problem, ...]) -> HubmatrixError:
        """Build one error from several problems, so that a user mends them in one go."""
        # __init__ takes one problem, so the first makes the error and then all of them replace it.
        first = problems[0]
        error = cls(first.message, location=first.location, hint=first.hint)
        error.problems = problems
        error.args = ("\n".join(map(str, problems)),)
        return error


class SpecError(HubmatrixError):
    """matrix.yaml, or an option's value, can't be understood."""

    slug = "spec-invalid"
    exit_code = 2


class SelectionError(HubmatrixError):
    """The selector is malformed, or nothing is selected."""

    slug = "selection-empty"
    exit_code = 3


class ResultsError(HubmatrixError):
    """A results file is missing, of another format, or damaged."""

    slug = "results-unreadable"
    exit_code = 4


class ModelError(HubmatrixError):
    """A model's manifest or archive is missing, damaged or not what it says it is."""

    slug = "model-invalid"
    exit_code = 5


class ProgramError(HubmatrixError):
    """A file that should hold a program for the compiler holds none."""

    slug = "program-invalid"
    exit_code = 5


class MachineError(HubmatrixError):
    """This machine can't do the work: no uv, no disk, no permission."""

    slug = "machine"
    exit_code = 6


NO_SPACE = "free some disk space, or inodes (`df -i`), and run the same command again: what was measured is kept"
NOT_ALLOWED = (
    "hubmatrix writes into .hubmatrix and reports/ of the project, uv's cache and the temporary folder: look at whose they are"
)
TOO_MANY_FILES = "raise the limit of open files (`ulimit -n`), or use fewer --jobs"
TOO_LITTLE = "free some memory, raise the limit of memory or processes (`ulimit -a`), or use fewer --jobs"
HINTS: Mapping[int, str] = {
    errno.ENOSPC: NO_SPACE,
    errno.EDQUOT: NO_SPACE,
    errno.EACCES: NOT_ALLOWED,
    errno.EPERM: NOT_ALLOWED,
    errno.EROFS: NOT_ALLOWED,
    errno.EMFILE: TOO_MANY_FILES,
    errno.ENFILE: TOO_MANY_FILES,
    errno.ENOMEM: TOO_LITTLE,
    errno.EAGAIN: TOO_LITTLE,
}


def machine_error(trouble: OSError) -> MachineError:
    """Return the error that an error of the operating system is: at the file that it names, with what to do."""
    names = [os.fsdecode(name) for name in (trouble.filename, trouble.filename2) if isinstance(name, str | bytes)]
    message = trouble.strerror or str(trouble) or type(trouble).__name__
    return MachineError(message, location=" -> ".join(names), hint=HINTS.get(trouble.errno or 0, ""))


class Interrupted(HubmatrixError):
    """Ended by the user (Ctrl-C) or by SIGTERM; all results so far are kept."""

    slug = "interrupted"
    exit_code = 130
