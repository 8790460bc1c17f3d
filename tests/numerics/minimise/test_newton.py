"""Newton's end: what it reports is of the w that it returns, and a failed finish does not move a minimum."""

import sys

import numpy as np
import pytest
from jamharness_numerics.minimise.certificate import force_balance, trace_h0
from jamharness_numerics.minimise.newton import newton
from jamharness_numerics.minimise.second_order import second_order
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import DataRequest, Network
from jamharness.datasets.random import load


def pose(activation, ratio, seed=0, width=3):
    """A problem of random data and its initial weights."""
    network = Network(inputs=width, width=width, depth=2, activation=activation, bias=True)
    data = load(DataRequest(inputs=width, patterns=2 * round(ratio * network.weights / 2), seed=seed))
    return NumpyBackend().problem(network, data.x, data.y), network.initial(seed=seed)


@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus(64)"])
@pytest.mark.parametrize("budget", [3, 40, 400])
def test_balance_and_loss_are_those_of_the_returned_w(activation, budget):
    """Whether it came to rest or ran out of steps on a kink."""
    problem, w = pose(activation, 6)
    end = newton(problem, w, budget, tolerance=1e-12, done=lambda _w: False)
    loss, gradient = problem.loss_and_gradient(end.w)
    assert end.loss == loss
    assert end.balance == pytest.approx(force_balance(gradient, loss, trace_h0(problem, end.w)), rel=1e-9)


def test_a_w_that_is_done_is_returned_whatever_else_ends_the_run():
    """At the last step of the budget too, where otherwise the best balanced w of the stretch would be."""
    problem, w = pose("softplus(64)", 6)
    visited = []
    for steps in (1, 5, 30):
        last = newton(problem, w, steps, tolerance=1e-12, done=lambda at: bool(visited.append(at)))
        assert last.why == "budget"
        end = visited[-1]
        stopped = newton(problem, w, steps, tolerance=1e-12, done=lambda at, end=end: np.array_equal(at, end))
        assert stopped.why == "done"
        assert np.array_equal(stopped.w, end)


def test_a_loss_that_goes_to_zero_ends_it():
    """Below the transition L has no minimum but zero, which Newton's steps reach in no finite number."""
    problem, w = pose("softplus(4)", 1)
    end = newton(problem, w, 400, tolerance=0.0, done=lambda _w: False)
    assert end.why == "zero"
    assert end.loss < 1e-20
    assert end.iterations < 400


def test_a_finish_that_fails_leaves_the_minimum_where_it_rests(monkeypatch):
    """A push to a larger margin moves w; unless that satisfies every pattern, the rested w is the result."""
    network = Network(inputs=6, depth=0)
    data = load(DataRequest(inputs=6, patterns=60, seed=0))
    problem, w = NumpyBackend().problem(network, data.x, data.y), network.initial(seed=0)
    rested = second_order(problem, w, 1000, lambda _text: None)
    monkeypatch.setattr(sys.modules[second_order.__module__], "NEARLY", 1e9)
    again = second_order(problem, w, 1000, lambda _text: None)
    assert np.array_equal(again.w, rested.w)
    assert again.balance == rested.balance
    assert again.iterations > rested.iterations
