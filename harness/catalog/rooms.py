"""Which cases are for whom: those below cases/anymodel/ ask what a model says of itself, so they run in checks only."""

from __future__ import annotations

from collections.abc import Iterable

from harness.domain import Case, Interface, Model

ANY_MODEL = "cases/anymodel/"
SAVED_BY_KERAS = "cases/anymodel/test_keras.py"
KNOWN_INTERFACE = ("cases/encoding/", "cases/finetuning/", "cases/building/", "cases/saving/")
"""What holds of an encoder by its interface. The other rooms are about published handles, their server, reports on them, and
preprocessing that has a vocabulary and an encoder of its own."""


def of_matrix(cases: Iterable[Case]) -> tuple[Case, ...]:
    """The cases on published models."""
    return tuple(case for case in cases if not case.id.startswith(ANY_MODEL))


def of_check(cases: Iterable[Case], model: Model, *, keras: bool) -> tuple[Case, ...]:
    """The cases on a model that a user brought: those for any model, and those written for its interface if it is a known one.

    Those for models that Keras saved are left out for others.
    """
    rooms = (ANY_MODEL,) if model.interface is Interface.OTHER else (ANY_MODEL, *KNOWN_INTERFACE)
    chosen = (case for case in cases if case.id.startswith(rooms) and (keras or not case.id.startswith(SAVED_BY_KERAS)))
    return tuple(case for case in chosen if case.is_about(model))
