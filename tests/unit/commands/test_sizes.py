"""What `hubmatrix sizes` is asked for, and what it says to what it can't understand."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness.base.errors import SpecError
from harness.commands.sizes import DATA, PAGE, SizeSelection
from harness.studies.sizes import markdown
from harness.studies.sizes.document import SizesDocument, sizes_schema
from harness.studies.sizes.model import BATCHES, LENGTHS, Operation

DOCS = Path(__file__).parents[3] / "docs"


def test_without_options_the_usual_is_asked() -> None:
    chosen = SizeSelection.of((), (), (), ())
    assert (chosen.models, chosen.operations) == (
        ("bert-base", "small-bert", "small-bert-bf16"),
        (Operation.FORWARD, Operation.ADAMW),
    )
    assert (chosen.lengths, chosen.chips) == (LENGTHS, ("v5e", "v4"))
    assert len(set(chosen.questions)) == 3 * 2 * 2 * 2


def test_what_is_named_is_asked_in_that_order() -> None:
    chosen = SizeSelection.of(["small-bert"], ["sgd"], [64], ["v6e", "v2"])
    assert [(one.model, one.operation, one.length, one.chip) for one in chosen.questions] == [
        ("small-bert", Operation.SGD, 64, "v6e"),
        ("small-bert", Operation.SGD, 64, "v2"),
    ]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ((["bert-bas"], [], [], []), "--model: no 'bert-bas' (hint: did you mean 'bert-base'?)"),
        (([], ["adam"], [], []), "--operation: no 'adam' (hint: did you mean 'adamw'?)"),
        (([], [], [1024], []), "--length: no length 1024 (hint: the models have 512 positions)"),
        (([], [], [], ["v5ee"]), "--chip: no 'v5ee' (hint: did you mean 'v5e'?)"),
    ],
)
def test_what_there_is_not(named: tuple[list[str], list[str], list[int], list[str]], message: str) -> None:
    with pytest.raises(SpecError) as raised:
        SizeSelection.of(*named)
    assert str(raised.value) == message


def test_the_page_shows_its_data() -> None:
    """`hubmatrix sizes --write` after a change of how it is drawn; with what is kept, or from the data alone."""
    data, page = (DOCS / DATA).read_bytes(), (DOCS / PAGE).read_text(encoding="utf-8")
    jsonschema.validate(json.loads(data), sizes_schema())
    shown = SizesDocument.model_validate_json(data)
    assert shown.batches == BATCHES
    assert markdown.within(page, shown) == page
