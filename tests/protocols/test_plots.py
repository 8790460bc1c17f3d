"""What reports plot: the numbers of tables and arrays, by the names of the figures that they stand for."""

import numpy as np
import pandas as pd
from jamharness_protocols.avalanches import plots as avalanches
from jamharness_protocols.calibration import plots as calibration
from jamharness_protocols.jamming import plots as jamming
from jamharness_protocols.margins import plots as margins
from jamharness_protocols.spectrum import plots as spectrum

from jamharness.api import Estimate, Findings

NONE = Estimate(value=None, count=0)


def test_every_trial_is_a_point_of_jump():
    """Under its outcome; one without a load is none."""
    trials = pd.DataFrame(
        {
            "ratio": [1.0, 2.0, 3.0, None],
            "unsatisfied_ratio": [0.0, 0.7, 0.1, None],
            "outcome": ["satisfied", "minimum", "arrested", "failed"],
        }
    )
    plot = jamming.plots(Findings(estimates={"critical_ratio": NONE}, tables={"trials": trials}))["jump"]
    assert [(each.name, list(each.x), list(each.y), list(each.rows)) for each in plot.series] == [
        ("satisfied", [1.0], [0.0], [0]), ("minimum", [2.0], [0.7], [1]), ("arrested", [3.0], [0.1], [2]),
    ]  # fmt: skip
    assert plot.verticals == ("critical_ratio",)


def test_an_approach_is_a_line_for_each_seed():
    """Of what is positive on both axes."""
    path = np.array([[1e-2, 1e-4, 9], [1e-3, 1e-6, 9], [0.0, 0.0, 9]])
    tables = {"approaches": pd.DataFrame({"seed": [7]})}
    (series,) = jamming.plots(Findings(estimates={}, tables=tables, arrays={"path 7": path}))["approach"].series
    assert (series.name, series.line, list(series.x), list(series.y)) == ("seed 7", True, [1e-2, 1e-3], [1e-4, 1e-6])
    assert jamming.plots(Findings(estimates={}, tables=tables)) == {}


def test_densities_add_up_to_the_part_of_the_eigenvalues_on_the_scale_of_hp():
    """Each bin is a step of two points; H and Hp share their bins."""
    draw = np.random.default_rng(0)
    arrays = {"H at 1.2": np.abs(draw.standard_normal(400)) * 50, "Hp at 1.2": draw.standard_normal(400)}
    cells = pd.DataFrame({"outcome": ["minimum"], "unsatisfied": [30], "parameters": [100], "negative_Hp": [20],
                          "relative": [1.2]})  # fmt: skip
    plots = spectrum.plots(Findings(estimates={}, tables={"cells": cells}, arrays=arrays))
    H, Hp = plots["spectra"].series
    near = H.x.max()
    for series, values in ((H, arrays["H at 1.2"]), (Hp, arrays["Hp at 1.2"])):
        area = float(np.sum(series.y[::2] * (series.x[1::2] - series.x[::2])))
        assert area == np.mean(np.abs(values) <= near) or abs(area - np.mean(np.abs(values) <= near)) < 1e-12
    (counts,) = plots["counts"].series
    assert (list(counts.x), list(counts.y), list(counts.rows)) == ([0.3], [0.2], [0])


def test_margins_are_counted_beyond_the_lower_end():
    """And the fit passes through its count at the end of its window."""
    values = np.array([0.05, 0.4, 0.2, 0.1, 0.9])
    row = {"name": "theta", "exponent": 0.3, "low": 0.1, "high": 0.5, "lower": 0.0, "upper": 0.4, "count": 4,
           "goodness": 0.5, "slope": 0.0, "bias": 0.0, "curved": False}  # fmt: skip
    windows = pd.DataFrame([row, {**row, "upper": 0.9, "exponent": None}])
    tables = {"fits": pd.DataFrame([row]), "windows": windows}
    plots = margins.plots(Findings(estimates={}, tables=tables, arrays={"theta values": values}))
    points, curve = plots["margins"].series
    assert list(points.x) == [0.05, 0.1, 0.2, 0.4, 0.9]
    assert list(points.y) == [1, 2, 3, 4, 5]
    assert curve.line
    assert abs(curve.y[-1] - 4) < 1e-9
    (window,) = plots["windows"].series
    assert (list(window.x), list(window.y), list(window.low), list(window.high)) == ([0.4], [0.3], [0.1], [0.5])


def test_avalanches_are_parts_with_at_least_as_many():
    """Of all intervals, those without any change among them."""
    arrays = {"sizes": np.array([0, 0, 1, 3]), "times": np.zeros(3)}
    plots = avalanches.plots(Findings(estimates={}, tables={}, arrays=arrays))
    assert list(plots) == ["sizes"]
    (series,) = plots["sizes"].series
    assert (list(series.x), list(series.y)) == ([1.0, 3.0], [0.5, 0.25])


def test_calibrations_are_distances_in_half_intervals():
    """A row that is met exactly has none."""
    rows = pd.DataFrame(
        {"value": [2.0, 5.0, 1.0], "truth": [1.0, 1.0, 1.0], "low": [1.0, 4.0, None], "high": [3.0, 6.0, None],
         "covered": [True, False, True]}
    )  # fmt: skip
    plot = calibration.plots(Findings(estimates={}, tables={"rows": rows}))["calibration"]
    assert [(each.name, list(each.x), list(each.rows)) for each in plot.series] == [
        ("covered", [1.0], [0]), ("not covered", [4.0], [1]),
    ]  # fmt: skip
