"""The screen: rich, told to take every text as it is, and tables that fit it."""

import os
from typing import Any

from rich.console import Console

from jamharness.render.rows import Narrow, Rows

WIDTH = 100
"""Columns in a log file: the longest name of an estimate leaves room for its published value."""


class Screen(Console):
    """A console that crops nothing: what is too long for a line sticks out, and a terminal breaks it by itself."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does, with the same options."""
        super().print(*objects, **{"crop": False, **options})


def console(*, stderr: bool = False) -> Console:
    """A console for standard output or standard error.

    Brackets in names and reasons are text and no markup; without a terminal it is 100 columns wide, or ``COLUMNS``.
    """
    found = Screen(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not found.is_terminal and "COLUMNS" not in os.environ:
        found.width = WIDTH
    return found


def table(*columns: str, title: str = "", narrow: Narrow = "records") -> Rows:
    """An empty table that fits every screen, see ``Rows``."""
    return Rows(*columns, title=title, narrow=narrow)
