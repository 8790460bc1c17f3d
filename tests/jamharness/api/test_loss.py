"""The margin κ within what a dtype can square."""

import numpy as np
import pytest
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import BadInput, Network, QuadraticHinge, margin_problem


@pytest.mark.parametrize("margin", [2e7, -2e7, 1e300, float("inf"), float("nan")])
def test_a_margin_whose_square_is_none_is_refused(margin):
    """One sentence with the value and what is allowed."""
    with pytest.raises(BadInput, match="from 1e-06 to 1e") as caught:
        QuadraticHinge(margin=margin)
    assert caught.value.problems == (margin_problem(margin),)
    assert f"margin = {margin}:" in margin_problem(margin)


@pytest.mark.parametrize("margin", [0.0, -1.0, 1e-300, -1e-300, 1e-8])
def test_a_network_has_a_positive_margin(margin):
    """A loss may have any, as loads of packings and perceptrons pass through zero; w = 0 would satisfy a network."""
    network, x = Network(inputs=3, depth=0), np.ones((2, 3))
    with pytest.raises(BadInput, match="from 1e-06 to 1e"):
        NumpyBackend().problem(network, x, np.array([1.0, -1.0]), loss=QuadraticHinge(margin=margin))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("margin", [1e-6, 1.0, 1e6])
def test_every_margin_that_can_be_asked_for_can_be_squared(margin, dtype):
    """L, ∇L and a step at w = 0 are finite and not zero; a minimiser may aim beyond."""
    assert margin_problem(margin) == ""
    network = Network(inputs=3, depth=0)
    x = np.random.default_rng(0).standard_normal((9, 3))
    problem = NumpyBackend(dtype=dtype).problem(network, x, np.where(np.arange(9) % 2, 1.0, -1.0))
    problem = problem.with_margin(margin).with_margin(1.02 * margin)
    loss, gradient = problem.loss_and_gradient(np.zeros(network.size))
    assert loss == pytest.approx((1.02 * margin) ** 2 / 2, rel=1e-5)
    assert 0 < np.abs(gradient).max() < np.inf
    step = problem.damped_step(np.zeros(network.size), 1.0)
    assert 0 < step.loss < loss
    assert step.predicted_decrease > 0
