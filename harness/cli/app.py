"""The program: its help, its version, how it prints, and how it ends."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from harness import __version__
from harness.base.errors import HubmatrixError

APP_HELP = """Which TensorFlow loads, runs, saves and reloads which Hub text model, with evidence.

`matrix.yaml` names the axes; `hubmatrix plan` shows the cells, `run` measures them, `report` draws the table.

\b
Start with:  hubmatrix run          the quick tier, then the report (the same as `nox -s matrix`)

\b
Then:        hubmatrix plan --select 'tensorflow>=2.16 and model=bert-en/3 and not device=xla-cpu'
             hubmatrix run --tier full --select 'install=as-released'
             hubmatrix results --json
"""

app = typer.Typer(help=APP_HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

PIPE_WIDTH = 160
NOT_COMPILED = 1


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False) -> None:
    # The option is eager, so this runs before typer finds that no command is given.
    if show:
        print(f"hubmatrix {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; print our own errors with location and hint, and exit with the code of their class."""
    try:
        app()
    except HubmatrixError as error:
        # The options of the command that failed are out of reach here.
        if "--json" in sys.argv:
            # The field is called `place` in format 1 of this document.
            problems = [{"place": problem.location, "message": problem.message, "hint": problem.hint} for problem in error.problems]
            print(json.dumps({"format": 1, "error": error.slug, "problems": problems}))
        from harness.report.text import plain

        console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
        for problem in error.problems:
            # What a file from elsewhere says may be in a message: no control characters of its reach the terminal.
            console.print(f"error: {plain(str(problem))}")
        sys.exit(error.exit_code)


def say(text_or_table: RenderableType) -> None:
    """Print a text or a table: on a terminal in its width and colours, in a pipe in lines that are not broken."""
    # Two consoles: the first only says whether this is a terminal, which decides on the width of the second.
    console = Console(highlight=False, markup=False, soft_wrap=True)
    Console(highlight=False, markup=False, width=None if console.is_terminal else PIPE_WIDTH).print(
        Text(text_or_table) if isinstance(text_or_table, str) else text_or_table, soft_wrap=isinstance(text_or_table, str)
    )


def progress(text: str) -> None:
    """Print a line of progress, apart from the results on standard output."""
    print(text, file=sys.stderr, flush=True)


def tell_of_fence(*, asked_for: bool) -> None:
    """Print why what is run is not closed in, where it is not."""
    from harness.run.fence import fence_here, why_none

    if reason := why_none(fence_here(asked_for=asked_for)):
        progress(reason)
