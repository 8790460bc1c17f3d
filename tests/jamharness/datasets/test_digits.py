import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from jamharness.api import BadInput, DataRequest
from jamharness.datasets.digits import load

REQUEST = DataRequest(dataset="digits", inputs=10, patterns=400)
RAW = replace(REQUEST, normalise=False)


def rows(x: np.ndarray) -> set[bytes]:
    return {row.tobytes() for row in x}


def test_shapes_labels_and_norms():
    """400 patterns on 10 components, alternating labels, |x| = √10 in both sets, a fifth kept for testing."""
    patterns = load(REQUEST)
    assert patterns.x.shape == (400, 10)
    assert patterns.y.tolist() == [-1.0, 1.0] * 200
    assert abs(len(patterns.x_test) - 1797 / 5) <= 5
    for x in (patterns.x, patterns.x_test):
        np.testing.assert_allclose((x * x).sum(axis=1), 10, rtol=1e-12)


def test_labels_are_the_parity_of_the_digit():
    """Even is −1 and odd +1: found again by the nearest bundled digit on scikit-learn's own components."""
    digits = load_digits()
    referee = PCA(n_components=10, svd_solver="full").fit_transform(digits.data / 16)
    patterns = load(replace(RAW, projection="plain", fit="pooled"))
    for x, y in ((patterns.x, patterns.y), (patterns.x_test, patterns.y_test)):
        distances = np.abs(x[:, None, :]) - np.abs(referee[None, :, :])  # signs of components are free
        nearest = (distances**2).sum(axis=2).argmin(axis=1)
        assert np.array_equal(y, np.where(digits.target[nearest] % 2 == 1, 1.0, -1.0))


def test_whitened_and_plain_differ_by_the_eigenvalues():
    """Whitened components are plain ones divided by one number each, which falls from the first to the last."""
    plain, whitened = load(replace(RAW, projection="plain")).x, load(RAW).x
    roots = np.median(plain / whitened, axis=0)
    np.testing.assert_allclose(plain, whitened * roots, rtol=1e-9)
    assert (np.diff(roots) < 0).all()


def test_whitening_gives_the_train_set_unit_covariance():
    """Fitted on train alone the whole train set has covariance 1, so nearly all of it in a balanced pool too."""
    patterns = load(replace(RAW, patterns=None))
    assert np.abs(np.cov(patterns.x.T) - np.eye(10)).max() < 0.05


@pytest.mark.parametrize(("fit", "same"), [("train", False), ("pooled", True)])
def test_only_a_pooled_fit_gives_two_seeds_the_same_components(fit, same):
    """Fitted on train and test together, the components do not depend on the split; fitted on train they do."""
    one, other = (load(replace(RAW, patterns=None, fit=fit, seed=seed)) for seed in (0, 1))
    shared = rows(np.concatenate([one.x, one.x_test])) & rows(np.concatenate([other.x, other.x_test]))
    assert (len(shared) > 1500) is same


def test_train_and_test_share_no_digit():
    """No picture is in both sets."""
    patterns = load(replace(RAW, patterns=None))
    assert not rows(patterns.x) & rows(patterns.x_test)


@settings(max_examples=15, deadline=None)
@given(small=st.integers(1, 300), more=st.integers(0, 400), seed=st.integers(0, 10**6), d=st.integers(1, 55))
def test_a_larger_raw_pool_begins_with_the_smaller_one(small, more, seed, d):
    """Pools of one seed are nested, and each even prefix is balanced."""
    request = replace(RAW, inputs=d, patterns=2 * small, seed=seed)
    first, second = load(request), load(replace(request, patterns=2 * (small + more)))
    assert np.array_equal(second.x[: 2 * small], first.x)
    assert np.array_equal(second.y[: 2 * small], first.y)
    assert first.y.sum() == 0


def test_a_test_point_is_shifted_by_the_mean_of_the_pool():
    """A normalised test point has the direction of the raw one seen from the mean of the train pool."""
    raw, normalised = load(RAW), load(REQUEST)
    away = raw.x_test - raw.x.sum(axis=0) / 400
    cosine = (away * normalised.x_test).sum(axis=1) / np.sqrt((away**2).sum(axis=1) * 10)
    np.testing.assert_allclose(cosine, 1.0, rtol=1e-12)


def test_random_labels_leave_the_points_alone():
    """The same points, interleaved as before, with signs that are fair and know nothing of the class."""
    one, other = load(replace(REQUEST, patterns=1400)), load(replace(REQUEST, patterns=1400, labels="random"))
    assert np.array_equal(one.x, other.x)
    assert abs(other.y.sum()) < 5 * np.sqrt(1400)
    assert abs((one.y * other.y).sum()) < 5 * np.sqrt(1400)


def test_without_a_number_all_balanced_patterns_come():
    """The smaller class is used whole; without a test fraction the test set is empty."""
    patterns = load(replace(REQUEST, patterns=None, test_fraction=0.0))
    smaller = min(np.bincount(load_digits().target % 2))
    assert len(patterns.y) == 2 * smaller
    assert patterns.x_test.shape == (0, 10)


def test_the_record_names_the_conventions():
    """A run can tell from the description which convention it used."""
    record = load(replace(REQUEST, projection="plain", fit="pooled")).description
    assert "plain" in record["projection"]
    assert "pooled" in record["fit"]
    assert "odd +1" in record["classes"]


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        ({"inputs": 62}, ["inputs = 62: data set 'digits' has 61 principal components"]),
        ({"patterns": 2000}, ["patterns = 2000: data set 'digits' has 1426 in balanced classes"]),
        ({"patterns": 2000, "inputs": 62}, ["patterns = 2000", "inputs = 62"]),
        ({"test_fraction": 0.9999, "patterns": None}, ["no patterns in balanced classes"]),
        ({"patterns": 0, "fit": "all"}, ["'all'", "patterns = 0"]),
    ],
)
def test_a_request_beyond_the_data_is_refused(change, sentences):
    """Each problem gets one sentence with the number that is available."""
    with pytest.raises(BadInput) as caught:
        load(replace(REQUEST, **change))
    assert len(caught.value.problems) == len(sentences)
    for problem, sentence in zip(caught.value.problems, sentences, strict=True):
        assert sentence in problem


def test_without_scikit_learn_the_remedy_is_named(monkeypatch):
    """A missing library is one sentence, not an ImportError."""
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(BadInput, match=r"pip install 'jamharness\[data\]'"):
        load(REQUEST)
