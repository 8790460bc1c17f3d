import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamharness.api import BadInput, generator, interleaved, normalised, parity
from jamharness.datasets.preparation import split


def test_parity_is_minus_for_even_and_plus_for_odd():
    """The convention of the record: even −1, odd +1, also for unsigned bytes."""
    assert parity(np.arange(5, dtype=np.uint8)).tolist() == [-1.0, 1.0, -1.0, 1.0, -1.0]


@settings(deadline=None)
@given(signs=st.lists(st.sampled_from([-1.0, 1.0]), max_size=60), seed=st.integers(0, 999))
def test_interleaving_alternates_until_the_smaller_class_is_used_up(signs, seed):
    """Every prefix of even length is balanced, nothing is taken twice, and the smaller class is taken whole."""
    signs = np.array(signs)
    order = interleaved(signs, generator("test", seed))
    assert signs[order].tolist() == [-1.0, 1.0] * min(np.count_nonzero(signs < 0), np.count_nonzero(signs > 0))
    assert len(set(order.tolist())) == len(order)


def test_interleaving_shuffles_within_each_class():
    """Two seeds order the members of a class differently."""
    signs = np.repeat([-1.0, 1.0], 20)
    orders = [interleaved(signs, generator("test", seed)) for seed in (0, 1)]
    for start in (0, 1):
        assert sorted(orders[0][start::2]) == sorted(orders[1][start::2])
        assert orders[0][start::2].tolist() != orders[1][start::2].tolist()


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


def test_a_point_at_the_mean_has_no_direction():
    """Equal points cannot be normalised, whatever rounding leaves of their difference to the mean."""
    x = np.full((3, 2), 0.1)
    with pytest.raises(BadInput, match="equals the mean of the pool"):
        normalised(x, x.mean(axis=0))
