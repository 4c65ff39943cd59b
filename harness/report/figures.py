"""The names under which cases record what the TPU compiler says of a program: a figure, behind a note where there are several."""

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
    """`sgd_code_bytes` is the figure `code_bytes` of the program noted `sgd`; None for a number that is none."""
    match = _FIGURE.fullmatch(name)
    return (match["note"].strip(" _-:"), match["name"]) if match else None


def is_figure(name: str, device: Device) -> bool:
    """Whether a number of a case is shown with the programs for TPU, so that no other table has to."""
    return realm(device) is Realm.CHIP and figure(name) is not None
