"""Collapses as numbers: curves whose exponent, onset and end are known, and the glass at infinite N."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jamharness_numerics.dynamics import mode_coupling, quadratic_distance, two_spin_correlation
from jamharness_numerics.dynamics.ageing import (
    ALIKE,
    Curves,
    ageing_exponent,
    diffusion_exponent,
    end,
    offsets,
    onset,
    slope_with_age,
    spread,
)

WAITING, LAGS = np.geomspace(10, 1000, 7), np.geomspace(1, 10_000, 40)


def curves(function, waiting=WAITING):
    return Curves(waiting=waiting, lags=LAGS, distance=np.array([function(wait, LAGS) for wait in waiting]))


def master(x):
    """A displacement that saturates."""
    return x**1.3 / (1 + x**1.3)


@given(exponent=st.floats(0.1, 1.5))
def test_the_exponent_of_curves_that_collapse(exponent):
    """Δ = f(t/t_w^μ) gives μ back, with a spread that is near zero there and not at μ = 0."""
    estimate = ageing_exponent(curves(lambda wait, t: master(t / wait**exponent)))
    assert estimate is not None
    assert estimate[0] == pytest.approx(exponent, abs=0.01)
    assert estimate[1] < 0.02
    assert spread(curves(lambda wait, t: master(t / wait**exponent))) > 3 * estimate[1]


def test_two_spins_age_fully():
    """P = 2 at T = 0: C is a function of t/t_w alone once t_w is large, (2√x/(1 + x))^(3/2) with x = 1 + t/t_w.

    So μ = 1, and where t is short Δ = (3/8)(t/t_w)²: a slope of −2 with age, and of 2 with t.
    """
    waiting = np.geomspace(100, 1000, 6)
    long, short = np.geomspace(10, 10_000, 30), np.geomspace(0.4, 5, 12)
    exact, early = (
        Curves(
            waiting=waiting, lags=lags, distance=2 - 2 * two_spin_correlation(waiting[:, None] + lags, waiting[:, None])
        )
        for lags in (long, short)
    )
    x = 1 + long / waiting[-1]
    np.testing.assert_allclose(exact.distance[-1], 2 - 2 * (2 * np.sqrt(x) / (1 + x)) ** 1.5, rtol=2e-3)
    exponent, width = ageing_exponent(exact)
    assert exponent == pytest.approx(1.0, abs=0.005)
    assert width < 0.01 < spread(exact)
    assert slope_with_age(early) == pytest.approx(-2.0, abs=0.02)
    assert diffusion_exponent(early.some(waiting > 999)) == pytest.approx(2.0, abs=0.02)


def test_curves_without_age():
    """Δ of t alone has no spread and no slope with age; μ is 0."""
    family = curves(lambda _wait, t: master(t / 50))
    assert spread(family) == pytest.approx(0, abs=1e-12)
    assert ageing_exponent(family)[0] == pytest.approx(0, abs=1e-3)
    assert slope_with_age(family) == pytest.approx(0, abs=1e-12)
    assert onset(family) is None
    assert end(family) == WAITING[0]


def test_a_spread_is_the_difference_of_logarithms():
    """Two curves that differ by a factor of 2 have ln 2, whatever their shape; one curve has none."""
    two = Curves(waiting=np.array([1.0, 2.0]), lags=LAGS, distance=np.array([master(LAGS), 2 * master(LAGS)]))
    assert spread(two) == pytest.approx(np.log(2))
    assert spread(two.some(np.array([True, False]))) is None


def test_curves_that_hardly_overlap_say_nothing():
    """Less than half a decade of common t; and an exponent without a minimum between its bounds is none."""
    short = Curves(
        waiting=np.array([1.0, 100.0]), lags=np.array([1.0, 2.0]), distance=np.array([[1.0, 2.0], [0.5, 1.0]])
    )
    assert spread(short) is None
    assert ageing_exponent(short) is None
    steep = curves(lambda wait, t: master(t / wait**3))
    assert ageing_exponent(steep) is None


def test_the_slope_with_age():
    """Δ ~ t/t_w^b has the slope −b over the waiting times looked at."""
    family = curves(lambda wait, t: t * np.where(wait < 100, 1.0, (wait / 100) ** -0.7))
    assert slope_with_age(family, decades=1.0) == pytest.approx(-0.7)
    assert -0.7 < slope_with_age(family, decades=2.0) < -0.1


def test_onset_and_end():
    """One curve until t_w = 100, then slower and slower until 500, where D explains the rest."""
    waiting = np.array([10.0, 30.0, 100.0, 200.0, 500.0, 1000.0, 2000.0])

    def noise(wait):
        return min(1.0, 100 / wait)

    def distance(wait, t):
        hidden = 1 + 3 * max(0.0, 1 - wait / 500)
        return noise(wait) * hidden * t

    family = curves(distance, waiting)
    over = family.over(np.array([noise(wait) for wait in waiting]))
    assert end(over) == 500
    assert abs(offsets(over, 6)[3]) > ALIKE
    flat = curves(lambda wait, t: t * min(1.0, (100 / wait) ** 0.5), waiting)
    assert onset(flat) == 100


def test_what_has_come_to_rest_is_left_out():
    """A curve that is zero somewhere is no line in ln Δ."""
    distance = np.array([[1.0, 2.0], [0.0, 0.0], [1.0, np.nan]])
    moving = Curves(waiting=np.array([1.0, 2.0, 3.0]), lags=np.array([1.0, 2.0]), distance=distance).moving()
    np.testing.assert_array_equal(moving.waiting, [1.0, 3.0])


def test_diffusion():
    """The exponent of the end, where curves bend: 1 after a quadratic start, and 0 on a plateau."""
    bend = curves(lambda _wait, t: t**2 / (1 + t / 5))
    assert diffusion_exponent(bend) == pytest.approx(1.0, abs=0.01)
    trapped = curves(lambda _wait, t: quadratic_distance(t, 0.1, 0.5, 1.0))
    assert diffusion_exponent(trapped) == pytest.approx(0.0, abs=1e-6)
    few = Curves(waiting=np.array([1.0]), lags=np.array([1.0, 2.0]), distance=np.array([[1.0, 2.0]]))
    assert diffusion_exponent(few) is None


def test_a_glass_ages_and_a_hot_one_does_not():
    """The 3-spin at infinite N: at T = 0 older is slower, nearly as t/t_w; at T = 1 it is not once it is old."""
    waiting, lags = np.geomspace(3, 30, 5), np.geomspace(0.5, 60, 20)
    slopes = {}
    for temperature in (0.0, 1.0):
        solution = mode_coupling(3, temperature, 100.0, tolerance=1e-3)
        distance = solution.distance_at(waiting[:, None], lags[None, :])
        slopes[temperature] = Curves(waiting=waiting, lags=lags, distance=distance)
    assert slope_with_age(slopes[0.0]) < -0.4
    assert abs(slope_with_age(slopes[1.0])) < 0.01
    exponent, width = ageing_exponent(slopes[0.0])
    assert 0.5 < exponent < 1.1
    assert width < 0.5 * spread(slopes[0.0])
