"""Choose the cases for a matrix or a check: those below cases/anymodel/ need a model's own description, so only checks run them."""

from __future__ import annotations

from collections.abc import Iterable

from harness.domain import Case, Interface, Model

ANY_MODEL = "cases/anymodel/"
SAVED_BY_KERAS = "cases/anymodel/test_keras.py"
KNOWN_INTERFACE = ("cases/encoding/", "cases/finetuning/", "cases/building/", "cases/saving/")
"""The folders whose cases apply to any encoder of the interface. The others are about published handles, their server, reports on
them, and preprocessing, which has a vocabulary and an encoder of its own."""


def of_matrix(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Select the cases for published models."""
    return tuple(case for case in cases if not case.id.startswith(ANY_MODEL))


def of_check(cases: Iterable[Case], model: Model, *, keras: bool) -> tuple[Case, ...]:
    """Select the cases for a user's own model: those for any model, and those for its interface if that is a known one.

    Cases for models that Keras saved are left out unless `keras`.
    """
    rooms = (ANY_MODEL,) if model.interface is Interface.OTHER else (ANY_MODEL, *KNOWN_INTERFACE)
    chosen = (case for case in cases if case.id.startswith(rooms) and (keras or not case.id.startswith(SAVED_BY_KERAS)))
    return tuple(case for case in chosen if case.is_about(model))
