"""The split of a data set that has none of its own."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jamharness.api import generator
from jamharness.datasets.preparation import split


@settings(deadline=None)
@given(
    classes=st.lists(st.integers(0, 4), max_size=80),
    fraction=st.floats(0, 1, exclude_max=True),
    seed=st.integers(0, 999),
)
def test_a_split_keeps_the_same_fraction_of_every_class(classes, fraction, seed):
    """Train and test share nothing, make up everything, and each class is split to within half a member."""
    classes = np.array(classes, dtype=np.uint8)
    train, test = split(classes, fraction, generator("test", seed))
    assert sorted([*train, *test]) == list(range(len(classes)))
    for number in np.unique(classes):
        members = np.count_nonzero(classes == number)
        assert abs(np.count_nonzero(classes[test] == number) - fraction * members) <= 0.5 + 1e-9
