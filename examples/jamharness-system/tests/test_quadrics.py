"""The system against closed forms in every framework that is installed, and its capacity against Cover's count."""

from math import sqrt

import numpy as np
import pytest
from jamharness_numerics.minimise import minimise
from jamharness_system.quadrics import Quadrics, separable
from scipy.stats import binomtest

import jamharness
from jamharness.api import BadInput, QuadraticHinge, fair_signs, generator
from jamharness.plugins import Plugins, load_backend

FRAMEWORKS = ("numpy", "torch", "tensorflow", "jax")


@pytest.fixture(params=FRAMEWORKS)
def backend(request):
    """Every backend whose framework is here."""
    pytest.importorskip(request.param)
    if request.param not in Plugins.load().backends:
        pytest.skip(f"no plugin brings the backend {request.param}")
    return load_backend(request.param, threads=1)


def points(seed, count, inputs):
    """Gaussian points and fair labels."""
    draw = generator("quadrics", seed, count, inputs)
    return {"x": draw.standard_normal((count, inputs)), "y": fair_signs(draw, count)}


def monomials(x):
    """φ (P, N), one by one."""
    affine = np.column_stack([np.ones(len(x)), x])
    d = affine.shape[1]
    return np.column_stack([affine[:, i] * affine[:, j] for i in range(d) for j in range(i, d)])


def test_it_is_found_by_its_name():
    """As an installed plugin."""
    assert Plugins.load().system("quadrics").factory == "jamharness_system.quadrics:Quadrics"


def test_derivatives_are_the_closed_forms(backend):
    """Δ = κ − y w·φ/√N, J = −y φ/√N, H0 = JᵀJ/P over the violated, Hp = 0 and the damped step, to 1e-11."""
    system, data, w = Quadrics(inputs=3), points(0, 40, 3), Quadrics(inputs=3).initial(1)
    problem = backend.problem(system, data, QuadraticHinge(margin=0.7))
    slopes = -data["y"][:, None] * monomials(data["x"]) / sqrt(10)
    margins = 0.7 + slopes @ w
    rows = np.flatnonzero(margins > 0)
    J, delta = slopes[rows], margins[rows]
    H0, Hp = problem.hessian(w)
    step = np.linalg.solve(J.T @ J + 0.3 * np.eye(10), -J.T @ delta)
    assert 0 < len(rows) < 40
    np.testing.assert_allclose(problem.margins(w), margins, atol=1e-11)
    np.testing.assert_allclose(problem.jacobian(w, np.arange(40)), slopes, atol=1e-11)
    np.testing.assert_allclose(problem.loss_and_gradient(w)[1], J.T @ delta / 40, atol=1e-11)
    np.testing.assert_allclose(H0, J.T @ J / 40, atol=1e-11)
    np.testing.assert_array_equal(Hp, 0)
    np.testing.assert_allclose(problem.damped_step(w, 0.3).w, w + step, atol=1e-11)


def separated(count, seeds):
    """How many of so many draws of points of the plane, N = 6, some conic separates."""
    system, numpy = Quadrics(inputs=2), load_backend("numpy")
    ends = [
        minimise(numpy.problem(system, points(seed, count, 2), QuadraticHinge(margin=1.0)), system.initial(seed))
        for seed in range(seeds)
    ]
    assert {end.outcome for end in ends} <= {"satisfied", "minimum"}
    return sum(end.outcome == "satisfied" for end in ends)


@pytest.mark.parametrize("count", [9, 12, 15])
def test_as_many_draws_are_separated_as_cover_counts(count):
    """An exact binomial test; the count for lines, N = 3, is refused by the same test."""
    successes = separated(count, 200)
    assert binomtest(successes, 200, separable(count, 6)).pvalue > 0.01
    assert binomtest(successes, 200, separable(count, 3)).pvalue < 1e-6


def test_few_points_are_always_separated():
    """Cover's probability is 1 for P ≤ N, and ½ at P = 2N."""
    assert separated(6, 50) == 50
    assert (separable(6, 6), separable(12, 6)) == (1, 0.5)


def test_the_protocol_jamming_measures_it(tmp_path):
    """By its name. The largest P that is separated is, by Cover's count, the toss of the N-th head: 2N ± √(2N)."""
    settings = {"system": "quadrics", "inputs": 4, "seeds": 24, "normalise": False, "labels": "random"}
    run = jamharness.run("jamming", backend="numpy", settings=settings, store=tmp_path)
    load, width = (run.estimates["jamming"][name] for name in ("critical_load", "transition_width"))
    assert load.low < 2 < load.high < load.low + 0.4
    assert width.low < sqrt(2 / 15) < width.high < width.low + 0.3


def test_what_is_wrong_is_one_sentence():
    """With the value."""
    with pytest.raises(BadInput, match="inputs = 0"):
        Quadrics(inputs=0)
