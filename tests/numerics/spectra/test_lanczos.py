"""Lanczos tridiagonalisation: an orthonormal basis, T = VᵀAV, within the memory that is stated."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numerics.spectra.lanczos import lanczos, most_vectors, orthogonalise
from jamharness_numerics.spectra.quadrature import probe_vectors

from jamharness.api import BadInput, generator


def symmetric(size, seed):
    A = generator("symmetric", size, seed).standard_normal((size, size))
    return (A + A.T) / 2


def dense(tridiagonal):
    return np.diag(tridiagonal.diagonal) + np.diag(tridiagonal.offdiagonal, 1) + np.diag(tridiagonal.offdiagonal, -1)


@settings(max_examples=25, deadline=None)
@given(size=st.integers(2, 40), seed=st.integers(0, 10**6), scale=st.floats(1e-8, 1e8), count=st.integers(1, 4))
def test_after_n_steps_the_spectrum_is_that_of_the_matrix(size, seed, scale, count):
    """T is similar to A once it has N rows, for every start."""
    A = scale * symmetric(size, seed)
    exact = np.linalg.eigvalsh(A)
    for tridiagonal in lanczos(lambda v: A @ v, probe_vectors(size, count, seed, "gaussian"), size):
        assert len(tridiagonal.diagonal) == size
        assert tridiagonal.exhausted
        assert np.linalg.eigvalsh(dense(tridiagonal)) == pytest.approx(exact, abs=1e-10 * np.abs(exact).max())


def test_the_tridiagonal_is_that_of_the_krylov_space():
    """(T^j)₁₁ = qᵀA^j q for j < 2m: the moments that define the process, from powers of A."""
    A, q = symmetric(60, 0), probe_vectors(60, 3, 1, "gaussian")
    A /= np.abs(np.linalg.eigvalsh(A)).max()
    for tridiagonal, start in zip(lanczos(lambda v: A @ v, q, 8), q.T, strict=True):
        T, unit = dense(tridiagonal), start / np.linalg.norm(start)
        for order in range(16):
            expected = unit @ np.linalg.matrix_power(A, order) @ unit
            assert np.linalg.matrix_power(T, order)[0, 0] == pytest.approx(expected, abs=1e-13)


def test_vectors_stay_orthogonal_after_an_eigenvalue_has_converged():
    """With full reorthogonalisation no copy of an outlier appears; without it there would be several by step 100."""
    d = np.concatenate([np.linspace(-1, 1, 999), [50.0]])
    (tridiagonal,) = lanczos(lambda v: d[:, np.newaxis] * v, probe_vectors(1000, 1), 120)
    theta = np.linalg.eigvalsh(dense(tridiagonal))
    assert np.count_nonzero(theta > 2) == 1
    assert theta[-1] == pytest.approx(50.0, rel=1e-13)


@settings(max_examples=25, deadline=None)
@given(size=st.integers(3, 60), rows=st.integers(1, 30), seed=st.integers(0, 1000), near=st.floats(1e-12, 1.0))
def test_orthogonalisation_leaves_no_component(size, rows, seed, near):
    """Even of a vector that lies in the space up to a small part."""
    rows = min(rows, size - 1)
    draw = generator("orthogonal", seed)
    basis = np.linalg.qr(draw.standard_normal((size, rows)))[0].T
    vector = draw.standard_normal(rows) @ basis + near * draw.standard_normal(size)
    orthogonalise(vector, basis)
    assert np.abs(basis @ vector).max() <= 1e-14 * np.linalg.norm(vector) + 1e-28 / near


@pytest.mark.parametrize("rank", [0, 1, 5])
def test_it_stops_where_the_space_is_exhausted(rank):
    """A matrix of rank r and r distinct eigenvalues has a Krylov space of r + 1 dimensions."""
    d = np.zeros(30)
    d[:rank] = 1.0 + np.arange(rank)
    for tridiagonal in lanczos(lambda v: d[:, np.newaxis] * v, probe_vectors(30, 2, kind="gaussian"), 20):
        assert tridiagonal.exhausted
        assert np.linalg.eigvalsh(dense(tridiagonal)) == pytest.approx(np.unique(d), abs=1e-12)


def test_starts_do_not_depend_on_their_company():
    """The same T whether starts share products, come in groups, or one stops early."""
    A = symmetric(50, 3)
    starts = np.column_stack([probe_vectors(50, 3, 5), np.linalg.eigh(A)[1][:, 7]])
    together = lanczos(lambda v: A @ v, starts, 12)
    apart = lanczos(lambda v: A @ v, starts, 12, memory=12 * 50 * 8)
    assert [len(each.diagonal) for each in together] == [12, 12, 12, 1]
    for one, other in zip(together, apart, strict=True):
        assert one.diagonal == pytest.approx(other.diagonal, abs=1e-12)
        assert one.offdiagonal == pytest.approx(other.offdiagonal, abs=1e-12)


def test_memory_stays_within_what_is_stated():
    """Eight starts of 16 steps at N = 50 000 within the bytes of two, beside a few blocks; more is refused."""
    size, steps = 50_000, 16
    d = np.linspace(-1, 1, size)[:, np.newaxis]
    starts = probe_vectors(size, 8)
    memory = 2 * steps * size * 8
    tracemalloc.start()
    lanczos(lambda v: d * v, starts, steps, memory)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= memory + 8 * 2 * size * 8
    assert most_vectors(size, 8, memory) == 2 * steps
    with pytest.raises(BadInput, match=r"steps = 33: .* ask for at most 32\."):
        lanczos(lambda v: d * v, starts, 33, memory)
