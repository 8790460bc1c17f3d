"""Damped steps whose linear system is solved to a tolerance, in each framework."""

import numpy as np
import pytest

from jamharness import load_backend
from jamharness.api import Network

BACKENDS = pytest.mark.parametrize(
    "name",
    [
        "numpy",
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("tensorflow", marks=pytest.mark.tensorflow),
    ],
)


@pytest.fixture
def posed(name):
    """A problem of one backend at a random w, with both n > N and room for a rough solution."""
    if name != "numpy":
        pytest.importorskip(name)
    network = Network(inputs=6, width=(7, 5), depth=2, activation="tanh")
    draw = np.random.default_rng(0)
    w = network.initial(seed=0) + 0.1 * draw.standard_normal(network.size)
    problem = load_backend(name, threads=1).problem(network, draw.standard_normal((200, 6)), np.tile([-1.0, 1.0], 100))
    J = problem.jacobian(w, np.flatnonzero(problem.margins(w) > 0))
    return problem, w, J, problem.margins(w)[problem.margins(w) > 0]


@BACKENDS
def test_a_truncated_step_keeps_its_tolerance(posed, name, monkeypatch):
    """Whatever way the backend takes, the residual of the damped system is within the tolerance."""
    problem, w, J, delta = posed
    if name != "numpy":
        # Small problems are solved in full; here the iterative way is made the cheapest.
        monkeypatch.setattr("jamharness.api.krylov.ITERATIONS", 0)
    for damping, tolerance in ((1.0, 0.1), (10.0, 0.1), (0.1, 1e-3), (1e-2, 1e-9)):
        step = problem.truncated_step(w, damping, tolerance)
        s = step.w - w
        residual = np.linalg.norm(J.T @ (J @ s + delta) + damping * s)
        assert residual <= (tolerance + 1e-12) * np.linalg.norm(J.T @ delta)
        promised = (delta @ delta - np.sum((delta + J @ s) ** 2)) / (2 * problem.patterns)
        assert step.predicted_decrease == pytest.approx(promised, rel=1e-9)
        hinge = np.maximum(problem.margins(step.w), 0)
        assert step.loss == pytest.approx(hinge @ hinge / (2 * problem.patterns), rel=1e-12)


@BACKENDS
def test_small_systems_are_solved_in_full(posed, name):
    """Where a factorisation is cheap a tolerance changes nothing."""
    problem, w, _, _ = posed
    assert np.array_equal(problem.truncated_step(w, 0.3, 0.1).w, problem.damped_step(w, 0.3).w)


@BACKENDS
def test_a_step_that_takes_too_many_vectors_is_solved_in_full(posed, name, monkeypatch):
    """Then it is the full solution; with enough vectors it is not."""
    problem, w, J, _ = posed
    if name == "numpy":
        pytest.skip("solves every system in full")
    damping = 1e-6 * float(np.sum(J**2))
    full = problem.damped_step(w, damping).w
    for most, equal in ((3, True), (400, False)):
        monkeypatch.setattr(f"jamharness_{name}.damped.vectors_worth", lambda *_, most=most: most)
        again = load_backend(name, threads=1).problem(problem.network, problem.x, problem.y)
        assert np.allclose(again.truncated_step(w, damping, 0.1).w, full, rtol=1e-9, atol=1e-12) == equal
