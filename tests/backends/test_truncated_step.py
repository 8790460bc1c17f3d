"""Damped steps whose linear system is solved to a tolerance, in each framework."""

import gc
from importlib import import_module

import numpy as np
import pytest

from jamharness import load_backend
from jamharness.api import Network, Spherical
from jamharness.api.krylov import Bidiagonalisation

BACKENDS = pytest.mark.parametrize(
    "name",
    [
        "numpy",
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("tensorflow", marks=pytest.mark.tensorflow),
    ],
)


def fresh():
    """Graphs hold the rules by which they were traced."""
    from jamharness_tensorflow.program import program

    program.cache_clear()


@pytest.fixture
def posed(name):
    """A problem of one backend at a random w, with both n > N and room for a rough solution."""
    if name != "numpy":
        pytest.importorskip(name)
    if name == "tensorflow":
        fresh()
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


@pytest.mark.parametrize("sphere", [False, True])
@BACKENDS
def test_memory_of_a_step_is_given_back_at_once(posed, name, sphere, monkeypatch):
    """What belongs to a w is in no cycle of references, which would stay until the garbage collector comes by."""
    monkeypatch.setattr("jamharness.api.krylov.ITERATIONS", 0)
    monkeypatch.setattr(import_module("jamharness.api.derived"), "LARGE", 1)
    if name == "numpy" and not sphere:
        pytest.skip("solves every system in full")
    problem, w, _, _ = posed
    if name == "tensorflow":
        monkeypatch.setattr("jamharness_tensorflow.problem.LARGE", 1)
    if sphere:
        system = Spherical(network=problem.network)
        problem = load_backend(name, threads=1).problem(system, {"x": problem.x, "y": problem.y})
    calls = []
    create = Bidiagonalisation.__init__
    monkeypatch.setattr(Bidiagonalisation, "__init__", lambda self, *a, **b: calls.append(0) or create(self, *a, **b))
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for scale in (1.0, 1.1):
            problem.truncated_step(problem.retract(scale * w + scale), 10.0, 0.5)
        gc.collect()
        assert calls
        assert not [each for each in gc.garbage if isinstance(each, Bidiagonalisation)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


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
    if name == "tensorflow":
        monkeypatch.setattr("jamharness_tensorflow.problem.LARGE", 0)  # by the calls of its parts
    damping = 1e-6 * float(np.sum(J**2))
    full = problem.damped_step(w, damping).w
    for most, equal in ((3, True), (400, False)):
        monkeypatch.setattr(f"jamharness_{name}.damped.vectors_worth", lambda *_, most=most: most)
        again = load_backend(name, threads=1).problem(problem.network, problem.x, problem.y)
        assert np.allclose(again.truncated_step(w, damping, 0.1).w, full, rtol=1e-9, atol=1e-12) == equal


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("activation", "patterns", "iterations"),
    [("relu", 40, 0), ("relu", 900, 0), ("relu", 900, 300), ("softplus(8)", 200, 0), ("softplus(8)", 40, 300)],
)
def test_a_step_in_one_call_is_that_of_its_parts(activation, patterns, iterations, monkeypatch):
    """TensorFlow: the same candidate, promise and counts for n below and above N, also for a second λ at the same w."""
    pytest.importorskip("tensorflow")
    monkeypatch.setattr("jamharness.api.krylov.ITERATIONS", iterations)
    fresh()
    draw = np.random.default_rng(1)
    network = Network(inputs=6, width=(7, 5), depth=2, activation=activation)
    x, y = draw.standard_normal((patterns, 6)), np.sign(draw.standard_normal(patterns))
    w = network.initial(seed=3) + 0.3 * draw.standard_normal(network.size)
    steps = {}
    for large in (0, 5000):
        monkeypatch.setattr("jamharness_tensorflow.problem.LARGE", large)
        problem = load_backend("tensorflow", threads=1).problem(network, x, y)
        arguments = [(10.0, 0.1), (1.0, 0.1), (1e-3, 0.1), (1e3, 0.0), (1e-4, 0.0), (0.5, 1e-8)]
        steps[large] = [problem.truncated_step(w, *each) for each in arguments]
        assert (problem._linearised is None) == bool(large)  # which way was taken
    for parts, whole in zip(*steps.values(), strict=True):
        np.testing.assert_allclose(whole.w, parts.w, rtol=1e-8, atol=1e-10)
        assert whole.predicted_decrease == pytest.approx(parts.predicted_decrease, rel=1e-9)
        assert whole.loss == pytest.approx(parts.loss, rel=1e-8)
        assert whole.unsatisfied == parts.unsatisfied


@pytest.mark.tensorflow
@pytest.mark.parametrize("spoilt", ["jamharness_tensorflow.krylov.MOST", "jamharness_tensorflow.program.SIDE"])
def test_what_one_call_cannot_solve_its_parts_do(spoilt, monkeypatch):
    """A tolerance that takes too many vectors, or a matrix of several blocks."""
    pytest.importorskip("tensorflow")
    monkeypatch.setattr("jamharness.api.krylov.ITERATIONS", 0 if spoilt.endswith("MOST") else 300)
    draw = np.random.default_rng(1)
    network = Network(inputs=6, width=(7, 5), depth=2, activation="relu")
    x, y, w = draw.standard_normal((60, 6)), np.sign(draw.standard_normal(60)), network.initial(seed=3)
    steps = []
    for value in (None, 2):
        if value:
            monkeypatch.setattr(spoilt, value)
        fresh()
        problem = load_backend("tensorflow", threads=1).problem(network, x, y)
        steps.append(problem.truncated_step(w, 1e-3, 1e-6))
        assert (problem._linearised is None) == (value is None)
    np.testing.assert_allclose(steps[1].w, steps[0].w, rtol=1e-3, atol=1e-5)


@pytest.mark.tensorflow
@pytest.mark.parametrize("iterations", [0, 300])
def test_one_call_takes_a_satisfied_network_and_an_empty_gradient(iterations, monkeypatch):
    """No pattern is unsatisfied, or none moves any weight: the step is zero, and nothing is promised."""
    pytest.importorskip("tensorflow")
    monkeypatch.setattr("jamharness.api.krylov.ITERATIONS", iterations)
    fresh()
    network = Network(inputs=2, width=2, depth=1, activation="relu", bias=False)
    problem = load_backend("tensorflow", threads=1).problem(network, np.eye(2), np.array([1.0, -1.0]))
    dead = np.zeros(network.size)
    step = problem.truncated_step(dead, 1.0, 0.1)
    assert np.array_equal(step.w, dead)
    assert step.predicted_decrease == pytest.approx(0.0, abs=1e-15)
    w = np.array([3.0, -3.0, -3.0, 3.0, 3.0, -3.0])
    assert (problem.margins(w) <= 0).all()
    step = problem.truncated_step(w, 1.0, 0.1)
    assert np.array_equal(step.w, w)
    assert (step.loss, step.unsatisfied) == (0.0, 0)
