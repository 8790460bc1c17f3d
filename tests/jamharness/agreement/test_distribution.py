"""Agreement in distribution: equality is shown, difference is shown, and ignorance is said as such."""

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from jamharness.agreement.distribution import compare, judge
from jamharness.api import Estimate, Findings, Observable
from jamharness.running.differences import Difference, independent_difference, paired_difference


def difference(value, error, degrees=inf):
    return Difference(value=value, error=error, degrees=degrees, count=12, paired=True)


def estimate(value, low, high, count=12):
    return Estimate(value=value, low=low, high=high, count=count)


def test_the_paired_difference_is_scipys_paired_t_test():
    """Mean, error and interval are those of scipy.stats.ttest_rel over the common seeds."""
    draw = np.random.default_rng(0)
    one, two = draw.normal(3, 0.3, 12), draw.normal(3.1, 0.3, 12)
    paired = paired_difference(
        {str(i): v for i, v in enumerate(one)}, {**{str(i): v for i, v in enumerate(two)}, "extra": 9.0}
    )
    expected = stats.ttest_rel(one, two).confidence_interval(0.95)
    assert paired.count == 12
    assert paired.interval(0.95) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_equal_middles_of_brackets_are_known_to_their_width_only():
    """Twelve equal samples known to 0.2 differ by 0 ± t(11) 0.2 / √72."""
    samples = {str(i): 3.0 for i in range(12)}
    low, high = paired_difference(samples, samples, 0.2).interval(0.95)
    assert high == pytest.approx(stats.t.ppf(0.975, 11) * 0.2 / sqrt(72))
    assert low == -high


@given(st.floats(-2, 2), st.floats(0.01, 1), st.floats(0.05, 1))
def test_equality_is_two_one_sided_tests_at_five_per_cent(value, error, margin):
    """The verdict "agree" is given exactly when both one-sided z tests against ± the margin reject at 5%."""
    below = stats.norm.sf((value + margin) / error)
    above = stats.norm.cdf((value - margin) / error)
    shown = max(below, above) < 0.05
    assert (judge(difference(value, error), margin) == "agree") == shown


def test_what_is_neither_shown_equal_nor_shown_different_says_so():
    """A wide interval around zero is too few seeds for a claim, and no claim without a margin."""
    assert judge(difference(0.05, 0.2), 0.25) == "too few seeds"
    assert judge(difference(0.05, 0.2), None) == "no claim"


def test_a_difference_is_shown_by_an_interval_without_zero():
    """Beyond 1.96 standard errors two estimates differ; with many comparisons the interval is wider."""
    assert judge(difference(0.5, 0.2), 0.25) == "differ"
    assert judge(difference(0.45, 0.2), 0.25, comparisons=5) == "too few seeds"


def test_a_small_difference_within_the_margin_agrees_even_if_it_is_not_zero():
    """Shown to be small is what "agree" means, not shown to be zero."""
    assert judge(difference(0.05, 0.01), 0.25) == "agree"


def test_false_differences_are_as_rare_as_promised():
    """Of 2000 pairs of equal distributions with 12 seeds, five per cent are said to differ, within three errors."""
    draw = np.random.default_rng(1)
    wrong = 0
    for _ in range(2000):
        one, two = draw.normal(0, 1, (2, 12))
        paired = paired_difference(dict(enumerate(one)), dict(enumerate(two)))
        wrong += judge(paired, None) == "differ"
    assert abs(wrong / 2000 - 0.05) < 3 * sqrt(0.05 * 0.95 / 2000)


def test_estimates_without_samples_are_compared_by_their_intervals():
    """Independent errors add in squares; a missing end leaves nothing to compare."""
    independent = independent_difference(estimate(3.0, 2.8, 3.2), estimate(2.9, 2.6, 3.2))
    assert (independent.value, independent.paired) == (pytest.approx(0.1), False)
    low, high = independent.interval(0.95)
    assert high - low == pytest.approx(2 * sqrt(0.2**2 + 0.3**2), rel=1e-6)
    assert independent_difference(estimate(3.0, None, 3.2), estimate(2.9, 2.6, 3.2)) is None


OBSERVABLE = Observable(unit="P/N_w", meaning="m", source="s", comparison="distribution", equivalence=0.25)


def findings(value, samples=None, low=None, high=None):
    estimates = {"ratio": Estimate(value=value, low=low, high=high, count=3)}
    return Findings(estimates=estimates, tables={}, samples={"ratio": samples} if samples else {})


def test_rows_use_samples_where_there_are_any():
    """Paired samples win over intervals, and a margin given replaces the observable's."""
    one = findings(3.0, {"0": 2.9, "1": 3.1, "2": 3.0}, 2.5, 3.5)
    two = findings(3.0, {"0": 2.9, "1": 3.1, "2": 3.0}, 2.5, 3.5)
    (row,) = compare("jamming", {"ratio": OBSERVABLE}, ("a", "b"), (one, two), {"ratio": 0.1})
    assert (row.verdict, row.paired, row.count, row.equivalence) == ("agree", True, 3, 0.1)
    assert "the same for every seed" in row.note


def test_an_estimate_that_is_missing_is_not_compared():
    """Without a value or an interval the row says so and claims nothing."""
    (row,) = compare("jamming", {"ratio": OBSERVABLE}, ("a", "b"), (findings(3.0), findings(None)), {})
    assert (row.verdict, row.difference) == ("not compared", None)


def test_counts_are_left_out():
    """A count of runs has no interval and no samples: there is nothing to test."""
    assert compare("jamming", {"ratio": OBSERVABLE}, ("a", "b"), (findings(3.0), findings(4.0)), {}) == []
