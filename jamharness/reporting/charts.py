"""From plots as values to what plotly.js draws: data and layout as JSON values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jamharness.api import Estimate, Float64, Json, Plot, Series
from jamharness.render.texts import in_short
from jamharness.running.figures import PALETTE

SYMBOLS = ("circle", "square", "triangle-up", "x", "diamond", "cross", "star", "hexagon", "triangle-down", "pentagon")
"""A shape for each series beside its colour, so that neither is needed to tell them apart."""
_NEUTRAL = PALETTE[8]
"""Grey that is seen on white and on black."""
_OPACITY = 0.85
_BAND = 0.12


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """One plot of one run.

    Arguments:
        run: its name.
        plot: what is drawn.
        estimates: of its protocol, for the vertical lines.
        tables: how the page calls the tables of its protocol, by their names among the findings.
    """

    run: str
    plot: Plot
    estimates: Mapping[str, Estimate]
    tables: Mapping[str, str]


def chart(drawn: Sequence[Drawn]) -> dict[str, Any]:
    """The same plot of several runs, over each other.

    Arguments:
        drawn: run by run; axes and title are the first one's.

    Returns:
        ``data`` and ``layout`` for ``Plotly.newPlot``. Each trace whose points are rows has ``meta``: the page's name
        of their table, the run, and the row of each point.
    """
    plot = drawn[0].plot
    names = list(dict.fromkeys(series.name for each in drawn for series in each.plot.series))
    traces: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    for place, each in enumerate(drawn):
        for series in each.plot.series:
            number = names.index(series.name)
            colour = PALETTE[(place if len(drawn) > 1 else number) % len(PALETTE)]
            trace = _trace(series, plot, colour, SYMBOLS[number % len(SYMBOLS)])
            if series.table in each.tables:
                trace["meta"] = {"table": each.tables[series.table], "run": each.run, "rows": list(series.rows)}
            traces.append(trace | _group(each.run, len(drawn)))
        for name in each.plot.verticals:
            if (estimate := each.estimates.get(name)) is not None and estimate.value is not None:
                colour = PALETTE[place % len(PALETTE)] if len(drawn) > 1 else _NEUTRAL
                shapes += _vertical(estimate, colour)
                label = f"{name} = {in_short(estimate)}"
                traces.append({**_key(label, colour), **_group(each.run, len(drawn))})
    return {"data": traces, "layout": _layout(plot, shapes)}


def _trace(series: Series, plot: Plot, colour: str, symbol: str) -> dict[str, Any]:
    trace: dict[str, Any] = {
        "type": "scatter",
        "name": series.name,
        "x": numbers(series.x),
        "y": numbers(series.y),
        "mode": "lines" if series.line else "markers",
        "opacity": _OPACITY,
    }
    look = {"color": colour}
    if series.line:
        trace["line"] = {**look, "width": 2, "shape": "linear"}
    else:
        trace["marker"] = {**look, "symbol": symbol, "size": 7, "line": {"width": 0.5, "color": "#00000055"}}
    if series.low is not None and series.high is not None:
        up, down = np.asarray(series.high) - series.y, series.y - np.asarray(series.low)
        trace["error_y"] = {"type": "data", "array": numbers(up), "arrayminus": numbers(down), "thickness": 1, **look}
    trace["hovertemplate"] = f"{_plain(plot.x_label)}: %{{x}}<br>{_plain(plot.y_label)}: %{{y}}"
    return trace


def _group(run: str, runs: int) -> dict[str, Any]:
    return {} if runs == 1 else {"legendgroup": run, "legendgrouptitle": {"text": _plain(run)}}


def _key(name: str, colour: str) -> dict[str, Any]:
    """A line in the legend for what is drawn as a shape."""
    line = {"color": colour, "dash": "dash", "width": 1.5}
    return {"type": "scatter", "name": name, "x": [None], "y": [None], "mode": "lines", "line": line}


def _vertical(estimate: Estimate, colour: str) -> list[dict[str, Any]]:
    whole = {"yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    line = {"color": colour, "dash": "dash", "width": 1.5}
    shapes = [{"type": "line", "x0": estimate.value, "x1": estimate.value, "line": line, **whole}]
    if estimate.low is not None and estimate.high is not None:
        band = {"x0": estimate.low, "x1": estimate.high, "fillcolor": colour, "opacity": _BAND, "line": {"width": 0}}
        shapes.append({"type": "rect", **band, **whole})
    return shapes


def _layout(plot: Plot, shapes: list[dict[str, Any]]) -> dict[str, Any]:
    def axis(label: str, logarithmic: bool) -> dict[str, Any]:
        own = {"type": "log", "exponentformat": "power"} if logarithmic else {"type": "linear"}
        return {"title": {"text": _plain(label)}, **own, "automargin": True, "zeroline": False}

    return {
        "xaxis": axis(plot.x_label, plot.log_x),
        "yaxis": axis(plot.y_label, plot.log_y),
        "shapes": shapes,
        "hovermode": "closest",
        "showlegend": True,
    }


def numbers(values: Float64) -> list[Json]:
    """Numbers as JSON has them: none that is not finite."""
    return [float(value) if np.isfinite(value) else None for value in values]


def _plain(text: str) -> str:
    """A text that plotly.js shows as it is: it reads tags, and names in percent signs and braces."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "% {")
