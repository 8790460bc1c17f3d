"""The first rows of a pandas table."""

import math
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.render.prose import Prose
from jamharness.render.screen import table
from jamharness.render.texts import number, plural
from jamharness.render.verdicts import verdict

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 5


def head(title: str, frame: "pd.DataFrame") -> RenderableType:
    """What it is called, how long it is, and its first rows; columns that hold nothing there are left out.

    Arguments:
        title: its name.
        frame: the table; an index with a name is shown.
    """
    shown = f"the first {_ROWS} of " if len(frame) > _ROWS else ""
    line = Prose(Text.assemble("Table ", (title, "bold"), f", {shown}{plural(len(frame), 'row')}"))
    if not len(frame):
        return line
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    columns = [str(name) + (">" if _is_number(frame[name]) else "") for name in frame.columns]
    grid = table(*columns, narrow="turned")
    for row in frame.head(_ROWS).itertuples(index=False, name=None):
        grid.add_row(*(_cell(value) for value in row))
    return Group(line, grid)


def answer(frame: "pd.DataFrame") -> RenderableType:
    """All of its rows, with intervals behind what they are of.

    Arguments:
        frame: the table; ``NAME_low`` and ``NAME_high`` are the interval of ``NAME``.
    """
    ends = {f"{name}{end}" for name in frame.columns for end in ("_low", "_high")}
    names = [str(name) for name in frame.columns if name not in ends]
    grid = table(*(f"{name}{'!' if place == 0 else '>'}" for place, name in enumerate(names)), narrow="turned")
    for _, row in frame.iterrows():
        grid.add_row(*(_with_interval(row, name) for name in names))
    return grid


def _with_interval(row: "pd.Series[Any]", name: str) -> Text:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return _cell(row[name])
    error = (high - low) / 2
    return Text(f"{number(row[name], error)} ({number(low, error)} to {number(high, error)})")


def _is_number(column: "pd.Series[Any]") -> bool:
    return column.dtype.kind in "iuf"


def _cell(value: Any) -> Text:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Text("")
    if isinstance(value, float):
        return Text(f"{value:.6g}")
    return verdict(str(value))
