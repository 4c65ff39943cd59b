"""The table for a person at a terminal."""

from __future__ import annotations

import sys

from rich.console import Console, Group
from rich.table import Column
from rich.table import Table as RichTable
from rich.text import Text

from harness.studies.sizes.document import Document
from harness.studies.sizes.wording import HEADINGS, cells, made_with, model, refusal

PIPE_WIDTH = 200


def show(shown: Document) -> None:
    """On standard output."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(render(shown))


def render(shown: Document) -> Group:
    """A table for each model, then what was refused, and what it was measured with."""
    parts: list[Text | RichTable] = []
    for one in shown.models:
        lines = RichTable(*(Column(name, no_wrap=True) for name in HEADINGS), box=None, pad_edge=False)
        own = [row for row in shown.rows if row.model == one.name]
        for row in own:
            lines.add_row(*map(Text, cells(row, shown)))
        parts += [Text(model(one), style="bold"), lines, Text("")]
    refused = dict.fromkeys(refusal(row) for row in shown.rows)
    parts += [Text(line) for line in refused if line]
    parts.append(Text(f"{shown.compiles} compiles, {shown.seconds:.0f} s; {made_with(shown)}"))
    return Group(*parts)
