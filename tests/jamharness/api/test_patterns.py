"""What a data set of a third party prepares its patterns with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamharness.api import BadInput, alternating, fair_signs, generator, interleaved, normalised, parity


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


def test_a_point_at_the_mean_has_no_direction():
    """Equal points cannot be normalised, whatever rounding leaves of their difference to the mean."""
    x = np.full((3, 2), 0.1)
    with pytest.raises(BadInput, match="equals the mean of the pool"):
        normalised(x, x.mean(axis=0))


def test_labels_alternate_or_are_fair_and_a_longer_list_begins_with_the_shorter():
    """−1 comes first where they alternate; fair signs are drawn one after the other."""
    assert alternating(5).tolist() == [-1.0, 1.0, -1.0, 1.0, -1.0]
    long, short = (fair_signs(generator("test", 3), count) for count in (1000, 100))
    assert np.array_equal(long[:100], short)
    assert abs(long.sum()) < 4 * np.sqrt(1000)


def test_normalised_points_lie_on_the_sphere_of_the_papers():
    """Each has |x| = √d after the mean was taken away."""
    x = generator("test", 1).standard_normal((20, 5)) + 3.0
    assert np.linalg.norm(normalised(x, x.mean(axis=0)), axis=1) == pytest.approx(np.sqrt(5))
