"""Exponents of densities at zero: the family against quadrature, the rule against samples whose exponent is known."""

import os
import re
from itertools import pairwise
from math import inf, nan

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jamharness_numerics.statistics import fit_power_law
from jamharness_numerics.statistics.power_law_interval import widened
from jamharness_numerics.statistics.power_law_window import KEPT, LEAST, LEVEL, windows
from jamharness_numerics.statistics.tilted_power import cumulative, maximum_likelihood, quadrature
from scipy.integrate import quad
from scipy.stats import binom, kstest, norm, truncexpon

from jamharness.api import BadInput, generator

FULL = bool(os.environ.get("JAMHARNESS_FULL"))


def power_law(a, count, *name):
    """Exact samples of x^a on (0, 1)."""
    return generator("power law", a, count, *name).random(count) ** (1 / (1 + a))


def half_gaussian(a, count, *name):
    """Samples of x^a exp(−x²/2)."""
    return np.sqrt(2 * generator("half gaussian", a, count, *name).gamma((1 + a) / 2, size=count))


@pytest.mark.parametrize(("a", "c", "r"), [(-0.6, 1.5, 0.0), (0.3, -4.0, 0.0), (0.42, 3.0, 0.1), (-0.2, -2.0, 1e-4)])
def test_moments_are_those_of_quadrature(a, c, r):
    """Means of ln t and t, and P(T ≤ t), against SciPy's adaptive quadrature in ln t."""

    def integral(factor, end):
        def integrand(s):
            return factor(s) * np.exp((1 + a) * s + c * np.exp(s))

        return quad(integrand, np.log(r) if r else -90, np.log(end), epsabs=1e-12, epsrel=1e-12, limit=400)[0]

    total = integral(lambda _: 1.0, 1.0)
    at = quadrature(np.array([a]), np.array([c]), r)
    assert at.mean(at.log_t)[0] == pytest.approx(integral(lambda s: s, 1.0) / total, rel=1e-9)
    assert at.mean(at.t)[0] == pytest.approx(integral(np.exp, 1.0) / total, rel=1e-9)
    for end in (0.2, 0.7):
        assert cumulative(np.array(end), a, c, r) == pytest.approx(integral(lambda _: 1.0, end) / total, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(a=st.floats(-0.8, 2.0), c=st.floats(-6.0, 6.0), r=st.sampled_from([0.0, 1e-3, 0.2]))
def test_the_estimate_inverts_the_means(a, c, r):
    """Maximum likelihood of an exponential family: the means of a member lead back to it."""
    at = quadrature(np.array([a]), np.array([c]), r)
    parameters = maximum_likelihood(at.mean(at.log_t), at.mean(at.t), r)
    # With a narrow window ln t and t are nearly collinear: the means' rounding is amplified.
    assert parameters[0][0] == pytest.approx(a, abs=1e-5)
    assert parameters[1][0] == pytest.approx(c, abs=1e-5)


def test_the_information_is_how_the_means_move():
    """∂⟨ln t⟩/∂a, ∂⟨ln t⟩/∂c, … by central differences."""
    a, c, step = 0.3, -1.2, 1e-5

    def means(a, c):
        at = quadrature(np.array([a]), np.array([c]), 0.0)
        return np.array([at.mean(at.log_t)[0], at.mean(at.t)[0]])

    by_a = (means(a + step, c) - means(a - step, c)) / (2 * step)
    by_c = (means(a, c + step) - means(a, c - step)) / (2 * step)
    assert np.allclose(
        quadrature(np.array([a]), np.array([c]), 0.0).information()[0], np.stack([by_a, by_c], axis=1), rtol=1e-7
    )


def test_a_zero_exponent_is_the_exponential_distribution():
    """With a = 0 the cumulative function is SciPy's truncated exponential."""
    t = np.linspace(0.01, 1, 9)
    assert np.allclose(cumulative(t, 0.0, -3.0), truncexpon.cdf(3 * t, 3), atol=1e-5)


@pytest.mark.parametrize(("a", "kind"), [(0.3, power_law), (-0.2, half_gaussian), (0.42, half_gaussian)])
def test_many_samples_give_the_exponent(a, kind):
    """100 000 samples: it lies in an interval narrower than 0.2, and the fit is not rejected."""
    fit = fit_power_law(kind(a, 100_000, "many"))
    assert fit.low < a < fit.high
    assert fit.high - fit.low < 0.2
    assert fit.goodness > 0.01


@settings(max_examples=10, deadline=None)
@given(scale=st.floats(1e-9, 1e9), count=st.integers(LEAST + 1, 2000))
def test_units_do_not_matter(scale, count):
    """λ x has the same exponent and interval in a window λ times as large."""
    samples = half_gaussian(0.3, count, "units")
    one, other = fit_power_law(samples), fit_power_law(scale * samples)
    assert other.exponent == pytest.approx(one.exponent, abs=1e-6)
    assert (other.low, other.high) == (pytest.approx(one.low, abs=1e-6), pytest.approx(one.high, abs=1e-6))
    assert other.window[1] == pytest.approx(scale * one.window[1], rel=1e-9)


def test_the_negative_side_has_the_opposite_sign():
    """γ of −x is −θ of x, ends of the interval exchanged; each side ignores the other."""
    samples, others = power_law(-0.2, 2000, "side"), power_law(0.5, 700, "other side")
    plus, minus = fit_power_law(samples), fit_power_law(np.concatenate([others, -samples]), side="-")
    assert (minus.exponent, minus.low, minus.high) == (-plus.exponent, -plus.high, -plus.low)
    assert minus.window == plus.window


def test_what_lies_below_the_lower_end_does_not_matter():
    """Samples up to ``lower`` are left out, and the rest is fitted as truncated there: still the right exponent."""
    samples = power_law(0.3, 30_000, "lower")
    piled = np.concatenate([samples, np.full(500, 1e-3), np.zeros(7)])
    fit = fit_power_law(piled, lower=0.05)
    assert fit == fit_power_law(samples, lower=0.05)
    assert fit.low < 0.3 < fit.high


def test_a_given_upper_end_is_kept():
    """The window is that which was asked for, with all its samples."""
    samples = power_law(0.3, 5000, "upper")
    fit = fit_power_law(samples, upper=0.5)
    assert fit.window == (0.0, 0.5)
    assert fit.count == np.count_nonzero(samples <= 0.5)
    assert fit.bias == 0


def test_too_few_samples_give_no_exponent():
    """A value that says so, not an exception."""
    fit = fit_power_law(power_law(0.3, LEAST, "few"))
    assert (fit.exponent, fit.low, fit.high, fit.goodness, fit.count) == (None, None, None, None, LEAST)
    assert fit_power_law(np.array([]), side="-").exponent is None


@pytest.mark.parametrize("lower", [0.0, 1e-3])
def test_samples_that_are_all_alike_are_no_power_law(lower):
    """An answer whose goodness doubts it, not an exception."""
    fit = fit_power_law(np.full(300, 0.02), lower=lower)
    assert np.isfinite([fit.exponent, fit.low, fit.high]).all()
    assert fit.goodness < 0.1


def test_draws_of_the_same_groups_go_together():
    """γ of −x is −θ of x draw by draw: combinations of two exponents can be resampled."""
    samples, labels = power_law(0.3, 3000, "draws"), np.arange(3000) % 9
    plus = fit_power_law(samples, groups=labels)
    minus = fit_power_law(-samples, side="-", groups=labels)
    assert np.array_equal(plus.draws, -minus.draws)
    assert plus.draws.mean() == pytest.approx(plus.exponent, abs=0.1)


def test_the_first_window_is_accepted_as_often_as_its_level_says():
    """Without any curvature in 1 − LEVEL of the draws: the score statistic is standard normal."""
    draws, count = 200, 600
    whole = int(KEPT * (count - 1))
    hits = sum(fit_power_law(power_law(0.3, count, "level", i)).count == whole for i in range(draws))
    assert binom.ppf(0.001, draws, 1 - LEVEL) <= hits <= binom.ppf(0.999, draws, 1 - LEVEL)


@example(bias=7.962985692630525e-162, error=1.0)
@given(bias=st.floats(0.0, 20.0), error=st.floats(0.01, 10.0))
def test_a_widened_interval_covers_at_the_largest_bias(bias, error):
    """An estimate that is off by exactly that much is within the half width 95% of the time."""
    half = norm.isf(0.025) * error
    low, high = widened((1.0 - half, 1.0 + half), bias)
    assert high - 1.0 == pytest.approx(1.0 - low)
    covered = norm.cdf((high - 1.0 - bias) / error) - norm.cdf((low - 1.0 - bias) / error)
    assert covered == pytest.approx(0.95, abs=1e-6)


def test_a_lopsided_interval_is_widened_alike_at_both_ends():
    """Whichever end is nearer to the estimate, the bias may lie there."""
    low, high = widened((-0.1, 1.9), 0.5)
    assert -0.1 - low == pytest.approx(high - 1.9)
    assert high > 1.9


def test_a_curvature_in_every_window_is_said():
    """Samples near two points only are no power law in any window; few samples of a power law rarely seem none."""
    draw = generator("two points")
    bad = np.concatenate([draw.normal(0.3, 0.01, 200), draw.normal(0.9, 0.01, 200)])
    assert fit_power_law(bad).curved
    assert sum(fit_power_law(power_law(0.3, 100, "curved", i)).curved for i in range(100)) <= 12  # 5 are expected


def test_windows_fall_to_the_smallest():
    """Each holds the part √½ of the last; the first holds all but the sample at its end."""
    tried = list(windows(1000))
    assert tried[0] == 999
    assert all(0.69 < later / earlier <= 0.5**0.5 for earlier, later in pairwise(tried))


def test_goodness_is_uniform_when_the_family_is_true():
    """p-values of 200 fits in given windows pass a Kolmogorov–Smirnov test for uniformity."""
    p_values = [fit_power_law(power_law(-0.2, 400, "goodness", i), upper=0.9).goodness for i in range(200)]
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_goodness_rejects_what_is_no_power_law():
    """A pile of samples in the middle of the window."""
    samples = np.concatenate([power_law(0.3, 2000, "pile"), np.linspace(0.5, 0.52, 200)])
    assert fit_power_law(samples, upper=1.0).goodness < 0.01


def test_groups_that_are_independent_give_about_the_interval_of_the_likelihood():
    """30 groups of independent samples: half to twice the width."""
    samples = power_law(0.3, 6000, "groups")
    alone, grouped = fit_power_law(samples), fit_power_law(samples, groups=np.arange(6000) % 30)
    assert grouped.groups == 30
    assert grouped.exponent == alone.exponent
    assert 0.5 < (grouped.high - grouped.low) / (alone.high - alone.low) < 2


def test_groups_of_their_own_kind_widen_the_interval():
    """Exponents that differ from group to group: resampling single samples would not know."""
    exponents = (0.1, 0.5, 0.1, 0.5, 0.3, 0.3)
    samples = np.concatenate([power_law(a, 3000, "kinds", i) for i, a in enumerate(exponents)])
    grouped, alone = fit_power_law(samples, groups=np.repeat(np.arange(6), 3000)), fit_power_law(samples)
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"side": "left"}, "side"),
        ({"samples": np.array([1.0, nan, inf])}, "2 of 3 samples are not finite"),
        ({"groups": np.zeros(3)}, "groups has 3 values and samples 50"),
        ({"lower": 1.0, "upper": 0.5}, "window (1.0, 0.5)"),
    ],
)
def test_wrong_arguments_are_sentences(arguments, words):
    """Each names the value."""
    with pytest.raises(BadInput, match=re.escape(words)):
        fit_power_law(**{"samples": power_law(0.0, 50, "wrong"), **arguments})


@pytest.mark.slow
@pytest.mark.parametrize("a", [-0.2, 0.3])
@pytest.mark.parametrize("kind", [power_law, half_gaussian])
def test_intervals_cover_as_often_as_they_say(a, kind):
    """The true exponent lies in 95% of intervals: as many of the draws as 92 to 98% can give (docs/margins.md)."""
    draws = 400 if FULL else 60
    hits = 0
    for index in range(draws):
        fit = fit_power_law(kind(a, 1000, "coverage", index))
        hits += fit.low < a < fit.high
    assert binom.ppf(0.005, draws, 0.92) <= hits <= binom.ppf(0.995, draws, 0.98)


@pytest.mark.parametrize(("r", "a"), [(1e-8, -5.0), (1e-4, -200.0), (0.0, -0.5), (0.999, 2.0), (0.01, 0.4)])
def test_information_is_the_covariance_of_its_scores(r, a):
    """Also where almost all samples lie at the lower end of a window that is far too wide for them."""
    distribution = quadrature(np.array([a]), np.array([0.3]), r)
    scores = distribution.scores()[0]
    expected = (scores * distribution.weights[0]) @ scores.T
    np.testing.assert_allclose(
        distribution.information()[0], expected, rtol=1e-10, atol=1e-13 * np.abs(expected).max() ** 0.5
    )


def test_draws_without_any_sample_keep_the_exponent():
    """One group of forty has all samples: most draws of three have none."""
    x = power_law(0.2, 60, "lonely", 0)
    groups = np.r_[np.zeros(60), 1:40]
    fit = fit_power_law(np.concatenate([x, np.full(39, 2.0)]), groups=groups, upper=1.0, resamples=3)
    assert np.array_equal(fit.draws, np.full(3, fit.exponent))
