"""Exponents that were put in come out, and what tells none gives none."""

import numpy as np
import pytest
from jamharness_numerics.statistics.decay import decay, decay_to_a_limit
from scipy.optimize import curve_fit

SIZES = np.geomspace(100, 6400, 9)


@pytest.mark.parametrize("exponent", [0.25, 1.0])
def test_a_power_is_found(exponent):
    """From three points on, of positive values alone."""
    assert decay(SIZES, 7 * SIZES**-exponent) == pytest.approx(exponent)
    assert np.isnan(decay(SIZES[:2], SIZES[:2] ** -exponent))
    assert np.isnan(decay(SIZES, 0 * SIZES))


@pytest.mark.parametrize("exponent", [0.3, 0.5, 1.2])
def test_a_power_towards_a_limit_is_found(exponent):
    """As SciPy's nonlinear least squares find it, noise and all."""
    values = 0.1 + 0.08 * (SIZES / 100) ** -exponent
    fit = decay_to_a_limit(SIZES, values)
    assert fit == pytest.approx((exponent, 0.1), abs=0.02)
    noisy = values + 1e-3 * np.random.default_rng(2).standard_normal(9)
    referee, _ = curve_fit(lambda n, c, a, x: c + a * (n / 100) ** -x, SIZES, noisy, p0=(0.1, 0.08, exponent))
    assert decay_to_a_limit(SIZES, noisy)[0] == pytest.approx(referee[2], rel=0.03)


@pytest.mark.parametrize("values", [0.1 + 0 * SIZES, 0.1 + 1e-4 * SIZES, -np.log(SIZES)])
def test_what_does_not_fall_towards_a_limit_has_no_exponent(values):
    """Flat, rising, and falling without end."""
    assert np.isnan(decay_to_a_limit(SIZES, values)).all()
    assert np.isnan(decay_to_a_limit(SIZES[:3], SIZES[:3] ** -0.5)).all()
