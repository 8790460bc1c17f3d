"""The first rows of a pandas table."""

import math
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.text import Text

from jamharness.render.prose import Prose
from jamharness.render.screen import table
from jamharness.render.texts import plural
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
    made = table(*columns, narrow="turned")
    for row in frame.head(_ROWS).itertuples(index=False, name=None):
        made.add_row(*(_cell(value) for value in row))
    return Group(line, made)


def _is_number(column: "pd.Series[Any]") -> bool:
    return column.dtype.kind in "iuf"


def _cell(value: Any) -> Text:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Text("")
    if isinstance(value, float):
        return Text(f"{value:.6g}")
    return verdict(str(value))
