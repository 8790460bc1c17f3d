"""Exact statements about fully connected networks, which any right implementation meets."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import Network, Sgd, State


def pose(network, patterns, seed=0):
    """Random patterns and a random w with biases that are not zero."""
    draw = np.random.default_rng(seed)
    w = network.initial(seed=seed) + 0.2 * draw.standard_normal(network.size)
    x, y = draw.standard_normal((patterns, network.inputs)), np.where(draw.random(patterns) < 0.5, -1.0, 1.0)
    return NumpyBackend().problem(network, x, y), w


@settings(deadline=None, max_examples=50)
@given(widths=st.lists(st.integers(1, 7), max_size=5), d=st.integers(1, 7), seed=st.integers(0, 2**32))
def test_a_relu_network_without_biases_is_homogeneous(widths, d, seed):
    """w · ∇f = (L + 1) f for every pattern, f having degree L + 1 in w."""
    network = Network(inputs=d, width=tuple(widths), depth=len(widths), bias=False)
    problem, w = pose(network, 9, seed)
    J = -problem.y[:, None] * problem.jacobian(w, np.arange(9))
    f = problem.outputs(w, problem.x)
    assert np.abs(J @ w - (len(widths) + 1) * f).max() <= 1e-13 * max(np.abs(J).max() * np.abs(w).sum(), 1e-300)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("patterns", [20, 300])
def test_trace_and_rank_of_the_first_part(activation, patterns):
    """Tr H0 = (1/P) Σ |∇f|² over unsatisfied patterns, H0 ≥ 0, and rank H0 ≤ min(N_Δ, rank J)."""
    problem, w = pose(Network(inputs=4, width=(5, 4), depth=2, activation=activation), patterns)
    H0, Hp = problem.hessian(w)
    rows = np.flatnonzero(problem.margins(w) > 0)
    J = problem.jacobian(w, rows)
    assert np.trace(H0) == pytest.approx(np.sum(J**2) / patterns, rel=1e-13)
    spectrum = np.linalg.eigvalsh(H0)
    level = 1e-12 * spectrum[-1]
    assert spectrum[0] > -level
    assert np.count_nonzero(spectrum > level) <= min(len(rows), np.linalg.matrix_rank(J))
    all_three = problem.hessian_eigenvalues(w)
    for eigenvalues, matrix in zip(all_three, (H0 + Hp, H0, Hp), strict=True):
        assert np.all(np.diff(eigenvalues) >= 0)
        assert eigenvalues.sum() == pytest.approx(np.trace(matrix), abs=1e-12 * np.abs(matrix).sum())


def test_each_relu_unit_takes_one_dimension_from_the_jacobian():
    """Rank J ≤ N − (number of hidden units): each relu unit has a scale symmetry; tanh units have none."""
    ranks = {}
    for activation in ("relu", "tanh"):
        problem, w = pose(Network(inputs=4, width=(5, 4), depth=2, activation=activation), 2000)
        ranks[activation] = np.linalg.matrix_rank(problem.jacobian(w, np.arange(2000)))
    size, units = problem.network.size, problem.network.units
    assert units == 9
    assert ranks["relu"] <= size - units
    assert ranks["tanh"] == size


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_a_linear_function_has_no_second_part(activation, bias):
    """Hp = 0 at depth 0, exactly."""
    problem, w = pose(Network(inputs=6, depth=0, activation=activation, bias=bias), 50)
    H0, Hp = problem.hessian(w)
    assert not Hp.any()
    assert H0.any()


def test_the_second_part_of_relu_has_a_symmetric_spectrum_for_one_hidden_layer():
    """With one hidden layer Hp couples in- and outgoing weights only, so its eigenvalues come in pairs ±λ."""
    problem, w = pose(Network(inputs=5, width=6, depth=1), 60)
    spectrum = problem.hessian_eigenvalues(w)[2]
    assert spectrum == pytest.approx(-spectrum[::-1], abs=1e-13)
    assert spectrum[-1] > 1e-3


def test_gradient_flow_conserves_the_balance_of_every_relu_unit():
    """|w_in|² + b_in² − |w_out|² of a unit changes only at second order in the step of gradient descent."""
    network = Network(inputs=4, width=(5, 3), depth=2)
    problem, w = pose(network, 40)

    def balances(at):
        parts = network.split(at)
        return np.concatenate([
            (W**2).sum(axis=1) + b**2 - (V**2).sum(axis=0) for (W, b), (V, _) in pairwise(parts)
        ])  # fmt: skip

    drifts = []
    for steps in (100, 1000):  # the same time 0.1 in steps ten times smaller
        state = problem.descend(State(w=w), steps, Sgd(learning_rate=0.1 / steps))
        assert np.abs(state.w - w).max() > 1e-3
        drifts.append(np.abs(balances(state.w) - balances(w)).max())
    assert drifts[1] == pytest.approx(drifts[0] / 10, rel=0.05)
