"""The published schema of results.jsonl is that of the code, and takes what the code writes.

After a change of the format: python -m harness results --schema > docs/results.schema.json
"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness.domain import Axes, Device, InstallPolicy, KerasChoice, Outcome, SaveFormat, Status, Trouble
from harness.results.format import (
    LINE,
    CaseRecord,
    CaseRef,
    CellRecord,
    EnvironmentRecord,
    Footer,
    Header,
    Host,
    Line,
    Package,
)

PUBLISHED = json.loads((Path(__file__).parents[3] / "docs" / "results.schema.json").read_bytes())
NOON = "2026-11-20T12:00:00+00:00"
AXES = Axes(
    tensorflow="2.16.2",
    install=InstallPolicy.TODAY,
    keras=KerasChoice.DEFAULT,
    model="bert-en/3",
    format=SaveFormat.H5,
    device=Device.CPU,
)
LINES: tuple[Line, ...] = (
    Header(
        run="r",
        started=NOON,
        hubmatrix="0.1.0",
        tier="quick",
        selection="",
        planned_cells=1,
        host=Host(system="Linux", machine="x86_64", python="3.11.7", cores=2, memory_bytes=1),
    ),
    EnvironmentRecord(
        id="e",
        tensorflow="2.16.2",
        install=InstallPolicy.TODAY,
        keras=KerasChoice.DEFAULT,
        requirements=("tensorflow==2.16.2", "tensorflow-hub"),
        packages=(Package(name="numpy", version="1.26.4"),),
        status=Status.UNAVAILABLE,
        trouble=Trouble.NETWORK,
        recorded=NOON,
    ),
    CaseRecord(
        key="k",
        case="cases/test_x.py::test_y",
        environment="e",
        cell="c",
        uses={"model": "bert-en/3"},
        outcome=Outcome.FAILED,
        seconds=0.5,
        recorded=NOON,
        run="r",
    ),
    CellRecord(id="c", axes=AXES, environment="e", status=Status.COMPLETED, cases=(CaseRef(case="x", key=None),), recorded=NOON),
    Footer(finished=NOON, interrupted=False, records=4),
)


def test_the_published_schema_is_up_to_date() -> None:
    assert LINE.json_schema() == PUBLISHED


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.type)
def test_what_is_written_fits_the_published_schema(line: Line) -> None:
    jsonschema.validate(json.loads(line.model_dump_json()), PUBLISHED)
    assert LINE.validate_json(line.model_dump_json()) == line


def test_a_field_that_nobody_knows_does_not_fit() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(LINES[-1].model_dump_json()), "total": 4}, PUBLISHED)
