"""Slopes common to several curves, and how far curves are from one."""

import numpy as np
import pytest
from jamharness_numerics.statistics.collapse import distance_of_curves, pooled_slope


def test_a_pooled_slope_is_that_of_lines_with_offsets():
    """Exactly, whatever the offsets, and by least squares with a column for each group where points scatter."""
    x = np.array([0.0, 1.0, 3.0])
    assert pooled_slope([(x, 2 * x + 5), (x + 7, 2 * x - 100)]) == pytest.approx(2)
    draw = np.random.default_rng(0)
    groups = [(draw.standard_normal(n), draw.standard_normal(n)) for n in (3, 5, 8)]
    design = np.zeros((16, 4))
    design[:, 0] = np.concatenate([x for x, _ in groups])
    design[np.arange(16), np.repeat([1, 2, 3], [3, 5, 8])] = 1
    fitted = np.linalg.lstsq(design, np.concatenate([y for _, y in groups]))[0]
    assert pooled_slope(groups) == pytest.approx(fitted[0])


def test_single_points_and_gaps_say_nothing_of_a_slope():
    """Groups of one, and values that are not known, are left out."""
    assert np.isnan(pooled_slope([(np.ones(1), np.ones(1))]))
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, np.nan, 6.0])
    assert pooled_slope([(x, y)]) == pytest.approx(3)


def test_curves_that_are_one_have_no_distance():
    """Pieces of one line at different points; shifted by a constant they are that far apart."""
    x, u = np.linspace(0, 3, 7), np.linspace(1, 5, 4)
    assert distance_of_curves([(x, 2 * x), (u, 2 * u)]) == pytest.approx(0, abs=1e-12)
    assert distance_of_curves([(x, 2 * x), (u, 2 * u + 0.7)]) == pytest.approx(0.7)
    assert np.isnan(distance_of_curves([(x, x), (x + 10, x)]))
