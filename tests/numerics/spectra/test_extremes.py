"""Extreme eigenvalues by restarted Lanczos: against dense spectra and ARPACK, with residuals that are bounds."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numerics.spectra import extremes
from scipy.sparse.linalg import LinearOperator, eigsh

from jamharness.api import DataRequest, Network, generator
from jamharness.plugins import load_backend, load_data


def diagonal(d):
    return lambda v: d[:, np.newaxis].astype(v.dtype) * v


@settings(max_examples=30, deadline=None)
@given(size=st.integers(1, 120), seed=st.integers(0, 10**6), most=st.sampled_from([1, 400]), count=st.integers(1, 4))
def test_an_eigenvalue_lies_within_each_residual(size, seed, most, count):
    """Whether converged or not; converged ones are the extremes themselves."""
    d = generator("residuals", seed).standard_normal(size)
    ends = extremes(diagonal(d), size, count=count, most=most, seed=seed)
    level = 1e-12 * np.abs(d).max()
    for values, residuals in ((ends.largest, ends.largest_residuals), (ends.smallest, ends.smallest_residuals)):
        distances = np.abs(values[:, np.newaxis] - d).min(axis=1)
        assert (distances <= residuals + level).all()
    assert d.min() - level <= ends.smallest[0] <= ends.largest[0] <= d.max() + level
    if size < 30:
        assert ends.largest == pytest.approx(np.sort(d)[::-1][:count], abs=1e-9)
        assert ends.smallest == pytest.approx(np.sort(d)[:count], abs=1e-9)


def test_against_arpack():
    """Several at each end of a spectrum with a dense bulk, after restarts."""
    size = 2000
    d = np.concatenate([generator("bulk").uniform(-1, 1, size - 6), [-2, -1.5, -1.2, 1.3, 1.7, 3]])
    ends = extremes(diagonal(d), size, count=3, vectors=20, tolerance=1e-9)
    operator = LinearOperator((size, size), matvec=lambda v: d * v.ravel(), dtype=np.float64)
    theirs = np.sort(eigsh(operator, k=3, which="LA", v0=np.ones(size), return_eigenvectors=False))[::-1]
    assert ends.largest == pytest.approx(theirs, abs=1e-12)
    assert ends.smallest == pytest.approx([-2, -1.5, -1.2], abs=1e-12)
    assert ends.largest_converged.all()
    assert ends.smallest_converged.all()
    assert ends.norm == pytest.approx(3)
    assert 20 < ends.products < 400


def test_what_has_not_converged_says_so():
    """In a uniform spectrum of 5000 the ends need hundreds of products: after 40 the flags are down, values inside."""
    d = np.linspace(-1, 1, 5000)
    ends = extremes(diagonal(d), 5000, most=40)
    assert not ends.largest_converged.any()
    assert not ends.smallest_converged.any()
    assert ends.largest_residuals.min() > 1e-6
    assert 0.9 < ends.largest[0] < 1


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0])
def test_one_eigenvalue_is_found_once(value):
    """Multiples of the identity, H = 0 of a satisfied network among them."""
    ends = extremes(diagonal(np.full(50, value)), 50, count=3)
    assert ends.largest.tolist() == ends.smallest.tolist() == [pytest.approx(value)]
    assert ends.largest_converged.all()


@pytest.mark.torch
def test_the_hessian_of_a_network():
    """Both ends of a dense spectrum, and residuals as computed with the dense H, in both dtypes."""
    network = Network(inputs=8, width=8, depth=3)
    data = load_data(DataRequest(dataset="random", inputs=8, patterns=600, seed=0))
    w = network.initial(seed=0)
    for dtype, bound in (("float64", 1e-10), ("float32", 2e-5)):
        problem = load_backend("torch", threads=1, dtype=dtype).problem(network, data.x, data.y)
        exact = load_backend("numpy").problem(network, data.x, data.y).hessian_eigenvalues(w)[0]
        ends = extremes(lambda v, p=problem: p.hessian_vector(w, v), network.size, dtype=dtype)
        norm = np.abs(exact).max()
        assert ends.largest == pytest.approx(exact[::-1][:2], abs=bound * norm)
        assert ends.smallest == pytest.approx(exact[:2], abs=bound * norm)
        assert ends.largest_converged.all()


def test_memory_is_that_of_the_vectors():
    """N = 50 000: the stated number of vectors, whatever the number of products."""
    size = 50_000
    d = np.linspace(-1, 1, size)
    tracemalloc.start()
    extremes(diagonal(d), size, count=2, vectors=20, most=100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= (20 + 1 + 4 * 2 + 10) * size * 8
