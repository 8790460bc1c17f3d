"""Parts of a whole against SciPy's, and the load of one half against a second maximisation of Firth's likelihood."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numerics.statistics.proportions import crossover, proportion
from scipy.optimize import minimize
from scipy.stats import binomtest

LOADS = np.tile([2.2, 2.5, 2.8, 3.1, 3.4], 12)
SEEDS = np.repeat(np.arange(12), 5)


@given(count=st.integers(1, 60), data=st.data())
def test_a_part_has_the_exact_interval(count, data):
    """Clopper and Pearson's, as SciPy's test has it."""
    successes = data.draw(st.integers(0, count))
    estimate = proportion(successes, count)
    exact = binomtest(successes, count).proportion_ci(method="exact")
    assert (estimate.value, estimate.count) == (successes / count, count)
    assert (estimate.low, estimate.high) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_a_part_of_nothing_has_no_value():
    """Of no draws, nothing is said."""
    assert proportion(0, 0).value is None


def _satisfied(half, slope, seed):
    draws = np.random.default_rng(seed).random(len(LOADS))
    return draws < 1 / (1 + np.exp(slope * (LOADS - half)))


def _penalised(coefficients, hit):
    """Minus the logarithm of the likelihood times the root of the information's determinant."""
    a, b = coefficients
    z = a + b * (LOADS - 2.8)
    p = 1 / (1 + np.exp(-z))
    design = np.stack([np.ones_like(LOADS), LOADS - 2.8], axis=1)
    information = design.T @ (design * (p * (1 - p))[:, None])
    return -float(np.sum(hit * z - np.logaddexp(0, z))) - 0.5 * float(np.linalg.slogdet(information)[1])


@pytest.mark.parametrize("seed", range(5))
def test_the_fit_is_the_maximum_of_the_penalised_likelihood(seed):
    """Newton's method on the score and a simplex on the likelihood end at the same load and width."""
    hit = _satisfied(2.75, 6.0, seed)
    transition = crossover(LOADS, hit, SEEDS)
    a, b = minimize(
        _penalised, (0.0, -1.0), args=(hit,), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    ).x
    assert transition.half.value == pytest.approx(2.8 - a / b, abs=1e-5)
    assert transition.width.value == pytest.approx(-2 * np.log(9) / b, rel=1e-4)
    assert transition.half.low < transition.half.value < transition.half.high


def test_loads_that_do_not_overlap_have_a_finite_width():
    """Maximum likelihood would make the width zero; the penalty does not."""
    transition = crossover(LOADS, LOADS < 2.6, SEEDS)
    assert 2.5 < transition.half.value < 2.8
    assert 0 < transition.width.value < 1


@settings(deadline=None)
@given(seed=st.integers(0, 10**6), seeds=st.integers(3, 8))
def test_seeds_of_one_load_each_give_no_warning(seed, seeds):
    """Resamples of a search that has just begun may hold one load alone: they have no slope, and are left out."""
    generator = np.random.default_rng(seed)
    loads = generator.choice([3.8, 4.0, 4.2], size=seeds)
    hit = generator.random(seeds) < 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transition = crossover(loads, hit, np.arange(seeds))
    if transition.half.low is not None:
        assert np.isfinite(
            [transition.half.low, transition.half.high, transition.width.low, transition.width.high]
        ).all()


@pytest.mark.parametrize(("half", "where", "known_end"), [(2.0, "below 2.2", "high"), (3.6, "above 3.4", "low")])
def test_nothing_is_said_beyond_the_loads(half, where, known_end):
    """One half beyond the loads that were tried has no value, and the end of its interval beyond them neither."""
    estimate = crossover(LOADS, _satisfied(half, 6.0, 4), SEEDS).half
    assert estimate.value is None
    assert where in estimate.note
    assert getattr(estimate, "low" if known_end == "high" else "high") is None


def test_an_interval_that_many_resamples_cannot_tell_is_not_given():
    """One of five seeds has the only failure: a third of all resamples are without it."""
    transition = crossover(np.array([3.0, 3.1, 3.2, 3.9, 3.05]), np.array([1, 1, 1, 0, 1], dtype=bool), np.arange(5))
    assert transition.half.value is not None
    assert (transition.half.low, transition.width.high) == (None, None)
    assert "resamples" in transition.half.note


@pytest.mark.parametrize(
    ("loads", "hit", "note"),
    [
        ([2.0, 3.0, 4.0], [1, 1, 1], "all runs ended alike"),
        ([2.0, 3.0, 4.0], [0, 1, 1], "success does not fall with the load"),
        ([3.0, 3.0, 3.0], [0, 1, 1], "all runs were made at one load"),
    ],
)
def test_what_has_no_half_says_why(loads, hit, note):
    """No number where there is nothing to estimate."""
    transition = crossover(np.array(loads), np.array(hit, dtype=bool), np.arange(len(loads)))
    assert (transition.half.value, transition.half.note) == (None, note)
