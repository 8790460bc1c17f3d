"""The screen: rich, told to take every text as it is."""

import os

from rich import box
from rich.console import Console
from rich.table import Table

WIDTH = 100
"""Columns in a log file: the longest name of an estimate leaves room for its published value."""


def console(*, stderr: bool = False) -> Console:
    """A console for standard output or standard error.

    Brackets in names and reasons are text and no markup; without a terminal it is 100 columns wide, or ``COLUMNS``.
    """
    found = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
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
