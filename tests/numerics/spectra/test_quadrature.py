"""Stochastic Lanczos quadrature against spectra in closed form and exact spectra of Hessians."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numerics.spectra import quadrature, wasserstein
from jamharness_numerics.spectra.quadrature import KINDS, probe_vectors

from jamharness.api import DataRequest, Network, generator
from jamharness.plugins import load_backend, load_data


def diagonal(d):
    return lambda v: np.asarray(d)[:, np.newaxis] * v


def wigner(size):
    """GOE of radius 1."""
    A = generator("wigner", size).standard_normal((size, size))
    return (A + A.T) / np.sqrt(8 * size)


def test_the_semicircle():
    """Density 2√(1−x²)/π and cumulative 1/2 + (x√(1−x²) + asin x)/π of a Gaussian symmetric matrix."""
    A = wigner(1200)
    measure = quadrature(lambda v: A @ v, 1200, probes=8, steps=40)
    x = np.linspace(-0.9, 0.9, 19)
    assert measure.cumulative(x) == pytest.approx(0.5 + (x * np.sqrt(1 - x**2) + np.arcsin(x)) / np.pi, abs=0.04)
    assert measure.density(x) == pytest.approx(2 * np.sqrt(1 - x**2) / np.pi, abs=0.08)
    # Catalan numbers over powers of 4; an odd moment is zero.
    assert [measure.moment(j) for j in range(5)] == pytest.approx([1, 0, 1 / 4, 0, 2 / 16], abs=0.02)


def test_marchenko_and_pastur():
    """XᵀX/n with N/n = c = 1/4: density √((b−x)(x−a))/(2πcx) on (1∓√c)²; mean 1, second moment 1 + c."""
    n, size = 4000, 1000
    X = generator("marchenko").standard_normal((n, size)) / np.sqrt(n)
    measure = quadrature(lambda v: X.T @ (X @ v), size, probes=8, steps=40, kind="gaussian")
    x, (a, b) = np.linspace(0.4, 2.1, 12), (0.25, 2.25)
    assert measure.density(x) == pytest.approx(np.sqrt((b - x) * (x - a)) / (2 * np.pi * 0.25 * x), abs=0.06)
    assert (measure.moment(1), measure.moment(2)) == (pytest.approx(1, abs=0.02), pytest.approx(1.25, abs=0.04))
    assert measure.nodes.min() > a - 0.02
    assert measure.norm < b + 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_moments_of_probes_are_exact(kind):
    """Σ w θ^j is the mean of qᵀA^j q over the probes, for j < 2m."""
    A, q = wigner(80), probe_vectors(80, 3, 4, kind)
    measure = quadrature(lambda v: A @ v, 80, probes=3, steps=5, seed=4, kind=kind)
    for order in range(10):
        expected = np.mean([u @ np.linalg.matrix_power(A, order) @ u / (u @ u) for u in q.T])
        assert measure.moment(order) == pytest.approx(expected, abs=1e-12)


def test_the_distance_shrinks_with_probes():
    """W₁ to an exact spectrum falls nearly as 1/√k over four seeds, with enough steps for noise to be all."""
    A = wigner(500)
    exact = np.linalg.eigvalsh(A)

    def distance(probes):
        measures = [quadrature(lambda v: A @ v, 500, probes=probes, steps=250, seed=seed) for seed in range(4)]
        return np.mean([wasserstein(each, exact) for each in measures])

    one, four, sixteen = distance(1), distance(4), distance(16)
    assert one > 1.5 * four > 1.5**2 * sixteen
    assert sixteen < 0.02


def test_the_distance_shrinks_with_steps():
    """As 1/m, without noise: random signs weigh the modes of a diagonal matrix alike."""
    d = np.sort(generator("uniform").uniform(-1, 1, 2000))
    few, more, many = (wasserstein(quadrature(diagonal(d), 2000, probes=1, steps=m), d) for m in (5, 15, 45))
    assert (few / more, more / many) == (pytest.approx(3, rel=0.25), pytest.approx(3, rel=0.25))


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 40), seed=st.integers(0, 10**6), shift=st.floats(-3, 3), scale=st.floats(0.01, 100))
def test_an_affine_map_moves_the_nodes(size, seed, shift, scale):
    """Weights are a distribution; that of a + cA is the one of A, moved and stretched."""
    d = generator("affine", seed).standard_normal(size)
    first = quadrature(diagonal(d), size, probes=2, steps=8, seed=seed)
    second = quadrature(diagonal(shift + scale * d), size, probes=2, steps=8, seed=seed)
    assert first.weights.min() >= 0
    assert first.weights.sum() == pytest.approx(1)
    assert first.cumulative(np.array([first.nodes.max()])) == pytest.approx(1)
    assert second.moment(1) == pytest.approx(shift + scale * first.moment(1), abs=1e-9)
    x = np.linspace(-2, 2, 5)
    if size > 8:  # in a smaller space rounding decides where it ends
        moved = second.cumulative(shift + scale * (x + 1e-7))
        assert moved == pytest.approx(first.cumulative(x + 1e-7), abs=1e-6)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
def test_the_hessian_of_a_network(backend):
    """The distance, the norm and the mean against the exact spectrum, in units of ‖H‖."""
    network = Network(inputs=6, width=6, depth=3)
    data = load_data(DataRequest(dataset="random", inputs=6, patterns=300, seed=0))
    problem = load_backend(backend, threads=1).problem(network, data.x, data.y)
    w = network.initial(seed=0)
    exact = problem.hessian_eigenvalues(w)[0]
    measure = quadrature(lambda v: problem.hessian_vector(w, v), network.size, probes=64, steps=40)
    assert wasserstein(measure, exact) < 0.01 * np.abs(exact).max()
    assert measure.norm == pytest.approx(np.abs(exact).max(), rel=1e-10)
    assert measure.moment(1) == pytest.approx(exact.mean(), abs=0.005 * np.abs(exact).max())


def test_the_distance_is_that_between_sorted_samples():
    """Between N equal weights and N eigenvalues W₁ is the mean |difference| in order; a shift by c makes it c."""
    d = generator("shift").standard_normal(50)
    measure = quadrature(diagonal(d), 50, probes=1, steps=50)  # random signs weigh a diagonal matrix's modes alike
    assert wasserstein(measure, d) == pytest.approx(0, abs=1e-9)
    assert wasserstein(measure, d + 0.75) == pytest.approx(0.75)


@pytest.mark.parametrize("d", [np.zeros(20), np.full(20, -2.0), np.linspace(0, 3, 20)])
def test_the_density_integrates_to_one(d):
    """Also where all eigenvalues are equal."""
    measure = quadrature(diagonal(d), 20, probes=2, steps=8)
    x = np.linspace(-20, 20, 8001)
    assert np.trapezoid(measure.density(x), x) == pytest.approx(1, abs=1e-6)
    assert np.trapezoid(measure.density(x, width=0.5), x) == pytest.approx(1, abs=1e-6)


def test_probes_are_drawn_one_by_one():
    """The first of many is the first of one; kinds and seeds differ."""
    many = probe_vectors(30, 5, 2)
    assert np.array_equal(many[:, :1], probe_vectors(30, 1, 2))
    assert set(np.unique(many)) == {-1.0, 1.0}
    assert not np.array_equal(many[:, 0], probe_vectors(30, 1, 3)[:, 0])
    assert probe_vectors(20_000, 1, kind="gaussian").std() == pytest.approx(1, abs=0.03)
