"""Units at kinks are counted, and the best slopes there balance the forces."""

from importlib import import_module

import numpy as np
import pytest
from jamharness_numerics.minimise import minimise
from jamharness_numerics.minimise.certificate import force_balance, trace_h0
from jamharness_numerics.minimise.kinks import kinks
from jamharness_numpy.backend import NumpyBackend
from scipy.optimize import lsq_linear

from jamharness.api import DataRequest, Network
from jamharness.datasets.random import load


def test_units_within_the_resolution_of_zero_are_at_a_kink():
    """One hidden layer by hand: preactivations of 0, 0.005, −0.01 and 1 at β = 512, where a kink is 0.009 wide."""
    network = Network(inputs=1, width=4, depth=1, bias=True)
    w = np.concatenate([np.zeros(4), [0.0, 0.005, -0.01, 1.0], np.zeros(5)])
    problem = NumpyBackend().problem(network, np.array([[1.0], [-1.0], [2.0]]), np.array([1.0, -1.0, 1.0]))
    kinked = kinks(problem, w)
    assert (kinked.units, kinked.patterns) == (6, 3)
    away = kinks(problem, w + np.concatenate([np.zeros(4), np.full(4, 0.5), np.zeros(5)]))
    assert (away.units, away.patterns) == (0, 0)


def test_without_kinks_it_is_the_balance_of_the_gradient():
    """No slope to choose: the net force of relu itself."""
    network = Network(inputs=5, width=6, depth=3)
    data = load(DataRequest(inputs=5, patterns=30, seed=0))
    problem, w = NumpyBackend().problem(network, data.x, data.y), network.initial(seed=0)
    kinked = kinks(problem, 100 * w)
    assert kinked.units == 0
    loss, gradient = problem.loss_and_gradient(100 * w)
    assert kinked.balance == pytest.approx(force_balance(gradient, loss, trace_h0(problem, 100 * w)), rel=1e-10)


def test_a_minimum_on_a_kink_by_hand():
    """f = relu(x + b) with b trained alone would rest at a kink: slope 1 pulls one way, slope 0 the other.

    Patterns x = 1, y = −1 and x = 0, y = +1, at b = 0: the first pushes b down, the second, at its kink, up by its
    slope.
    """
    network = Network(inputs=1, width=1, depth=1)
    problem = NumpyBackend().problem(network, np.array([[1.0], [0.0]]), np.array([-1.0, 1.0]))
    w = np.array([1.0, 0.0, 1.0, 0.0])
    free = kinks(problem, w)
    assert (free.units, free.patterns) == (1, 1)
    # Forces on (w1, b1, v, c): (2 − 0, 2 − s, 2, 2 − 1) / 2: the best slope is 1.
    best = np.linalg.norm([1.0, 0.5, 1.0, 0.5])
    loss = problem.loss_and_gradient(w)[0]
    assert free.balance == pytest.approx(force_balance(np.array([best]), loss, trace_h0(problem, w)), rel=1e-6)


def test_a_layer_without_kinks_beside_one_with():
    """Two layers, and a unit at a kink in the first alone."""
    network = Network(inputs=1, width=2, depth=2)
    problem = NumpyBackend().problem(network, np.array([[1.0], [2.0]]), np.array([1.0, -1.0]))
    w = np.array([0.001, 1.0, 0.0, 0.5, 1.0, 1.0, 0.5, 1.0, 0.3, 0.2, 1.0, -1.0, 0.1])
    assert kinks(problem, w).units == 2


@pytest.mark.parametrize(("depth", "seed"), [(1, 1), (1, 14), (2, 7), (3, 6)])
def test_the_slopes_found_are_those_of_the_exact_least_squares_solver(depth, seed):
    """One unit of the first layer at its kink for each pattern: ∇L is linear in the slopes, as scipy's solver wants it.

    Its matrix comes from the problem's own gradients on both sides of each kink, to which each pattern is moved by a
    coordinate that is zero for all others.
    """
    rng = np.random.default_rng(seed)
    width, patterns = 4, 12
    network = Network(inputs=3 + patterns, width=width, depth=depth)
    w = 10 * (network.initial(seed=seed) + 0.1 * rng.standard_normal(network.size))
    parts = network.split(w)
    weight, bias = parts[0]
    weight[:, 3:] = rng.choice([-1.0, 1.0], size=(width, patterns)) * rng.uniform(5, 15, size=(width, patterns))
    x = np.concatenate([rng.standard_normal((patterns, 3)), np.zeros((patterns, patterns))], axis=1)
    units = rng.integers(width, size=patterns)
    own = np.arange(patterns)
    x[own, 3 + own] = -((x[:, :3] @ weight[:, :3].T + bias)[own, units]) / weight[units, 3 + own]
    problem = NumpyBackend().problem(network, x, y := rng.choice([-1.0, 1.0], size=patterns))
    kinked = kinks(problem, w)
    assert kinked.units == kinked.patterns == np.count_nonzero(problem.margins(w) > 0)

    def gradient(sides):
        """With the unit of each pattern above (1) or below (0) its kink."""
        tilted = x.copy()
        tilted[own, 3 + own] += (2 * sides - 1) * 1e-9 / weight[units, 3 + own]
        return NumpyBackend().problem(network, tilted, y).loss_and_gradient(w)[1]

    below = gradient(np.zeros(patterns))
    C = np.stack([gradient(np.eye(patterns)[k]) - below for k in range(patterns)], axis=1)
    least = np.linalg.norm(C @ lsq_linear(C, -below, bounds=(0.0, 1.0), method="bvls").x + below)
    loss = problem.loss_and_gradient(w)[0]
    assert kinked.balance == pytest.approx(force_balance(np.array([least]), loss, trace_h0(problem, w)), rel=1e-5)
    assert least < 0.99 * min(np.linalg.norm(below), np.linalg.norm(gradient(np.ones(patterns))))


def test_derivatives_by_the_slopes_of_several_layers_are_those_of_finite_differences():
    """Units at kinks on one path: ∇L is a product of their slopes, and the derivative of its square still exact."""
    module = import_module("jamharness_numerics.minimise.kinks")
    network = Network(inputs=4, width=5, depth=3)
    data = load(DataRequest(inputs=4, patterns=10, seed=3))
    problem, w = NumpyBackend().problem(network, data.x, data.y), network.initial(seed=3)
    rng = np.random.default_rng(3)
    inputs = [data.x, *(rng.uniform(size=(10, 5)) for _ in range(3))]
    slopes, seed = [rng.uniform(size=(10, 5)) for _ in range(3)], rng.standard_normal(10)
    parts, v = network.split(w), rng.standard_normal(network.size)

    def along():
        return float(v @ module._gradient(problem, module._signals(parts, slopes, seed), inputs, slopes))

    works = module._works(problem, module._signals(parts, slopes, seed), inputs, slopes, parts, v)
    for slope, work in zip(slopes, works, strict=True):
        for index in [(0, 0), (4, 3), (8, 4)]:
            previous = slope[index]
            slope[index] = previous + 0.5
            above = along()
            slope[index] = previous - 0.5
            assert work[index] == pytest.approx(above - along(), rel=1e-9, abs=1e-12)
            slope[index] = previous


def test_where_relu_is_arrested_the_best_slopes_balance_what_the_gradient_leaves():
    """A jammed relu network: the net force with slopes chosen is far below that of relu's own gradient."""
    network = Network(inputs=6, width=6, depth=2)
    data = load(DataRequest(inputs=6, patterns=400, seed=1))
    problem = NumpyBackend().problem(network, data.x, data.y)
    minimisation = minimise(problem, network.initial(seed=1))
    assert minimisation.outcome == "arrested"
    assert minimisation.kinks >= minimisation.kinked > 0
    loss, gradient = problem.loss_and_gradient(minimisation.w)
    raw = force_balance(gradient, loss, trace_h0(problem, minimisation.w))
    assert minimisation.clarke is not None
    assert minimisation.clarke < 0.5 * raw
    assert minimisation.clarke < 0.02
