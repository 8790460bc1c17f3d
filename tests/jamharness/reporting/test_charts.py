"""From plots as values to what plotly.js draws."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from jamharness.api import Estimate, Plot, Series, series_of
from jamharness.reporting.charts import SYMBOLS, Drawn, chart
from jamharness.running.figures import PALETTE

FRAME = pd.DataFrame(
    {
        "x": [1.0, 2.0, np.nan, 4.0, np.inf],
        "y": [0.1, 0.2, 0.3, 0.4, 0.5],
        "low": [0.0, 0.1, 0.2, 0.3, 0.4],
        "high": [0.3, 0.4, 0.5, 0.6, 0.7],
        "kind": ["b", "a", "a", "b", "a"],
    },
    index=[10, 20, 30, 40, 50],
)


def test_series_are_the_rows_that_have_two_numbers():
    """By their positions, whatever the index; those named first come first, and what has no point is no series."""
    first, second = series_of(FRAME, "t", "x", "y", by="kind", order=("a", "c"), interval=("low", "high"))
    assert (first.name, list(first.rows), list(first.x)) == ("a", [1], [2.0])
    assert (second.name, list(second.rows), list(second.y)) == ("b", [0, 3], [0.1, 0.4])
    assert list(second.low) == [0.0, 0.3]
    assert series_of(FRAME.iloc[:0], "t", "x", "y") == []


def test_a_column_of_none_alone_has_no_points():
    """As a protocol leaves it whose cells all failed."""
    assert series_of(pd.DataFrame({"x": [None, None], "y": [1, 2]}), "t", "x", "y") == []


def drawn(run: str, names: str = "ab") -> Drawn:
    """A plot with a series for each letter."""
    series = [Series(name=name, x=np.array([1.0]), y=np.array([2.0]), table="t", rows=[0]) for name in names]
    plot = Plot(title="t", x_label="x <i>", y_label="%{y}", series=series, verticals=("r", "none"), log_x=True)
    estimates = {
        "r": Estimate(value=2.0, low=1.5, high=2.5, count=3),
        "none": Estimate(value=None, count=0),
    }
    return Drawn(run=run, plot=plot, estimates=estimates, tables={"t": f"{run}/p/t"})


def test_series_of_one_run_differ_in_colour_and_shape():
    """And an estimate is a line with its band, and an entry of the legend."""
    figure = chart([drawn("one")])
    marks = [trace["marker"] for trace in figure["data"] if trace["mode"] == "markers"]
    assert [mark["symbol"] for mark in marks] == list(SYMBOLS[:2])
    assert [mark["color"] for mark in marks] == list(PALETTE[:2])
    assert [shape["type"] for shape in figure["layout"]["shapes"]] == ["line", "rect"]
    assert (figure["layout"]["shapes"][1]["x0"], figure["layout"]["shapes"][1]["x1"]) == (1.5, 2.5)
    assert figure["data"][-1]["name"] == "r = 2.00 (1.50 to 2.50)"
    assert figure["data"][0]["meta"] == {"table": "one/p/t", "run": "one", "rows": [0]}
    assert figure["layout"]["xaxis"]["type"] == "log"


def test_runs_differ_in_colour_and_series_in_shape():
    """Also where one run has a series that the other has not."""
    figure = chart([drawn("one", "ab"), drawn("two", "b")])
    marks = {
        (trace["legendgroup"], trace["name"]): (trace["marker"]["color"], trace["marker"]["symbol"])
        for trace in figure["data"]
        if trace["mode"] == "markers"
    }
    assert marks[("one", "b")] == (PALETTE[0], SYMBOLS[1])
    assert marks[("two", "b")] == (PALETTE[1], SYMBOLS[1])


def test_texts_are_no_markup_of_plotly():
    """Nor names in its templates."""
    layout = chart([drawn("one")])["layout"]
    assert layout["xaxis"]["title"]["text"] == "x &lt;i&gt;"
    assert "%{y}" not in layout["yaxis"]["title"]["text"]


MATRICES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
"""Machado, Oliveira and Fernandes, IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009), severity 1, on linear RGB."""


def lab(linear: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear sRGB, white D65."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ratio = np.clip(matrix @ linear, 0, None) / [0.9505, 1.0, 1.089]
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", ["usual", *MATRICES])
def test_the_first_colours_are_told_apart_with_every_vision(vision):
    """Five series, which no plot of ours exceeds often: at least 9 units of L*a*b* apart (2.3 are just seen)."""
    rgb = np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in PALETTE[:5]])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    colours = [np.clip(np.array(MATRICES.get(vision, np.eye(3))) @ each, 0, 1) for each in linear]
    apart = min(float(np.linalg.norm(lab(a) - lab(b))) for a, b in combinations(colours, 2))
    assert apart > 9, apart
