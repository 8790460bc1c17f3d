"""Units at kinks are counted, and the best slopes there balance the forces."""

import numpy as np
import pytest
from jamharness_numerics.minimise import minimise
from jamharness_numerics.minimise.certificate import force_balance, trace_h0
from jamharness_numerics.minimise.kinks import kinks
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import DataRequest, Network
from jamharness.datasets.random import load


def test_units_within_the_resolution_of_zero_are_at_a_kink():
    """One hidden layer by hand: preactivations of 0, 0.005, −0.01 and 1 at β = 512, where a kink is 0.009 wide."""
    network = Network(inputs=1, width=4, depth=1, bias=True)
    w = np.concatenate([np.zeros(4), [0.0, 0.005, -0.01, 1.0], np.zeros(5)])
    problem = NumpyBackend().problem(network, np.array([[1.0], [-1.0], [2.0]]), np.array([1.0, -1.0, 1.0]))
    found = kinks(problem, w)
    assert (found.units, found.patterns) == (6, 3)
    away = kinks(problem, w + np.concatenate([np.zeros(4), np.full(4, 0.5), np.zeros(5)]))
    assert (away.units, away.patterns) == (0, 0)


def test_without_kinks_it_is_the_balance_of_the_gradient():
    """No slope to choose: the net force of relu itself."""
    network = Network(inputs=5, width=6, depth=3)
    data = load(DataRequest(inputs=5, patterns=30, seed=0))
    problem, w = NumpyBackend().problem(network, data.x, data.y), network.initial(seed=0)
    found = kinks(problem, 100 * w)
    assert found.units == 0
    loss, gradient = problem.loss_and_gradient(100 * w)
    assert found.balance == pytest.approx(force_balance(gradient, loss, trace_h0(problem, 100 * w)), rel=1e-10)


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


def test_where_relu_is_arrested_the_best_slopes_balance_what_the_gradient_leaves():
    """A jammed relu network: the net force with slopes chosen is far below that of relu's own gradient."""
    network = Network(inputs=6, width=6, depth=2)
    data = load(DataRequest(inputs=6, patterns=400, seed=1))
    problem = NumpyBackend().problem(network, data.x, data.y)
    found = minimise(problem, network.initial(seed=1))
    assert found.outcome == "arrested"
    assert found.kinks >= found.kinked > 0
    loss, gradient = problem.loss_and_gradient(found.w)
    raw = force_balance(gradient, loss, trace_h0(problem, found.w))
    assert found.clarke is not None
    assert found.clarke < 0.5 * raw
    assert found.clarke < 0.02
