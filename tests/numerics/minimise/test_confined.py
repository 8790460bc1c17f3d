"""Smooth networks beyond their transition: minima on spheres, and a loss that levels off as the weights grow."""

import numpy as np
import pytest
from jamharness_numerics.minimise import minimise
from jamharness_numerics.minimise.confined import rescaled, separated
from jamharness_numerics.minimise.newton import newton
from jamharness_numerics.minimise.verdict import given_up, levelled
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import DataRequest, Network
from jamharness.datasets.random import load


def pose(activation, ratio, seed=0, width=4, margin=1.0):
    """Normalised random data at a load P/N_w, and orthogonal initial weights."""
    network = Network(inputs=width, width=width, depth=2, activation=activation)
    data = load(DataRequest(inputs=width, patterns=2 * round(ratio * network.weights / 2), seed=seed))
    problem = NumpyBackend().problem(network, data.x, data.y).with_margin(margin)
    return problem, network.initial(seed=seed)


def test_newton_with_a_decay_ends_where_l_is_least_on_a_sphere():
    """The gradient is −λw, and no w of the same norm nearby has a smaller loss."""
    problem, start = pose("tanh", 5)
    decay = 1e-3
    end = newton(problem, start, 400, tolerance=1e-11, done=lambda _w: False, decay=decay)
    assert end.why == "balanced"
    loss, gradient = problem.loss_and_gradient(end.w)
    assert gradient == pytest.approx(-decay * end.w, abs=1e-8)
    assert end.loss == pytest.approx(loss + 0.5 * decay * float(end.w @ end.w))
    draw, norm = np.random.default_rng(0), np.linalg.norm(end.w)
    for _ in range(50):
        moved = end.w + 1e-3 * norm * draw.standard_normal(len(end.w)) / np.sqrt(len(end.w))
        assert problem.loss_and_gradient(moved * norm / np.linalg.norm(moved))[0] > loss


def test_the_slope_is_that_of_the_loss_along_spheres():
    """λ|w|²/L at one sphere is −d ln L/d ln |w| between its neighbours."""
    problem, w = pose("tanh", 6)
    ends = []
    for decay in (1.02e-3, 1e-3, 0.98e-3):
        w = newton(problem, w, 400, tolerance=1e-12, done=lambda _w: False, decay=decay).w
        ends.append((np.log(np.linalg.norm(w)), np.log(problem.loss_and_gradient(w)[0])))
    (r1, l1), (_, l2), (r3, l3) = ends
    slope = 1e-3 * np.exp(2 * ends[1][0]) / np.exp(l2)
    assert slope == pytest.approx(-(l3 - l1) / (r3 - r1), rel=0.05)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "softplus"])
def test_beyond_its_transition_a_smooth_network_is_decided(activation):
    """Every run at P/N_w = 6 ends as a minimum or with a loss that has levelled off, and its words can be checked."""
    for seed in range(3):
        problem, w = pose(activation, 6, seed, width=3)
        minimisation = minimise(problem, w)
        assert minimisation.outcome in ("minimum", "diverging")
        assert minimisation.unsatisfied == np.count_nonzero(problem.margins(minimisation.w) > 0) > 0
        assert (minimisation.slope is None) == (minimisation.outcome == "minimum")
        if minimisation.slope is not None:
            assert 0 < minimisation.slope < 0.25
            assert minimisation.balance < 1e-3
            assert given_up(problem, minimisation.loss) > 0.2
            assert "levelled off" in minimisation.reason


def test_ten_times_the_steps_do_not_satisfy_what_diverges():
    """Newton's method from there lowers L by little, and N_Δ stays above zero."""
    problem, w = pose("tanh", 6, 2, width=3)
    minimisation = minimise(problem, w)
    assert minimisation.outcome == "diverging"
    further = newton(
        problem, minimisation.w, 10 * minimisation.iterations, tolerance=1e-12, done=lambda w: separated(problem, w)
    )
    assert further.why != "done"
    assert further.loss > 0.5 * minimisation.loss


@pytest.mark.parametrize("margin", [1.0, 0.01])
def test_the_scale_of_the_outputs_is_free(margin):
    """A network whose outputs have the labels' signs satisfies every pattern after its last layer is rescaled."""
    problem, w = pose("tanh", 0.6, margin=margin)
    easy = problem.with_margin(1e-3 * margin)
    w = minimise(easy, w).w
    assert (problem.margins(w) > 0).any()
    assert separated(problem, w)
    assert problem.margins(rescaled(problem, w)).max() == pytest.approx(-0.02 * margin)
    assert not separated(problem, 0 * w)


def test_a_small_or_falling_loss_is_not_levelled():
    """Too few given-up patterns, a slope in |w|, forces out of balance or a loss that still falls: each prevents it."""
    problem, _ = pose("tanh", 6)
    loss = 0.35 * problem.network.size / (2 * problem.patterns)
    assert given_up(problem, loss) == pytest.approx(0.35)
    assert levelled(problem, loss, 0.1, 1e-4, 0.05)
    assert not levelled(problem, 0.7 * loss, 0.1, 1e-4, 0.05)
    assert levelled(problem, 0.7 * loss, 0.1, 1e-9, None)
    assert not levelled(problem, 0.5 * loss, 0.1, 1e-9, None)
    assert not levelled(problem, loss, 0.4, 1e-9, None)
    assert not levelled(problem, loss, 0.1, 1e-4, 0.2)
    assert not levelled(problem, loss, 0.1, 1e-2, 0.05)


def test_progress_is_told_in_the_fields_words():
    """softplus β and a first pass for relu, spheres for smooth networks; no word of the algorithm's code."""
    lines = []
    for activation in ("relu", "tanh"):
        problem, w = pose(activation, 6, width=3)
        minimise(problem, w, say=lines.append, budget=3000)
    assert any("softplus β = 2 (first pass): " in line for line in lines)
    assert any("softplus β = 1024 (second pass): " in line for line in lines)
    assert any(line.startswith("softplus(512) at rest: L = ") for line in lines)
    assert any(line.startswith("on the sphere |w| = ") for line in lines)
    assert not any(word in line for line in lines for word in ("sharpness", "pass 2", "(no step)", "(balanced)"))
