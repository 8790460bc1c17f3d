"""Values of settings, from what was typed and back."""

from typing import Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamharness.values import allowed, as_text, convert

WIDTH = int | tuple[int, ...]
WHOLE = st.integers(-(2**63) + 1, 2**63 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(WHOLE | st.lists(WHOLE, min_size=2).map(tuple))
def test_widths_survive_the_command_line(value):
    """What as_text writes, convert reads back: whole numbers, one or several."""
    assert convert(as_text(value), WIDTH) == value


@given(st.none() | FINITE)
def test_numbers_survive_the_command_line(value):
    """Floats come back to the last bit, and none as None."""
    assert convert(as_text(value), float | None) == value


@given(st.lists(FINITE, min_size=1).map(tuple))
def test_several_numbers_survive_the_command_line(value):
    """So do tuples of floats."""
    assert convert(as_text(value), tuple[float, ...]) == value


@given(st.booleans())
def test_truths_survive_the_command_line(value):
    """So do truths."""
    assert convert(as_text(value), bool) is value


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("12", int, 12),
        ("1e6", int, 1_000_000),
        (3.0, int, 3),
        (np.int64(7), int, 7),
        ("200,400", tuple[int, ...], (200, 400)),
        ("(200, 400,)", tuple[int, ...], (200, 400)),
        ("200", tuple[int, ...], (200,)),
        ([12, 10], WIDTH, (12, 10)),
        ("12", WIDTH, 12),
        ("1,2.5", tuple[int, float], (1, 2.5)),
        ("none", Optional[int], None),  # noqa: UP045  (both spellings are to be read)
        ("None", tuple[int, ...] | None, None),
        ("none", str | None, None),
        ("relu", str | None, "relu"),
        ("5", str | int, 5),
        ("a, b", tuple[str, ...], ("a", "b")),
        ("ON", bool, True),
        ("0", bool, False),
        (2, float, 2.0),
    ],
)
def test_a_value_becomes_its_type(text, kind, value):
    """The readings that the documentation promises."""
    read = convert(text, kind)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("twelve", int),
        ("1.5", int),
        (1.5, int),
        (True, int),
        ("nan", int),
        ("inf", int),
        ("", int),
        ("nan", float),
        (float("inf"), float),
        (False, float),
        (None, float),
        ("maybe", bool),
        (1, bool),
        (3, str),
        ("1,,2", tuple[int, ...]),
        ("", tuple[int, ...]),
        ("1,2,3", tuple[int, int]),
        ({"a": 1}, WIDTH),
        ("none", int),
    ],
)
def test_what_is_not_of_the_type_is_refused(text, kind):
    """Nothing is rounded, guessed or coerced; NaN and infinities are no numbers."""
    with pytest.raises((ValueError, TypeError)):
        convert(text, kind)


def test_types_are_told_in_words():
    """The words that stand in a sentence about a wrong value."""
    assert allowed(WIDTH) == "a whole number or whole numbers separated by commas"
    assert allowed(float | None) == "a finite number or none"
    assert allowed(tuple[int, int]) == "2 whole numbers separated by commas"
    assert allowed(bool) == "true or false"
