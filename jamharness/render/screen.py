"""The screen: rich, told to take every text as it is, and tables that fit it."""

import os
from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from jamharness.render.characters import visible
from jamharness.render.rows import Narrow, Rows

WIDTH = 100
"""Columns in a log file: the longest name of an estimate leaves room for its published value."""


class Screen(Console):
    """A console on which no text can give orders to the terminal, and that crops nothing.

    What is too long for a line sticks out, and a terminal breaks it by itself.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does, with the same options."""
        super().print(*objects, **{"crop": False, **options})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does; its own control codes stay what they are."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def console(*, stderr: bool = False, file: IO[Any] | None = None) -> Console:
    """A console for standard output, standard error or another stream.

    Brackets in names and reasons are text and no markup; without a terminal it is 100 columns wide, or ``COLUMNS``.
    """
    screen = Screen(stderr=stderr, file=file, markup=False, highlight=False, emoji=False)
    if not screen.is_terminal and "COLUMNS" not in os.environ:
        screen.width = WIDTH
    return screen


def table(*columns: str, title: str = "", narrow: Narrow = "records") -> Rows:
    """An empty table that fits every screen, see ``Rows``."""
    return Rows(*columns, title=title, narrow=narrow)
