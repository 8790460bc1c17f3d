"""A verdict follows from where an interval lies, and from nothing else."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamharness.api import Estimate
from jamharness.running.prediction import Prediction


def predicted(expected, margin=0.0):
    return Prediction(protocol="jamming", estimate="critical_ratio", expected=expected, margin=margin)


def measured(low, high):
    return Estimate(value=None, low=low, high=high, count=9)


@pytest.mark.parametrize(
    ("expected", "margin", "low", "high", "verdict"),
    [
        (3.0, 0.5, 2.5, 3.5, "confirmed"),
        (3.0, 0.5, 2.4, 3.4, "undecided"),
        (3.0, 0.5, 1.0, 5.0, "undecided"),
        (3.0, 0.5, 3.6, 3.7, "refuted"),
        (3.0, 0.5, 1.0, 2.4, "refuted"),
        ((1.0, 2.0), 0.0, 1.1, 1.9, "confirmed"),
        ((1.0, 2.0), 0.2, 0.9, 2.2, "confirmed"),
        ((1.0, 2.0), 0.0, 2.0, 2.5, "undecided"),
        ("positive", 0.0, 1e-9, 5.0, "confirmed"),
        ("positive", 0.0, 0.0, 5.0, "undecided"),
        ("positive", 0.0, -1.0, 0.0, "refuted"),
        ("positive", 0.3, 0.1, 0.2, "refuted"),
        ("positive", 0.3, 0.2, 0.5, "undecided"),
        ("negative", 0.0, -2.0, -1.0, "confirmed"),
        ("negative", 0.5, -0.4, 1.0, "refuted"),
        ("negative", 0.0, -1.0, 0.0, "undecided"),
        # An end that is not known is infinitely far.
        ("positive", 0.0, 0.2, None, "confirmed"),
        (3.0, 0.5, None, 2.0, "refuted"),
        (3.0, 0.5, 2.9, None, "undecided"),
        (3.0, 0.5, None, None, "undecided"),
        (3.0, 0.5, math.nan, math.nan, "undecided"),
        (3.0, 0.5, -math.inf, math.inf, "undecided"),
    ],
)
def test_inside_is_confirmed_disjoint_is_refuted_and_the_rest_undecided(expected, margin, low, high, verdict):
    """Of intervals with their ends, of signs without."""
    assert predicted(expected, margin).judge(measured(low, high))[0] == verdict


def test_an_estimate_that_is_not_there_decides_nothing():
    """The sentence names it."""
    verdict, reason = predicted(3.0, 0.5).judge(None)
    assert verdict == "undecided"
    assert "'critical_ratio'" in reason


numbers = st.floats(-100, 100, allow_nan=False)


@given(st.lists(numbers, min_size=4, max_size=4), st.floats(0, 10), numbers)
def test_verdicts_are_of_sets(ends, margin, inside):
    """Confirmed: no point of the interval is outside; refuted: none is inside. A larger margin never refutes."""
    (first, last), (low, high) = sorted(ends[:2]), sorted(ends[2:])
    point = min(max(inside, low), high)
    verdict = predicted((first, last), margin).judge(measured(low, high))[0]
    within = first - margin <= point <= last + margin
    assert not (verdict == "confirmed" and not within)
    assert not (verdict == "refuted" and within)
    wider = predicted((first, last), margin + 1).judge(measured(low, high))[0]
    assert {"confirmed": {"confirmed"}, "undecided": {"confirmed", "undecided"}}.get(verdict, {wider}) >= {wider}


@pytest.mark.parametrize("expected", [3.0, (1.0, 2.0), "positive", "negative"])
def test_a_prediction_comes_back_from_json(expected):
    """As it was."""
    prediction = predicted(expected, 0.25)
    assert Prediction.from_json(prediction.to_json()) == prediction
