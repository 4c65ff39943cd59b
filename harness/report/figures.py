"""Read the names under which cases record the TPU compiler's figures: a figure, after a note if a case has several programs."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Final

from harness.domain import Device
from harness.report.devices import Realm, realm
from harness.report.document import Figures

FIGURES: Final = tuple(field.name for field in fields(Figures))
_FIGURE = re.compile(rf"(?P<note>.*?)(?P<name>{'|'.join(FIGURES)})")


def figure(name: str) -> tuple[str, str] | None:
    """Return the note and the figure that a name stands for: `sgd_code_bytes` is (`sgd`, `code_bytes`); None for other numbers."""
    match = _FIGURE.fullmatch(name)
    return (match["note"].strip(" _-:"), match["name"]) if match else None


def is_figure(name: str, device: Device) -> bool:
    """Return True if a number is shown with the programs for TPU, so that no other table has to show it."""
    return realm(device) is Realm.CHIP and figure(name) is not None
