"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamharness.api import Estimate
from jamharness.render.texts import duration, interval, number


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (3.01234, 0.0456, "3.012"),
        (3.01234, 0.456, "3.01"),
        (3.01234, None, "3.012"),
        (3.01234, 0.0, "3.012"),
        (1234.5, 120.0, "1234"),
        (-0.000001234, 1e-9, "-1.2340e-06"),
        (0.0, 0.5, "0.00"),
        (None, 0.1, "–"),
        (math.nan, 0.1, "–"),
        (math.inf, None, "inf"),
        (2.5e12, 1e3, "2.5000000000e+12"),
    ],
)
def test_digits_follow_the_error(value, error, text):
    """Two digits of the error, four digits in all without one."""
    assert float(number(value, error).replace("–", "nan")) == pytest.approx(
        float(text.replace("–", "nan")), nan_ok=True
    )
    assert len(number(value, error)) <= len(text)


@given(st.floats(1e-6, 1e6), st.floats(1e-3, 1.0))
def test_rounding_stays_far_below_the_error(value, relative):
    """What is shown differs from the number by less than a tenth of its error."""
    error = value * relative
    assert abs(float(number(value, error)) - value) <= 0.1 * error


def test_an_interval_may_be_open():
    """One end, or none, may be unknown."""
    both = Estimate(value=3.0, low=2.913, high=3.087, count=8)
    assert interval(both) == "2.913 to 3.087"
    assert interval(Estimate(value=3.0, low=2.9, high=None, count=8)) == "above 2.9"
    assert interval(Estimate(value=3.0, low=None, high=3.1, count=8)) == "below 3.1"
    assert interval(Estimate(value=None, count=0)) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (86_000, "23 h 53 min"),
    ],
)
def test_times_have_the_units_that_matter(seconds, text):
    """Seconds, minutes, hours."""
    assert duration(seconds) == text
