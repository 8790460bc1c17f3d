"""Brackets to a mean with an interval."""

import numpy as np
import pytest
from jamharness_numerics.statistics.thresholds import Thresholds, mean_threshold, spread

NAN = float("nan")


def brackets(low, high, decided=None):
    """Thresholds from lists."""
    return Thresholds(
        low=np.array(low), high=np.array(high), decided=np.array(decided if decided else [True] * len(low))
    )


def test_the_mean_is_that_of_the_midpoints():
    """Bisected brackets count with their middles; the interval contains the mean."""
    found = mean_threshold(brackets([2.0, 2.4, 2.8], [2.2, 2.6, 3.0]))
    assert (found.value, found.count, found.note) == (pytest.approx(2.5), 3, "")
    assert found.low < 2.5 < found.high


def test_undecided_brackets_widen_both_ends_but_not_the_value():
    """A bracket with undecided trials counts with its lower end below and with its upper end above."""
    low, high = [2.0, 2.4, 2.8], [2.2, 2.6, 3.0]
    wide = [high[0] + 1, *high[1:]]
    sure, unsure = mean_threshold(brackets(low, wide)), mean_threshold(brackets(low, wide, [False, True, True]))
    assert unsure.value == sure.value
    assert unsure.low < sure.low
    assert unsure.high > sure.high
    assert "1 brackets hold undecided" in unsure.note


@pytest.mark.parametrize(("side", "note"), [("low", "no satisfied end"), ("high", "no unsatisfied end")])
def test_a_missing_end_opens_that_side_of_the_interval(side, note):
    """The seed does not count, and the interval is open where its threshold may lie."""
    low, high = [2.0, 2.4, 2.8], [2.2, 2.6, 3.0]
    (low if side == "low" else high)[1] = NAN
    found = mean_threshold(brackets(low, high))
    assert (found.value, found.count) == (pytest.approx(2.5), 2)
    assert getattr(found, side) is None
    assert getattr(found, "high" if side == "low" else "low") is not None
    assert note in found.note


def test_without_a_closed_bracket_there_is_no_value():
    """Nothing decided, nothing claimed."""
    found = mean_threshold(brackets([2.0, NAN], [NAN, 3.0]))
    assert (found.value, found.low, found.high, found.count) == (None, None, None, 0)
    assert found.note


def test_one_seed_has_a_value_and_no_interval():
    """One bracket gives its middle."""
    found = mean_threshold(brackets([2.0], [2.2]))
    assert (found.value, found.low, found.high, found.count) == (pytest.approx(2.1), None, None, 1)


def test_the_spread_is_the_standard_deviation_over_seeds():
    """With n − 1 in the denominator; its interval contains the truth for normal thresholds."""
    middle = np.random.default_rng(0).normal(3.0, 0.25, 400)
    found = spread(brackets(middle - 0.05, middle + 0.05))
    assert found.value == pytest.approx(middle.std(ddof=1))
    assert found.low < 0.25 < found.high
    assert spread(brackets([2.0], [2.2])).value is None
