"""The certificate is zero where the last layer rests, however it got there, and large elsewhere."""

import numpy as np
import pytest
from jamharness_numerics.minimise.certificate import force_balance, last_layer, loss_of, pinned, trace_h0
from jamharness_numpy.backend import NumpyBackend
from scipy.optimize import minimize

from jamharness.api import Network


def pose(activation, bias, patterns=80):
    """Random patterns and a random w."""
    network = Network(inputs=4, width=(6, 5), depth=2, activation=activation, bias=bias)
    draw = np.random.default_rng(5)
    x, y = draw.standard_normal((patterns, 4)), np.where(np.arange(patterns) % 2, 1.0, -1.0)
    return NumpyBackend().problem(network, x, y), network.initial(seed=0)


def rested_last_layer(problem, w):
    """w with the last layer at the minimum that scipy finds; the loss is convex in it."""
    weight, bias = problem.network.slices[-1]
    free = np.r_[weight, bias]
    A = -problem.y[:, None] * problem.jacobian(w, np.arange(problem.patterns))[:, free]  # ∂f/∂θ, f being linear in θ

    def loss(theta):
        hinge = np.maximum(1 - problem.y * (A @ theta), 0)
        return hinge @ hinge / 2, -A.T @ (problem.y * hinge)

    def curvature(theta):
        some = A[1 - problem.y * (A @ theta) > 0]
        return some.T @ some

    minimum = minimize(loss, w[free], jac=True, hess=curvature, method="trust-exact", options={"gtol": 1e-12})
    rested = w.copy()
    rested[free] = minimum.x
    return rested


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus(4)"])
def test_the_certificate_is_zero_where_the_last_layer_rests(activation, bias):
    """E3 holds at scipy's minimum over the last layer alone, for any activation, and at no random w."""
    problem, w = pose(activation, bias)
    rested = rested_last_layer(problem, w)
    margins = problem.margins(rested)
    assert np.count_nonzero(margins > 0) > 10
    assert last_layer(problem, margins) < 1e-10
    assert last_layer(problem, problem.margins(w)) > 1e-2
    moved = rested.copy()
    moved[problem.network.slices[-1][0]] *= 1.1
    assert last_layer(problem, problem.margins(moved)) > 1e-3


def test_the_certificate_sees_an_unbalanced_bias():
    """With the scale at rest and Σ yΔ ≠ 0 the certificate is that of the bias; without a bias it does not count."""
    for bias in (True, False):
        problem = NumpyBackend().problem(
            Network(inputs=1, depth=0, bias=bias), np.ones((3, 1)), np.array([1.0, 1.0, 1.0])
        )
        margins = np.array([0.5, 1.5, -2.0])  # Σ Δ(1 − Δ) = 0.25 − 0.75
        expected = 0.5 / 1.0
        assert last_layer(problem, margins) == pytest.approx(1.0 if bias else expected)


def test_the_certificate_is_zero_when_satisfied():
    """No unsatisfied pattern, no force."""
    problem, _ = pose("tanh", True)
    assert last_layer(problem, -np.ones(80)) == 0


def test_the_force_balance_of_one_pattern_is_one():
    """A single unsatisfied pattern has nothing to balance it: |∇L| = √(2 L tr H0)."""
    problem, w = pose("tanh", True, patterns=1)
    loss, gradient = problem.loss_and_gradient(w)
    assert loss > 0
    assert force_balance(gradient, loss, trace_h0(problem, w)) == pytest.approx(1.0, rel=1e-12)


def test_the_force_balance_is_zero_at_a_minimum_and_below_one_elsewhere():
    """Two equal patterns with opposite labels balance at f = 0."""
    network = Network(inputs=2, depth=0, bias=False)
    problem = NumpyBackend().problem(network, np.ones((2, 2)), np.array([1.0, -1.0]))
    for w, expected in ((np.zeros(2), 0.0), (np.array([0.2, 0.1]), 0.3 / np.sqrt(1 + 0.3**2))):
        loss, gradient = problem.loss_and_gradient(w)
        assert force_balance(gradient, loss, trace_h0(problem, w)) == pytest.approx(expected, abs=1e-15)
    assert force_balance(np.zeros(2), 0.0, 0.0) == 0


def test_trace_and_loss_from_margins():
    """tr H0 is the trace of the backend's H0, and L follows from the margins."""
    problem, w = pose("relu", True)
    assert trace_h0(problem, w) == pytest.approx(np.trace(problem.hessian(w)[0]), rel=1e-12)
    assert loss_of(problem.margins(w)) == pytest.approx(problem.loss_and_gradient(w)[0], rel=1e-12)


def test_patterns_behind_units_that_are_off_are_pinned():
    """With every first-layer unit off no first-layer weight moves any pattern; at a random w all can be moved."""
    problem, w = pose("relu", True)
    assert pinned(problem, w) < problem.patterns / 4
    off = w.copy()
    off[problem.network.slices[0][1]] = -100.0
    assert pinned(problem, off) == np.count_nonzero(problem.margins(off) > 0) > 0


def test_where_all_is_given_up_rounding_is_no_residual():
    """With every unsatisfied Δ at κ, but for rounding, the layer rests; a thousandth off it does not."""
    problem, _ = pose("relu", False)
    margins = -np.ones(80)
    margins[:4] = 1 + np.array([3e-14, 1e-14, -1e-14, 2e-14])
    assert last_layer(problem, margins) < 1e-6
    margins[0] = 1.001
    assert last_layer(problem, margins) > 1e-2
