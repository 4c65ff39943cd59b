"""The table for a person at a terminal."""

from __future__ import annotations

import sys

from rich.console import Console, Group
from rich.table import Column
from rich.table import Table as RichTable
from rich.text import Text

from harness.studies.sizes.document import SizesDocument
from harness.studies.sizes.wording import HEADINGS, cells, made_with, model_title, refusal

PIPE_WIDTH = 200


def show(document: SizesDocument) -> None:
    """Print the table on standard output."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(render(document))


def render(document: SizesDocument) -> Group:
    """Return a table for each model, then the refusals, and the packages that it was measured with."""
    parts: list[Text | RichTable] = []
    for sized in document.models:
        lines = RichTable(*(Column(name, no_wrap=True) for name in HEADINGS), box=None, pad_edge=False)
        own = [row for row in document.rows if row.model == sized.name]
        for row in own:
            lines.add_row(*map(Text, cells(row, document)))
        parts += [Text(model_title(sized), style="bold"), lines, Text("")]
    refused = dict.fromkeys(refusal(row) for row in document.rows)
    parts += [Text(line) for line in refused if line]
    parts.append(Text(f"{document.compiles} compiles, {document.seconds:.0f} s; {made_with(document)}"))
    return Group(*parts)
