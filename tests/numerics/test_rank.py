"""The rank of a matrix that comes in blocks."""

import numpy as np
import pytest
from jamharness_numerics.rank import rank_of


@pytest.mark.parametrize("rank", [1, 7, 20])
def test_the_rank_that_was_put_in(rank):
    """In whatever blocks, over ten orders of magnitude, with the gap between what counts and rounding."""
    draw = np.random.default_rng(rank)
    left, right = draw.standard_normal((90, rank)), draw.standard_normal((rank, 20))
    matrix = left * np.geomspace(1, 1e-8, rank) @ right
    for cuts in ([], [5], [30, 31, 60]):
        estimate = rank_of(np.split(matrix, cuts))
        assert (estimate.rank, estimate.rows) == (rank, 90) == (np.linalg.matrix_rank(matrix, rtol=1e-12), 90)
        assert estimate.gap > 1e3
    assert rank_of([]).rank == 0
    assert rank_of([np.zeros((4, 3))]).rank == 0
