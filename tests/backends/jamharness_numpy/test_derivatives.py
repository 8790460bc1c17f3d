"""The explicit formulas against finite differences, and against the api's generic fallbacks."""

import numpy as np
import pytest
from jamharness_numpy import nonlinear
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import Activation, Network, QuadraticHinge, fallbacks

SHAPES = [((), True), ((), False), ((5,), True), ((4, 6), False), ((3, 5, 2, 4), True)]
ACTIVATIONS = ["relu", "tanh", "linear", "gelu", "gelu(3)", "softplus", "softplus(4)"]
SMOOTH = [name for name in ACTIVATIONS if name != "relu"]


def pose(activation, widths, bias, patterns=30):
    """A problem at a random w with biases that are not zero."""
    network = Network(inputs=4, width=widths, depth=len(widths), activation=activation, bias=bias)
    draw = np.random.default_rng(11)
    w = network.initial(seed=2, scheme="normal") + 0.3 * draw.standard_normal(network.size)
    x, y = draw.standard_normal((patterns, 4)), np.where(np.arange(patterns) % 2, 1.0, -1.0)
    return NumpyBackend().problem(network, x, y, loss=QuadraticHinge(margin=1.2)), w


def slope_of(function, w, h):
    """∂ function / ∂w by central differences of fourth order, with one column per parameter."""
    columns = []
    for i in range(len(w)):
        e = np.zeros_like(w)
        e[i] = h
        near, far = function(w + e) - function(w - e), function(w + 2 * e) - function(w - 2 * e)
        columns.append((8 * near - far) / (12 * h))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize(("widths", "bias"), SHAPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradient_is_the_slope_of_the_loss(activation, widths, bias):
    """∇L equals finite differences of L."""
    problem, w = pose(activation, widths, bias)
    loss, gradient = problem.loss_and_gradient(w)
    margins = problem.margins(w)
    assert loss == pytest.approx(np.mean(np.maximum(margins, 0) ** 2) / 2, rel=1e-14)
    slope = slope_of(lambda at: problem.loss_and_gradient(at)[0], w, 1e-5)
    assert np.abs(slope - gradient).max() < 1e-8 * np.abs(gradient).max()


@pytest.mark.parametrize(("widths", "bias"), SHAPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_jacobian_is_the_slope_of_the_margins(activation, widths, bias):
    """∂Δ/∂w equals finite differences of the margins, satisfied patterns included."""
    problem, w = pose(activation, widths, bias)
    rows = np.array([29, 3, 0])
    slopes = slope_of(problem.margins, w, 1e-5)[rows]
    assert np.abs(slopes - problem.jacobian(w, rows)).max() < 1e-8 * np.abs(slopes).max()


@pytest.mark.parametrize(("widths", "bias"), SHAPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_generic_jacobian_equals_the_closed_form(activation, widths, bias):
    """One gradient per row, under a margin that leaves every pattern unsatisfied, gives the same rows."""
    problem, w = pose(activation, widths, bias)
    rows = np.arange(problem.patterns)
    closed = problem.jacobian(w, rows)
    assert np.abs(fallbacks.jacobian(problem, w, rows) - closed).max() < 1e-13 * np.abs(closed).max()


@pytest.mark.parametrize(("widths", "bias"), SHAPES)
@pytest.mark.parametrize("activation", SMOOTH)
def test_the_hessian_is_the_slope_of_the_gradient(activation, widths, bias):
    """H0 + Hp equals finite differences of ∇L, and both are symmetric."""
    problem, w = pose(activation, widths, bias)
    H0, Hp = problem.hessian(w)
    H = slope_of(lambda at: problem.loss_and_gradient(at)[1], w, 1e-4)
    assert np.abs(H - H0 - Hp).max() < 1e-7 * np.abs(H).max()
    assert np.abs(Hp - Hp.T).max() <= 1e-14 * max(np.abs(Hp).max(), 1e-300)
    assert np.abs(H0 - H0.T).max() <= 1e-15 * np.abs(H0).max()


@pytest.mark.parametrize(("widths", "bias"), SHAPES)
def test_the_hessian_of_relu_is_the_slope_of_the_gradient_away_from_kinks(widths, bias):
    """Where no unit changes sign within the difference, H0 + Hp equals finite differences of ∇L for relu too."""
    problem, w = pose("relu", widths, bias, patterns=6)
    H0, Hp = problem.hessian(w)
    H = slope_of(lambda at: problem.loss_and_gradient(at)[1], w, 1e-6)
    assert np.abs(H - H0 - Hp).max() < 1e-7 * np.abs(H).max()


@pytest.mark.parametrize("activation", SMOOTH)
def test_slopes_and_curvatures_are_those_of_the_activation(activation):
    """σ' and σ'' equal finite differences of σ and σ'."""
    rule, z, h = Activation.parse(activation), np.linspace(-4, 4, 161), 1e-4

    def difference(function):
        near = function(rule, z + h) - function(rule, z - h)
        return (8 * near - function(rule, z + 2 * h) + function(rule, z - 2 * h)) / (12 * h)

    assert nonlinear.slope(rule, z) == pytest.approx(difference(nonlinear.value), abs=1e-10)
    assert nonlinear.curvature(rule, z) == pytest.approx(difference(nonlinear.slope), abs=1e-9)


def test_relu_has_slope_zero_at_its_kink():
    """max(0, z) has slope 0 for z ≤ 0, 1 for z > 0, and no curvature."""
    rule, z = Activation.parse("relu"), np.array([-1.0, 0.0, 2.0])
    assert nonlinear.value(rule, z).tolist() == [0, 0, 2]
    assert nonlinear.slope(rule, z).tolist() == [0, 0, 1]
    assert nonlinear.curvature(rule, z).tolist() == [0, 0, 0]


@pytest.mark.parametrize("family", ["gelu", "softplus"])
def test_sharp_activations_tend_to_relu(family):
    """The largest difference from max(0, z) falls as 1/β."""
    z = np.linspace(-3, 3, 601)
    gaps = [np.abs(nonlinear.value(Activation(name=family, beta=beta), z) - np.maximum(z, 0)).max() for beta in (4, 40)]
    assert gaps[1] == pytest.approx(gaps[0] / 10, rel=2e-2)
