"""Values survive the store as they were."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamharness.store.values import decode, encode

texts = st.text(max_size=8) | st.sampled_from(["$", "$float", "$$float", "nan"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)


def same(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(values)
def test_every_json_value_comes_back_through_strict_json(value: object) -> None:
    """Floats to the last bit and sign, NaN and infinities, and keys that look like our own mark."""
    assert same(decode(json.loads(json.dumps(encode(value), allow_nan=False))), value)


def test_a_mark_that_we_do_not_write_is_refused() -> None:
    """What is not ours is an error and not a number."""
    for rubbish in ({"$float": "1.5"}, {"$float": "nan", "x": 1}, {"$float": 3}):
        with pytest.raises(ValueError, match="no float"):
            decode(rubbish)
