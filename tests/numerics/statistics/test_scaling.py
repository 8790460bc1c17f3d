"""The exponent of N* ~ P^x from thresholds of several seeds."""

import numpy as np
import pytest
from jamharness_numerics.statistics.scaling import scaling_exponent, slope

SIZES = np.array([100.0, 200.0, 400.0, 800.0])


def test_an_exact_power_law_gives_its_exponent():
    """N* = c P^0.75 with another c for every seed: the slope is 0.75 and the interval has no width."""
    exponent = scaling_exponent(SIZES, np.array([[c] for c in (0.5, 1.0, 3.0)]) * SIZES**0.75)
    assert (exponent.value, exponent.count) == (pytest.approx(0.75, abs=1e-12), 3)
    assert (exponent.low, exponent.high) == (pytest.approx(0.75, abs=1e-12), pytest.approx(0.75, abs=1e-12))


def test_a_noisy_power_law_gives_its_exponent_within_the_interval():
    """With 10% of noise on every threshold the interval of 10 seeds contains 0.75 and is narrower than 0.15."""
    noise = np.exp(0.1 * np.random.default_rng(1).standard_normal((10, 4)))
    exponent = scaling_exponent(SIZES, SIZES**0.75 * noise)
    assert exponent.low < 0.75 < exponent.high
    assert exponent.high - exponent.low < 0.15


def test_a_seed_without_all_thresholds_does_not_count():
    """NaN anywhere in a seed's row leaves the seed out."""
    thresholds = np.outer([1.0, 2.0, 5.0], SIZES**0.75)
    thresholds[1, 2] = np.nan
    assert scaling_exponent(SIZES, thresholds).count == 2


def test_one_size_or_no_seed_has_no_exponent():
    """A line needs two points."""
    assert scaling_exponent(SIZES[:1], np.ones((3, 1))).value is None
    assert scaling_exponent(SIZES, np.full((3, 4), np.nan)).value is None


def test_the_line_is_that_of_least_squares():
    """Slope and intercept of points on a line, and of a hand-worked triple."""
    assert slope(np.array([0.0, 1, 2]), np.array([1.0, 3, 5])) == (pytest.approx(2), pytest.approx(1))
    assert slope(np.array([0.0, 1, 2]), np.array([0.0, 0, 3])) == (pytest.approx(1.5), pytest.approx(-0.5))
