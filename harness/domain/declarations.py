"""Declarations of a case beside its code: its known failures, its prerequisites, and the task that it does for a user."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class UserTask(str, Enum):
    """The tasks that users come for. `install` and `import` are measured by every environment; cases do the others."""

    INSTALL = "install"
    IMPORT = "import"
    LOAD = "load"
    ENCODE = "encode"
    BUILD = "build"
    FINE_TUNE = "fine-tune"
    SAVE = "save"
    PREPROCESS = "preprocess"
    TPU_ENCODE = "tpu-encode"
    TPU_TRAIN = "tpu-train"
    RELOAD_OLDER = "reload-older"


MEASURED_WITHOUT_A_CASE = frozenset({UserTask.INSTALL, UserTask.IMPORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A failure that a case announces: which one, where, and what to do instead.

    `raises` are class names of the exception or of one of its bases, `match` a regular expression for its words. `when` and
    `until` are conditions in the selector language as they were written: the failure is expected where `when` holds (empty:
    everywhere) and `until` doesn't. `proof` is the case that shows `instead` working. `location` is `file:line:column`.
    """

    raises: tuple[str, ...]
    match: str
    instead: str
    location: str
    when: str = ""
    until: str = ""
    proof: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A case as the way to do a task. `instead_of` is the case that it replaces where that one does not work."""

    task: UserTask
    instead_of: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequisite:
    """A prerequisite of a case, by its text: a dotted attribute, `X is a Y`, a package, `eager execution`."""

    text: str
    location: str
