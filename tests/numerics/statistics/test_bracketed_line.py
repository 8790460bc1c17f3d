"""Lines through brackets: Student's intervals where these are narrow, and cover where they are wide."""

import numpy as np
import pytest
from jamharness_numerics.statistics import bracketed_line as module
from jamharness_numerics.statistics.bracketed import bracketed
from jamharness_numerics.statistics.bracketed_line import bracketed_line, bracketed_power
from scipy.stats import linregress, t

X = np.repeat(np.linspace(-2, 0, 5), 4)


def noisy(seed=1):
    return 1 + 0.7 * X + 0.1 * np.random.default_rng(seed).standard_normal(len(X))


def test_narrow_brackets_give_least_squares():
    """Slope, intercept and their Student's intervals, as SciPy has them."""
    y = noisy()
    posterior = bracketed_line(X, y - 1e-6, y + 1e-6)
    line, quantile = linregress(X, y), t.ppf(0.975, len(X) - 2)
    for power, value, error in ((1, line.slope, line.stderr), (0, line.intercept, line.intercept_stderr)):
        low, high = np.quantile(posterior.coefficients[:, power], [0.025, 0.975])
        np.testing.assert_allclose([low, high], [value - quantile * error, value + quantile * error], atol=0.2 * error)
    assert np.median(posterior.sigma) == pytest.approx(np.std(y - line.slope * X - line.intercept, ddof=2), rel=0.1)


def test_a_constant_is_what_the_integrals_over_brackets_say():
    """The same posterior by quadrature: equal wide brackets, and unequal ones."""
    low = np.array([0.0, 0.5, 0.5, 0.0, 1.0, 0.5, 0.0, 0.5])
    posterior = bracketed_line(np.zeros(8), low, low + 0.5, degree=0)
    expected = bracketed(low, low + 0.5).mean
    np.testing.assert_allclose(np.quantile(posterior.coefficients[:, 0], [0.025, 0.975]), expected, atol=0.05)


def test_wide_brackets_are_covered(monkeypatch):
    """95% intervals of the slope, and of a single value far beyond, hold the truth as often as they say."""
    monkeypatch.setattr(module, "DRAWS", 500)
    monkeypatch.setattr(module, "BURN_IN", 100)
    draw, runs = np.random.default_rng(7), 50
    hits = np.zeros(2)
    for seed in range(runs):
        low = np.floor(noisy(seed) / 0.4) * 0.4
        posterior = bracketed_line(X, low, low + 0.4)
        ends = np.quantile(posterior.coefficients[:, 1], [0.025, 0.975])
        far = np.quantile(posterior.single(2.0), [0.025, 0.975])
        hits += [ends[0] < 0.7 < ends[1], far[0] < 2.4 + 0.1 * draw.standard_normal() < far[1]]
    assert (hits >= 0.85 * runs).all()


def test_what_is_known_beforehand_counts():
    """A sharp prior of the slope is the slope's posterior; what has a prior needs no brackets of its own."""
    y = noisy()[:6]
    posterior = bracketed_line(X[:6], y - 0.05, y + 0.05, priors={1: (0.3, 0.001), 2: (0.0, 0.01)}, degree=2)
    assert posterior.coefficients[:, 1].mean() == pytest.approx(0.3, abs=0.001)
    assert posterior.coefficients[:, 1].std() == pytest.approx(0.001, rel=0.1)
    vague = bracketed_line(X[:6], y - 0.05, y + 0.05, degree=0, spread=(5.0, 1000.0))
    assert vague.sigma.mean() == pytest.approx(5.0, rel=0.05)


def test_a_bracket_with_one_end_says_what_it_says():
    """Nothing where the line satisfies it, and a lot where not."""
    y = noisy()
    low, high = y - 0.1, y + 0.1
    with_open = np.append(low, -np.inf), np.append(high, 5.0)
    same = bracketed_line(np.append(X, 0.5), *with_open)
    assert same.at(0.5).mean() == pytest.approx(bracketed_line(X, low, high).at(0.5).mean(), abs=0.02)
    pushed = bracketed_line(np.append(X, 0.5), np.append(low, 1.8), np.append(high, np.inf))
    assert pushed.at(0.5).mean() > same.at(0.5).mean() + 0.02


def test_powers_of_sizes():
    """Ends that are missing are open; too few closed ones are no line."""
    sizes = np.repeat([100.0, 200.0, 400.0, 800.0], 3)
    y = 3 * sizes**0.75
    low, high = 0.97 * y, 1.03 * y
    low[0] = high[-1] = np.nan
    posterior = bracketed_power(sizes, low, high)
    assert np.median(posterior.coefficients[:, 1]) == pytest.approx(0.75, abs=0.02)
    assert np.exp(np.median(posterior.at(np.log(10)))) == pytest.approx(3 * 8000**0.75, rel=0.05)
    assert bracketed_power(sizes[:3], low[:3], high[:3]) is None
    assert bracketed_power(np.array([]), np.array([]), np.array([])) is None
    with pytest.raises(ValueError, match="in order"):
        bracketed_line(X, X, X - 1)
