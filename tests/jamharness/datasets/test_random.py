from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from jamharness.api import BadInput, DataRequest
from jamharness.datasets.random import load

RAW = DataRequest(inputs=5, patterns=40, normalise=False)


@settings(deadline=None)
@given(
    small=st.integers(1, 20), more=st.integers(0, 20), d=st.integers(1, 9), seed=st.integers(0, 2**40),
    labels=st.sampled_from(["alternate", "random"]),
)  # fmt: skip
def test_a_larger_raw_pool_begins_with_the_smaller_one(small, more, d, seed, labels):
    """Pools of one seed are nested: points and labels of the smaller are a prefix of the larger."""
    request = DataRequest(inputs=d, patterns=2 * small, seed=seed, normalise=False, labels=labels)
    first, second = load(request), load(replace(request, patterns=2 * (small + more)))
    assert np.array_equal(second.x[: 2 * small], first.x)
    assert np.array_equal(second.y[: 2 * small], first.y)


def test_raw_points_are_standard_normal():
    """Raw components pass a Kolmogorov–Smirnov test against N(0, 1) and have no correlation."""
    x = load(DataRequest(inputs=4, patterns=20_000, normalise=False)).x
    assert stats.kstest(x.ravel(), "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(x.T) - np.eye(4)).max() < 5 / np.sqrt(20_000)


@settings(deadline=None)
@given(pairs=st.integers(1, 30), d=st.integers(1, 9), seed=st.integers(0, 2**40))
def test_normalised_points_are_centred_and_projected(pairs, d, seed):
    """Each point has |x| = √d and the direction of the raw point seen from the mean of the pool."""
    request = DataRequest(inputs=d, patterns=2 * pairs, seed=seed)
    x, raw = load(request).x, load(replace(request, normalise=False)).x
    np.testing.assert_allclose((x * x).sum(axis=1), d, rtol=1e-12)
    away = raw - raw.sum(axis=0) / len(raw)
    np.testing.assert_allclose((x * away).sum(axis=1), np.sqrt(d * (away * away).sum(axis=1)), rtol=1e-10)


def test_alternating_labels_balance():
    """Labels go −1, +1, −1, … from the first pattern on."""
    assert load(RAW).y.tolist() == [-1.0, 1.0] * 20


def test_random_labels_are_fair_and_independent_of_position():
    """Both signs, and both kinds of neighbours, are equally frequent within five standard errors."""
    y = load(replace(RAW, patterns=20_000, labels="random")).y
    assert abs(y.sum()) < 5 * np.sqrt(20_000)
    assert abs((y[1:] * y[:-1]).sum()) < 5 * np.sqrt(20_000)


def test_seeds_give_other_points_and_other_random_labels():
    """Two seeds share nothing; the same seed gives the same bits."""
    request = replace(RAW, labels="random")
    one, again, other = load(request), load(request), load(replace(request, seed=1))
    assert np.array_equal(one.x, again.x)
    assert np.array_equal(one.y, again.y)
    assert not np.isin(other.x, one.x).any()
    assert not np.array_equal(one.y, other.y)


def test_the_choice_of_labels_leaves_the_points_alone():
    """Points and labels come from streams of their own."""
    assert np.array_equal(load(RAW).x, load(replace(RAW, labels="random")).x)


def test_there_is_no_test_set():
    """The test arrays are empty with the right shapes."""
    patterns = load(RAW)
    assert patterns.x_test.shape == (0, 5)
    assert patterns.y_test.shape == (0,)


def test_one_raw_point_with_a_random_label_is_allowed():
    """P = 1 is the smallest pool."""
    assert load(replace(RAW, patterns=1, labels="random")).x.shape == (1, 5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patterns": None}, ["'random' has no end"]),
        ({"patterns": 0}, ["patterns = 0"]),
        ({"patterns": -2}, ["patterns = -2"]),
        ({"patterns": 11}, ["patterns = 11", "10 or 12"]),
        ({"patterns": 1, "labels": "random", "normalise": True}, ["of 1", "mean of the pool", "normalise = false"]),
        ({"patterns": 10**13}, ["patterns = 10000000000000", "GiB"]),
    ],
)
def test_a_pool_that_cannot_be_drawn_is_refused(change, words):
    """One sentence names the value and the remedy."""
    with pytest.raises(BadInput) as caught:
        load(replace(RAW, **change))
    assert len(caught.value.problems) == 1
    for word in words:
        assert word in caught.value.problems[0]


def test_two_wrong_values_are_reported_together():
    """All problems at once."""
    with pytest.raises(BadInput) as caught:
        load(replace(RAW, patterns=3, inputs=0))
    assert len(caught.value.problems) == 2
