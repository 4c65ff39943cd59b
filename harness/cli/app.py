"""The program: its help, its version, how it prints, and how it ends."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer
from rich.console import RenderableType
from rich.text import Text

from harness import __version__
from harness.base.errors import TOO_LITTLE, HubmatrixError, MachineError, machine_error

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
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where a full disk below the output is an error like any other
    except HubmatrixError as error:
        _exit_with(error)
    except OSError as trouble:
        _exit_with(machine_error(trouble))
    except (MemoryError, RuntimeError) as trouble:
        if isinstance(trouble, RuntimeError) and "can't start new thread" not in str(trouble):
            raise
        _exit_with(MachineError(str(trouble) or "out of memory", hint=TOO_LITTLE))


def _exit_with(error: HubmatrixError) -> NoReturn:
    # The options of the command that failed are out of reach here.
    if "--json" in sys.argv:
        # The field is called `place` in format 1 of this document.
        problems = [{"place": problem.location, "message": problem.message, "hint": problem.hint} for problem in error.problems]
        with suppress(OSError):  # the output may be what failed
            print(json.dumps({"format": 1, "error": error.slug, "problems": problems}), flush=True)
    from harness.cli.console import PlainConsole
    from harness.report.text import plain

    with suppress(OSError):
        for problem in error.problems:
            PlainConsole(stderr=True, soft_wrap=True).print(f"error: {plain(str(problem))}")
    try:
        sys.stdout.flush()
    except OSError:
        # What can't be written stays in the buffer, and Python would try again at its exit, and end with code 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(error.exit_code)


def say(text_or_table: RenderableType) -> None:
    """Print a text or a table: on a terminal in its width and colours, in a pipe in lines that are not broken."""
    from harness.cli.console import PlainConsole
    from harness.report.text import NO_LIMIT, plain

    # Two consoles: the first only says whether this is a terminal, which decides on the width of the second.
    PlainConsole(width=None if PlainConsole().is_terminal else PIPE_WIDTH).print(
        Text(plain(text_or_table, NO_LIMIT)) if isinstance(text_or_table, str) else text_or_table,
        soft_wrap=isinstance(text_or_table, str),
    )


def progress(text: str) -> None:
    """Print a line of progress, apart from the results on standard output."""
    from harness.report.text import plain

    print(plain(text), file=sys.stderr, flush=True)


def tell_of_fence(*, asked_for: bool) -> None:
    """Print why what is run is not closed in, where it is not."""
    from harness.run.fence import fence_here, why_none

    if reason := why_none(fence_here(asked_for=asked_for)):
        progress(reason)
