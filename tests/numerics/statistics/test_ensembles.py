"""Means of networks: their variance falls as 1/K, and what they are worth is read off their errors."""

from itertools import combinations

import numpy as np
import pytest
from jamharness_numerics.statistics.ensembles import ensemble_outputs, errors, fluctuation, subsets, worth

DRAW = np.random.default_rng(5)


def test_fluctuations_are_those_that_were_put_in():
    """1.5 around any mean, estimated without bias from few networks."""
    mean = 10 * DRAW.standard_normal(4000)
    fluctuations = [fluctuation(mean + 1.5 * DRAW.standard_normal((3, 4000))) for _ in range(20)]
    assert np.mean(np.square(fluctuations)) == pytest.approx(1.5**2, rel=0.02)
    assert fluctuation(mean[None]) is None


def test_the_variance_of_a_mean_of_k_falls_as_one_over_k():
    """Independent outputs: over all pairs and triples, around the known mean."""
    outputs = DRAW.standard_normal((12, 20_000))
    for size in (1, 2, 3, 12):
        assert np.mean(ensemble_outputs(outputs, size) ** 2) == pytest.approx(1 / size, rel=0.03)


@pytest.mark.parametrize("networks", [4, 30])
def test_subsets_are_all_or_as_many_different_networks(networks):
    """Every pair of four; of thirty networks 64 ensembles of ten different ones."""
    if networks == 4:
        assert subsets(4, 2).tolist() == [list(pair) for pair in combinations(range(4), 2)]
    else:
        ensembles = subsets(30, 10)
        assert ensembles.shape == (64, 10)
        assert all(len(set(row)) == 10 for row in ensembles.tolist())
        assert (ensembles == subsets(30, 10)).all()


def test_an_output_of_zero_is_an_error():
    """Neither sign is right."""
    assert errors(np.array([[1.0, -2.0, 0.0, 3.0]]), np.array([1.0, 1.0, 1.0, -1.0])).tolist() == [0.75]


def test_what_an_ensemble_is_worth_is_read_between_whole_numbers():
    """Of an error that falls on a straight line in log K."""
    sizes = np.arange(1, 9)
    assert worth(1 - 0.2 * np.log(sizes), 1 - 0.2 * np.log(2.5)) == pytest.approx(2.5, rel=0.01)
    assert worth(1 - 0.2 * np.log(sizes), 0.1) is None
    assert worth(1 - 0.2 * np.log(sizes), 1.0) is None
    assert worth(np.array([0.3, 0.2]), 0.2) == pytest.approx(2.0)
