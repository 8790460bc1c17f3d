"""Brackets to a mean with an interval."""

import numpy as np
import pytest
from jamharness_numerics.statistics.bootstrap import PERCENTILES, estimate, interval
from jamharness_numerics.statistics.bracketed import bracketed
from jamharness_numerics.statistics.thresholds import Thresholds, mean_threshold, spread
from scipy import stats

NAN = float("nan")


def brackets(low, high, decided=None):
    """Thresholds from lists."""
    return Thresholds(
        low=np.array(low), high=np.array(high), decided=np.array(decided if decided else [True] * len(low))
    )


def test_the_mean_is_that_of_the_midpoints():
    """Bisected brackets count with their middles; the interval contains the mean."""
    mean = mean_threshold(brackets([2.0, 2.4, 2.8], [2.2, 2.6, 3.0]))
    assert (mean.value, mean.count, mean.note) == (pytest.approx(2.5), 3, "")
    assert mean.low < 2.5 < mean.high


def test_undecided_brackets_widen_both_ends_but_not_the_value():
    """A bracket with undecided trials counts with its lower end below and with its upper end above."""
    low, high = [2.0, 2.4, 2.8], [2.2, 2.6, 3.0]
    wide = [high[0] + 1, *high[1:]]
    sure, unsure = mean_threshold(brackets(low, wide)), mean_threshold(brackets(low, wide, [False, True, True]))
    assert unsure.value == sure.value
    assert unsure.low < sure.low
    assert unsure.high > sure.high
    assert "undecided trials in 1 of 3 brackets" in unsure.note


@pytest.mark.parametrize(("side", "note"), [("low", "no satisfied end"), ("high", "no unsatisfied end")])
def test_a_missing_end_opens_that_side_of_the_interval(side, note):
    """The seed does not count, and the interval is open where its threshold may lie."""
    low, high = [2.0, 2.4, 2.8, 2.2], [2.2, 2.6, 3.0, 2.4]
    (low if side == "low" else high)[1] = NAN
    mean = mean_threshold(brackets(low, high))
    assert (mean.value, mean.count) == (pytest.approx(7.3 / 3), 3)
    assert getattr(mean, side) is None
    assert getattr(mean, "high" if side == "low" else "low") is not None
    assert note in mean.note


@pytest.mark.parametrize(("ends", "end"), [([2.4] * 3, 2.4), ([2.4, 3.0], 2.4), ([2.4], 2.4)])
def test_thresholds_known_from_one_side_are_bounded_there(ends, end):
    """No seed has an unsatisfied end: above the lowest of them, or above the interval of three and more."""
    mean = mean_threshold(brackets(ends, [NAN] * len(ends)))
    assert (mean.value, mean.low, mean.high, mean.count) == (None, pytest.approx(end), None, len(ends))
    assert "no seed has an unsatisfied end" in mean.note
    other = mean_threshold(brackets([NAN] * len(ends), ends))
    assert (other.value, other.low, other.high) == (None, None, pytest.approx(max(ends)))


def test_equal_brackets_leave_their_own_width():
    """Three seeds in one bracket: the mean may be anywhere in it, and the spread need not be 0."""
    thresholds = brackets([4.0] * 3, [4.2] * 3)
    mean, width = mean_threshold(thresholds), spread(thresholds)
    assert mean.low <= 4.01
    assert mean.high >= 4.19
    assert (width.value, width.low) == (0, 0)
    assert width.high > 0.05


@pytest.mark.parametrize(("count", "note"), [(1, "1 seed: no interval"), (2, "2 seeds: no interval")])
def test_two_seeds_have_no_interval(count, note):
    """95% would be claimed of a distribution of which next to nothing is known."""
    mean = mean_threshold(brackets([2.0, 2.6][:count], [2.2, 2.8][:count]))
    assert mean.value is not None
    assert (mean.low, mean.high, mean.note) == (None, None, note)
    assert interval(np.array([1.0, 2.0])[:count], np.mean) == (None, None)


def test_without_a_closed_bracket_there_is_no_value():
    """Nothing decided, nothing claimed."""
    mean = mean_threshold(brackets([2.0, NAN], [NAN, 3.0]))
    assert (mean.value, mean.low, mean.high, mean.count) == (None, None, None, 0)
    assert mean.note


def test_one_seed_has_a_value_and_no_interval():
    """One bracket gives its middle."""
    mean = mean_threshold(brackets([2.0], [2.2]))
    assert (mean.value, mean.low, mean.high, mean.count) == (pytest.approx(2.1), None, None, 1)


def test_the_spread_is_the_standard_deviation_over_seeds():
    """With n − 1 in the denominator; its interval contains the truth for normal thresholds."""
    middle = np.random.default_rng(0).normal(3.0, 0.25, 400)
    deviation = spread(brackets(middle - 0.05, middle + 0.05))
    assert deviation.value == pytest.approx(middle.std(ddof=1))
    assert deviation.low < 0.25 < deviation.high
    assert spread(brackets([2.0], [2.2])).value is None


@pytest.mark.parametrize("count", [3, 6, 24])
@pytest.mark.parametrize("deviation", [0.2, 1.0, 3.0])
def test_intervals_of_brackets_cover(count, deviation):
    """Normal thresholds, known to the grid's cell they lie in: 95% intervals hold the mean, whatever their spread.

    40 draws of each: fewer than 34 within has a probability of 0.3% where the truth is 95%.
    """
    draw = np.random.default_rng([count, round(10 * deviation)])
    within = 0
    for _ in range(40):
        mean = draw.uniform(0, 1)
        low = np.floor(draw.normal(mean, deviation, count))
        ends = bracketed(low, low + 1).mean
        within += ends[0] <= mean <= ends[1]
    assert within >= 34


def test_narrow_brackets_give_students_interval():
    """Where brackets are much narrower than the spread over seeds, their intervals are the textbook's."""
    middle = np.array([2.1, 2.9, 2.4, 3.3, 2.6])
    intervals = bracketed(middle - 1e-4, middle + 1e-4)
    reach = stats.t.ppf(0.975, 4) * middle.std(ddof=1) / np.sqrt(5)
    assert intervals.mean == pytest.approx((middle.mean() - reach, middle.mean() + reach), abs=0.02)
    chi = np.sqrt(4 * middle.var(ddof=1) / stats.chi2.ppf([0.975, 0.025], 4))
    assert intervals.deviation == pytest.approx(tuple(chi), rel=0.03)


def test_three_and_four_samples_have_students_interval():
    """Percentiles of three samples would end at the smallest and the largest, which hold a mean in 75% of all cases."""
    for samples in (np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0, 3.0])):
        low, high = interval(samples, lambda some: float(some.mean()))
        reach = stats.t.ppf(0.975, len(samples) - 1) * samples.std(ddof=1) / np.sqrt(len(samples))
        assert (low, high) == pytest.approx((samples.mean() - reach, samples.mean() + reach), rel=0.03)


def test_a_median_of_four_has_no_interval():
    """Student's interval is that of a mean; order statistics have one from five samples on."""
    for count in (4, 5):
        median = estimate(np.arange(count, dtype=float), np.median, least=PERCENTILES)
        assert (median.low is None) == (count < PERCENTILES)
        assert median.note == ("4 seeds: no interval" if count == 4 else "")
