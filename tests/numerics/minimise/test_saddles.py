"""Saddles are told from minima, and left."""

import numpy as np
import pytest
from jamharness_numerics.minimise.newton import newton
from jamharness_numerics.minimise.saddles import beside, downhill, rested
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import Network

TOLERANCE = 1e-9


def never(_):
    return False


def pose(activation, width, seed=0):
    """Sixty patterns and a network with one hidden layer."""
    network = Network(inputs=3, width=width, depth=1, activation=activation)
    draw = np.random.default_rng(seed)
    x, y = draw.standard_normal((60, 3)), np.where(np.arange(60) % 2, 1.0, -1.0)
    return NumpyBackend().problem(network, x, y)


def split():
    """A network at rest with one unit, and then with that unit twice, at half its weight: critical in the wider one.

    Fukumizu and Amari, Neural Networks 13 (2000) 317: such points may be saddles; this one is.
    """
    narrow = pose("gelu", 1)
    at = newton(narrow, narrow.network.initial(seed=0), 500, tolerance=1e-11, done=never)
    assert at.why == "balanced"
    into, bias, out, last = at.w[:3], at.w[3], at.w[4], at.w[5]
    return pose("gelu", 2), np.concatenate([into, into, [bias, bias, out / 2, out / 2, last]])


def test_a_balanced_saddle_is_left_for_something_lower():
    """The doubled unit balances at a saddle; beside it L is lower by a fifth, and where that ends H bends up."""
    problem, w = split()
    at = newton(problem, w, 300, tolerance=TOLERANCE, done=never)
    assert (at.why, at.iterations) == ("balanced", 0)
    direction = downhill(problem, at.w)
    assert direction is not None
    assert direction @ sum(problem.hessian(at.w)) @ direction < 0
    assert np.linalg.norm(direction) == pytest.approx(1)
    end = rested(problem, w, 3000, tolerance=TOLERANCE, done=never)
    assert end.loss < 0.8 * at.loss
    assert end.iterations > 0
    assert end.why != "balanced" or downhill(problem, end.w) is None


def test_the_budget_is_kept_at_a_saddle():
    """Where no steps are left beside it, it is said to be a saddle."""
    problem, w = split()
    end = rested(problem, w, 0, tolerance=TOLERANCE, done=never)
    assert end.why == "saddle"
    assert np.array_equal(end.w, w)


def test_zero_modes_of_a_symmetry_are_no_saddle():
    """A linear network with a hidden layer has a scale that is free between layers: its minimum counts as one."""
    problem = pose("linear", 2)
    end = rested(problem, problem.network.initial(seed=0), 300, tolerance=1e-11, done=never)
    assert end.why == "balanced"
    eigenvalues = np.linalg.eigvalsh(sum(problem.hessian(end.w)))
    assert abs(eigenvalues[0]) < 1e-8 * eigenvalues[-1]
    assert downhill(problem, end.w) is None


def test_a_saddle_is_left_on_both_sides():
    """The two points lie opposite each other, at the stated distance."""
    w, direction = np.zeros(4), np.array([0.0, 1.0, 0.0, 0.0])
    ahead, behind = beside(w, direction)
    assert np.array_equal(ahead, -behind)
    assert np.linalg.norm(ahead) == pytest.approx(2e-5)
