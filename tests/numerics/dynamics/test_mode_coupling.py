"""The p-spin's equations of motion against exact solutions, power series, and what holds in equilibrium."""

from fractions import Fraction

import numpy as np
import pytest
from jamharness_numerics.dynamics import (
    ModeCoupling,
    energy_series,
    mode_coupling,
    relaxation,
    resummed,
    threshold_energy,
    two_spin_correlation,
    two_spin_energy,
)
from scipy.integrate import quad

from jamharness.api import BadInput


@pytest.fixture(scope="module")
def two() -> ModeCoupling:
    """p = 2 at T = 0 up to t = 100."""
    return mode_coupling(2, 0.0, 100.0, tolerance=1e-6)


@pytest.fixture(scope="module")
def three() -> ModeCoupling:
    """p = 3 at T = 0 up to t = 100."""
    return mode_coupling(3, 0.0, 100.0, tolerance=1e-6)


def test_two_spins_follow_their_exact_solution(two):
    """C and E within 1e-6 at all times; the error that is stated is no smaller than the true one."""
    waiting = two.times[:, None] * two.fractions
    off = np.abs(two.correlation - two_spin_correlation(two.times[:, None], waiting))[two.times > 1e-3]
    energies = np.abs(two.energy - two_spin_energy(two.times))
    assert two.converged
    assert max(off.max(), energies.max()) < 1e-6
    assert max(off.max(), energies.max()) <= two.error


def test_between_rows_too(two):
    """Interpolated values are as good as those of the rows; a distance is 2(1 − C)."""
    times = np.array([0.37, 1.0, 2.0, 10.0, 33.3, 99.0])
    waiting = times * np.array([0.0, 0.01, 0.5, 0.77, 0.999, 1.0])
    np.testing.assert_allclose(two.correlation_at(times, waiting), two_spin_correlation(times, waiting), atol=1e-6)
    np.testing.assert_allclose(two.energy_at(times), two_spin_energy(times), atol=1e-6)
    np.testing.assert_allclose(two.distance_at(2.0, 8.0), 2 - 2 * two_spin_correlation(10.0, 2.0), atol=1e-6)


def test_the_exact_solution_is_an_average_over_a_semicircle():
    """Γ(t) = ⟨e^(2λt)⟩ by quadrature, and E from it; the values of docs/ageing.md."""

    def norm(t):
        return quad(lambda x: np.exp(2 * x * t) * np.sqrt(4 - x * x) / (2 * np.pi), -2, 2)[0]

    expected = norm(1.5) / np.sqrt(norm(2.0) * norm(1.0))
    assert float(two_spin_correlation(2.0, 1.0)) == pytest.approx(expected, abs=1e-10)
    np.testing.assert_allclose(two_spin_energy(np.array([1.0, 10.0])), [-0.6580472674, -0.9627404354], atol=1e-10)
    np.testing.assert_allclose(two_spin_energy(np.array([0.0])), [0.0])


def test_the_series_is_the_published_one():
    """−3/2 t + 9/4 t³ − 27/5 t⁵ + 1971/140 t⁷ for p = 3; for p = 2 the Taylor series of the exact solution."""
    assert energy_series(3, 7)[1::2] == tuple(Fraction(text) for text in ("-3/2", "9/4", "-27/5", "1971/140"))
    assert not any(energy_series(3, 6)[0::2])
    energy, doubt = resummed(energy_series(2, 15), 0.5)
    assert energy == pytest.approx(float(two_spin_energy(np.array(0.5))), abs=max(doubt, 1e-9))


@pytest.mark.parametrize(("p", "time"), [(3, 0.3), (3, 0.7), (4, 0.4)])
def test_the_series_and_the_integration_agree(p, time):
    """Exact rational coefficients share no code with the grid."""
    series, doubt = resummed(energy_series(p, 15), time)
    solution = mode_coupling(p, 0.0, 1.0, tolerance=1e-5)
    assert doubt < 1e-3
    assert float(solution.energy_at(np.array(time))) == pytest.approx(series, abs=2 * doubt + solution.error)


def test_with_a_temperature_too():
    """The series of a quench to T = 1/2 at t = 0.3."""
    series, doubt = resummed(energy_series(3, 14, Fraction(1, 2)), 0.3)
    solution = mode_coupling(3, 0.5, 1.0, tolerance=1e-5)
    assert float(solution.energy_at(np.array(0.3))) == pytest.approx(series, abs=2 * doubt + solution.error)
    assert abs(series - resummed(energy_series(3, 14), 0.3)[0]) > 0.01


def test_a_hot_system_comes_to_equilibrium():
    """At T = 1 E tends to −1/2T, C to a function of t − t′, and R to its slope over T (fluctuation and dissipation)."""
    solution = mode_coupling(3, 1.0, 60.0, tolerance=1e-4)
    assert solution.energy[-1] == pytest.approx(-0.5, abs=1e-4)
    lags = np.array([0.3, 1.0, 2.0])
    late, earlier = solution.correlation_at(60.0, 60.0 - lags), solution.correlation_at(50.0, 50.0 - lags)
    np.testing.assert_allclose(late, earlier, atol=1e-3)
    step = 0.01
    slope = solution.correlation_at(60.0, 60.0 - lags + step) - solution.correlation_at(60.0, 60.0 - lags - step)
    np.testing.assert_allclose(solution.response_at(60.0, 60.0 - lags), slope / (2 * step), atol=2e-3)


def test_the_energy_falls_to_the_threshold_as_a_power(three):
    """E(1) = −.7825, and an excess over −2/√3 with an exponent near 2/3 that 1/2, of p = 2's kind, is not."""
    assert float(three.energy_at(np.array(1.0))) == pytest.approx(-0.7825, abs=5e-5)
    late = three.times >= 10
    fit = relaxation(three.times[late], three.energy[late], threshold_energy(3), three.error)
    assert fit.exponent == pytest.approx(2 / 3, abs=0.03)
    assert fit.low < fit.exponent < fit.high
    assert fit.low > 0.6


def test_the_exponent_of_the_two_spin_is_one():
    """E + 1 = 3/(8t) + …"""
    times = np.geomspace(100, 1000, 20)
    fit = relaxation(times, two_spin_energy(times), -1.0, 1e-12)
    assert fit.exponent == pytest.approx(1.0, abs=5e-3)
    with pytest.raises(ValueError, match="above the limit"):
        relaxation(times, two_spin_energy(times), -0.5, 1e-12)


def test_ageing_is_in_the_equations(three):
    """At T = 0 an older system moves less in the same time, and a coarse tolerance takes fewer rows than a fine one."""
    moved = three.distance_at(np.array([1.0, 10.0, 50.0]), 5.0)
    assert np.all(np.diff(moved) < -0.01)
    coarse = mode_coupling(3, 0.0, 100.0, tolerance=1e-2)
    assert len(coarse.times) < len(three.times)
    assert np.abs(coarse.energy_at(three.times[-50:]) - three.energy[-50:]).max() < 1e-2


def test_what_cannot_be_is_refused():
    """All of it at once."""
    with pytest.raises(BadInput) as error:
        mode_coupling(1, -1.0, 1e9, tolerance=1.0)
    assert [each.split(" ")[0] for each in error.value.problems] == ["p", "temperature", "time", "tolerance"]
    with pytest.raises(BadInput, match="between 0 and the last"):
        mode_coupling(2, 0.0, 1.0, tolerance=1e-3).energy_at(np.array([2.0]))
