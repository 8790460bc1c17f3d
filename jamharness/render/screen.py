"""The screen: rich, told to take every text as it is."""

import os
from collections.abc import Iterable
from typing import IO, Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table

from jamharness.render.characters import visible

WIDTH = 100
"""Columns in a log file: the longest name of an estimate leaves room for its published value."""


class _Screen(Console):
    """A console on which no text can give orders to the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does; its own control codes stay what they are."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def console(*, stderr: bool = False, file: IO[Any] | None = None) -> Console:
    """A console for standard output, standard error or another stream.

    Brackets in names and reasons are text and no markup; without a terminal it is 100 columns wide, or ``COLUMNS``.
    """
    found = _Screen(stderr=stderr, file=file, markup=False, highlight=False, emoji=False)
    if not found.is_terminal and "COLUMNS" not in os.environ:
        found.width = WIDTH
    return found


def table(*columns: str, title: str = "") -> Table:
    """An empty table with a line under its head and no frame: good without colour, and in a log file.

    Arguments:
        columns: the heads; one that ends in ``>`` is aligned to the right, one that ends in ``!`` is never wrapped.
        title: a line above it.
    """
    made = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        right, whole = column.endswith(">"), column.endswith((">", "!"))
        made.add_column(column.rstrip(">!"), justify="right" if right else "left", no_wrap=whole, overflow="fold")
    return made
