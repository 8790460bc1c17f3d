"""Peaks of noisy curves, and the test that a curve never rises: its size where it is flat, its power where it rises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jamharness_numerics.statistics.cusp import falling, peak_of, rises
from sklearn.isotonic import IsotonicRegression

DRAW = np.random.default_rng(11)
PLACES = np.linspace(-1, 2, 13)
CUSPED = 0.3 * np.exp(-PLACES) + 0.2 * np.exp(-30 * (PLACES - 0.5) ** 2)


def test_a_peak_that_is_there_is_found_where_it_is():
    """Between its ends, with the lowest points on both of its sides."""
    peak = peak_of(CUSPED + 0.01 * DRAW.standard_normal((8, 13)))
    assert peak is not None
    assert peak.stands_out
    assert peak.place == int(np.argmin(abs(PLACES - 0.5)))
    assert peak.left < peak.place < peak.right == 12


def test_a_curve_that_only_falls_has_no_peak():
    """Neither end counts."""
    assert peak_of(np.tile(0.3 * np.exp(-PLACES), (4, 1))) is None


def test_noise_alone_stands_out_seldom():
    """The most prominent of several chance maxima in a falling curve does in fewer than one of 25."""
    curves = -0.02 * PLACES + 0.05 * DRAW.standard_normal((400, 10, 13))
    peaks = [peak_of(curve) for curve in curves]
    assert np.mean([peak is not None and peak.stands_out for peak in peaks]) < 0.04


@pytest.mark.parametrize("count", [5, 8, 13])
def test_the_test_of_a_rise_has_its_size_and_its_power(count):
    """Flat curves are refused as often as p says, falling ones less often; a bump is seen."""
    noise = DRAW.standard_normal((300, count, 7))
    flat = np.array([rises(curve) for curve in noise])
    assert np.mean(flat < 0.1) <= 0.1 + 3 * np.sqrt(0.09 / 300)
    assert np.mean(flat < 0.4) == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / 300))
    falls = np.array([rises(curve) for curve in noise[:100] - 2 * np.arange(7)])
    assert np.mean(falls < 0.1) < 0.05
    bump = np.array([6, 5, 4, 5, 3, 2, 1])
    assert np.mean([rises(0.2 * curve + bump) <= 2.0**-count + 0.001 for curve in noise[:50]]) > 0.9


def test_too_few_draws_test_nothing():
    """With four no flip of signs is rarer than one in sixteen."""
    assert rises(DRAW.standard_normal((4, 6))) is None
    assert rises(DRAW.standard_normal((6, 1))) is None


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20))
def test_the_nearest_falling_curve_is_scikit_learns(values):
    """Isotonic regression, and a falling curve is its own."""
    mean = np.array(values)
    referee = IsotonicRegression(increasing=False).fit_transform(np.arange(len(mean)), mean)
    np.testing.assert_allclose(falling(mean), referee, atol=1e-9)
    np.testing.assert_allclose(falling(np.sort(mean)[::-1]), np.sort(mean)[::-1], atol=1e-12)
