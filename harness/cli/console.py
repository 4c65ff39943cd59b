"""The console that all output for people goes through: no control character of what is shown reaches the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from harness.report.text import NO_LIMIT, plain


class PlainConsole(Console):
    """A console that takes text as it is: no markup, no emoji for `:x:`, control characters spelled out or left out.

    Names of layers, signatures and files come from elsewhere, and may hold what renames a terminal's window or rewrites its lines.
    """

    def __init__(self, *, stderr: bool = False, soft_wrap: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, soft_wrap=soft_wrap, width=width, highlight=False, markup=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of a renderable with plain text in them; colours are beside the text, in the segments' styles."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=plain(segment.text, NO_LIMIT))
