"""What the api derives equals what a backend computes itself."""

import numpy as np
import pytest
from jamharness_numpy.backend import NumpyBackend, NumpyProblem

from jamharness.api import Network, NotSupported, Problem, QuadraticHinge, fallbacks

NETWORKS = pytest.mark.parametrize(
    "network",
    [
        Network(inputs=4, depth=0),
        Network(inputs=4, width=(5, 3), depth=2, activation="relu"),
        Network(inputs=3, width=(4, 3, 4), depth=3, activation="tanh", bias=False),
        Network(inputs=3, width=6, depth=1, activation="gelu(2)"),
    ],
    ids=str,
)


class Products(NumpyProblem):
    """H v, and no H."""

    hessian = Problem.hessian
    hessian_eigenvalues = Problem.hessian_eigenvalues


class Whole(NumpyProblem):
    """H, and nothing made of it."""

    hessian_eigenvalues = Problem.hessian_eigenvalues
    hessian_vector = Problem.hessian_vector


def posed(kind, network, patterns=12):
    """The same patterns and w under a problem that lacks methods, and under the referee."""
    draw = np.random.default_rng(network.size)
    x, y = draw.standard_normal((patterns, network.inputs)), np.where(np.arange(patterns) % 3, 1.0, -1.0)
    w = network.initial(seed=2, scheme="normal") + 0.3 * draw.standard_normal(network.size)
    return kind(NumpyBackend(), network, x, y, QuadraticHinge()), NumpyBackend().problem(network, x, y), w


@NETWORKS
@pytest.mark.parametrize("block", [1 << 24, 40], ids=["at once", "in blocks"])
def test_the_derived_hessian_is_the_referees(network, block, monkeypatch):
    """H0 from J and Hp from H v, in blocks of any size, each to rounding relative to the largest entry of both."""
    monkeypatch.setattr(fallbacks, "_BLOCK", block)
    problem, referee, w = posed(Products, network)
    parts, expected = problem.hessian(w), referee.hessian(w)
    size = max(np.abs(H).max() for H in expected)
    for one, other in zip(parts, expected, strict=True):
        assert np.abs(one - other).max() <= 1e-14 * size
        assert np.array_equal(one, one.T)


@NETWORKS
@pytest.mark.parametrize("kind", [Products, Whole])
def test_the_derived_spectra_are_the_referees(network, kind):
    """Sorted eigenvalues of H, H0 and Hp, whichever of H v and H the backend has."""
    problem, referee, w = posed(kind, network)
    size = np.abs(referee.hessian_eigenvalues(w)[0]).max()
    for one, other in zip(problem.hessian_eigenvalues(w), referee.hessian_eigenvalues(w), strict=True):
        assert np.abs(one - other).max() <= 1e-13 * size


def test_nothing_is_derived_of_nothing():
    """A backend with H alone has no H v, which promises to need no memory of size N²."""
    problem, _, w = posed(Whole, Network(inputs=3, width=2, depth=1))
    with pytest.raises(NotSupported, match="'hessian_vector'"):
        problem.hessian_vector(w, w[:, np.newaxis])
