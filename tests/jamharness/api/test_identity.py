"""One text for one value, and random numbers that depend on it alone."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamharness.api import canonical_json, digest, generator

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=VALUES)
def test_canonical_json_is_json_of_the_same_value(value):
    """It reads back equal, is ASCII, and has no spaces outside of texts."""
    text = canonical_json(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert canonical_json(json.loads(text)) == text


@given(value=st.dictionaries(st.text(), VALUES, min_size=2))
def test_the_order_of_keys_does_not_matter(value):
    """Equal mappings have one text."""
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_tuples_are_lists():
    """Coordinates may be written either way."""
    assert canonical_json({"b": (1, 2.5), "a": None}) == '{"a":null,"b":[1,2.5]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1, -float("inf")]])
def test_numbers_that_are_not_finite_are_refused(value):
    """No key is made of NaN, which does not equal itself."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(value)


def test_the_digest_is_sha256_of_the_text():
    """A known vector: SHA-256 of two characters, []."""
    assert digest([]) == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"


def test_a_generator_is_the_same_in_a_fresh_process():
    """The same coordinates give the same bits on every machine and in any order of drawing."""
    generator("other").random(100)
    here = generator("data", 3, [1.5, None]).random(4).tobytes().hex()
    code = "from jamharness.api import generator; print(generator('data', 3, [1.5, None]).random(4).tobytes().hex())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


@given(a=st.lists(st.integers() | st.text(), max_size=3), b=st.lists(st.integers() | st.text(), max_size=3))
def test_other_coordinates_give_other_numbers(a, b):
    """Streams are equal exactly when the coordinates are."""
    same = np.array_equal(generator(*a).random(3), generator(*b).random(3))
    assert same == (a == b)
