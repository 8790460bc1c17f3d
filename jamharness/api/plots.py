"""Plots as values, drawn by whoever can: a report draws them in a browser, where every point says which row it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api.arrays import Float64

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """Points that belong together.

    Arguments:
        name: what the legend calls them.
        x, y: (n,) finite numbers.
        low, high: (n,) the ends of each point's interval in y; None without intervals.
        line: whether points are joined, and not marked.
        table: the table of the findings whose rows the points are; empty where they are none.
        rows: (n,) the position of each point's row in that table.
    """

    name: str
    x: Float64
    y: Float64
    low: Float64 | None = None
    high: Float64 | None = None
    line: bool = False
    table: str = ""
    rows: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Plot:
    """Series against two axes.

    Arguments:
        title: one line.
        x_label, y_label: of the axes, with units.
        series: what is drawn.
        log_x, log_y: whether an axis is logarithmic; what is not positive is left out there.
        verticals: names of estimates, each drawn as a line at its value and a band over its interval.
    """

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    log_x: bool = False
    log_y: bool = False
    verticals: Sequence[str] = ()


def series_of(
    frame: "pd.DataFrame",
    table: str,
    x: str,
    y: str,
    *,
    by: str = "",
    order: Sequence[str] = (),
    interval: tuple[str, str] | None = None,
    line: bool = False,
) -> list[Series]:
    """Columns of a table against each other; rows without two finite numbers are left out.

    Arguments:
        frame: the table.
        table: its name among the findings.
        x: the column along the horizontal axis.
        y: the column along the vertical one.
        by: the column whose values make a series each; empty for one series.
        order: values of that column that come first, whether or not they occur in this order.
        interval: the columns that hold the ends of intervals in y.
        line: as in ``Series``.
    """
    columns = (x, y, *(interval or ()))
    numbers = {name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in columns}
    finite = np.isfinite(numbers[x]) & np.isfinite(numbers[y])
    names = frame[by].astype(str).to_numpy() if by else np.full(len(frame), y)
    series = []
    for name in dict.fromkeys([*order, *names]):
        rows = np.flatnonzero(finite & (names == name))
        if len(rows):
            ends = (None, None) if interval is None else tuple(numbers[end][rows] for end in interval)
            series.append(
                Series(
                    name=str(name), x=numbers[x][rows], y=numbers[y][rows], low=ends[0], high=ends[1], line=line,
                    table=table, rows=rows.tolist(),
                )
            )  # fmt: skip
    return series
