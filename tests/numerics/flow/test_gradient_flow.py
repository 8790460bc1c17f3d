"""Gradient flow: its error against the tolerance, its stops, and the lazy limit."""

from math import factorial

import numpy as np
import pytest
from jamharness_numerics.flow import METHODS, Until, gradient_flow, kernel_flow
from jamharness_numerics.flow.exponential import phi
from jamharness_numpy.backend import NumpyBackend
from jamharness_systems.parametrised import ParametrisedNetwork
from scipy.integrate import solve_ivp

from jamharness.api import BadInput, CrossEntropy, MeanSquare, Network, Output, QuadraticHinge, SoftHinge, generator

BACKEND = NumpyBackend()
TIME = 30.0


def posed(loss, *, alpha=1.0, patterns=10, width=4, depth=1, activation="softplus(5)"):
    """A small network at α, with its w₀."""
    x = generator("tests", "gradient flow").standard_normal((patterns, 3))
    y = np.where(x[:, 0] * x[:, 1] > 0, 1.0, -1.0)
    system = ParametrisedNetwork(inputs=3, width=width, depth=depth, activation=activation)
    w = system.initial(0)
    return BACKEND.problem(Output(system=system, scale=alpha), {"x": x, "y": y, "origin": w}, loss), w


@pytest.fixture(scope="module")
def reference():
    """W at some times by SciPy's method of eighth order."""
    problem, w = posed(SoftHinge(sharpness=5))
    solution = solve_ivp(
        lambda _t, at: -problem.loss_and_gradient(at)[1], (0, TIME), w, method="DOP853", rtol=1e-10, atol=1e-12,
        t_eval=(TIME / 10, TIME),
    )  # fmt: skip
    return problem, w, solution.y.T


@pytest.mark.parametrize(
    ("method", "tolerances", "order", "least"),
    [
        ("authors", (1e-3, 1e-5), 0.4, 0.1),
        ("chebyshev", (1e-3, 1e-5), 0.5, 1e-2),
        ("exponential", (1e-1, 1e-3), 1.0, 2e-2),
    ],
)  # fmt: skip
def test_the_error_falls_with_the_tolerance(reference, method, tolerances, order, least):
    """In w at two times, as a power of it: that of the authors' rule is 1/2, of a step of second order 2/3, and of
    one of fourth order whose companion is of second 4/3.
    """
    problem, w, truth = reference
    errors = []
    for tolerance in tolerances:
        until = Until(margin=None, time=TIME, resting=False)
        flow = gradient_flow(problem, w, method, tolerance, until, at=(TIME / 10, TIME))
        assert list(flow.at) == [TIME / 10, TIME]
        assert flow.ending == "time"
        errors.append(np.abs(flow.kept - truth).max())
    assert errors[0] < least
    measured = np.log(errors[0] / errors[1]) / np.log(tolerances[0] / tolerances[1])
    assert measured > order * 0.8


def test_an_exponential_step_is_exact_where_the_kernel_stands_still():
    """A linear network under the mean square: a few steps to any time, and the matrix exponential's Δ."""
    draw = generator("tests", "linear flow")
    x, y = draw.standard_normal((8, 12)), np.where(draw.random(8) < 0.5, -1.0, 1.0)
    x[:, 0] *= 30  # stiff
    problem = BACKEND.problem(Network(inputs=12, depth=0, bias=False), {"x": x, "y": y}, MeanSquare())
    w = 0.1 * draw.standard_normal(12)
    J = problem.jacobian(w, np.arange(8))
    until = Until(margin=None, time=1000.0, resting=False)
    exact = kernel_flow(J @ J.T, problem.margins(w), MeanSquare(), until)
    flow = gradient_flow(problem, w, "exponential", 1e-3, until)
    assert flow.end.margins == pytest.approx(exact.margins, abs=1e-10)
    assert flow.end.w == pytest.approx(w - J.T @ exact.pulls, abs=1e-10)
    stabilised = gradient_flow(problem, w, "chebyshev", 1e-4, until)
    assert stabilised.end.margins == pytest.approx(exact.margins, abs=1e-3)
    stiffness = np.linalg.eigvalsh(J @ J.T)[-1] / 8
    assert stabilised.gradients < 0.1 * stiffness * until.time / 2  # what Euler's stability would take
    assert flow.gradients < stabilised.gradients / 5


@pytest.mark.parametrize("loss", [SoftHinge(), CrossEntropy(), QuadraticHinge()])
def test_the_lazy_limit_is_the_flow_of_the_kernel(loss):
    """As α grows at fixed α² t the margins become those of the initial kernel, with an error ∝ 1/α."""
    apart = []
    for alpha in (30.0, 300.0):
        problem, w = posed(loss, alpha=alpha, width=6)
        J = problem.jacobian(w, np.arange(problem.constraints))
        until = Until(margin=None, time=20 / alpha**2, resting=False)
        exact = kernel_flow(J @ J.T, problem.margins(w), loss, until)
        flow = gradient_flow(problem, w, "exponential", 1e-5, until)
        apart.append(np.abs(flow.end.margins - exact.margins).max())
        assert np.abs(exact.margins - problem.margins(w)).max() > 0.3
    assert apart[0] < 0.1
    assert apart[1] == pytest.approx(apart[0] / 10, rel=0.3)


@pytest.mark.parametrize("method", METHODS)
def test_it_stops_where_it_is_told(method):
    """Every pattern satisfied, a margin beyond, a time, a budget; N_Δ was not 0 a step before."""
    problem, w = posed(SoftHinge(), width=8, patterns=6)
    flow = gradient_flow(problem, w, method)
    assert (flow.ending, flow.unsatisfied) == ("satisfied", 0)
    assert flow.counts[-2] > 0
    assert -0.01 < flow.end.margins.max() <= 0
    assert np.all(np.diff(flow.losses) < 0)
    beyond = gradient_flow(problem, w, method, until=Until(margin=0.1))
    assert beyond.end.margins.max() <= -0.1
    assert beyond.end.time > flow.end.time
    timed = gradient_flow(problem, w, method, until=Until(time=flow.end.time / 2))
    assert (timed.ending, timed.end.time) == ("time", flow.end.time / 2)
    assert gradient_flow(problem, w, method, until=Until(gradients=20)).ending == "budget"


def test_a_flow_that_cannot_satisfy_all_comes_to_rest():
    """Two equal patterns of opposite labels, under the hinge: a minimum, of which it says so."""
    x, y = np.ones((2, 3)), np.array([1.0, -1.0])
    system = ParametrisedNetwork(inputs=3, width=3, depth=1)
    problem = BACKEND.problem(system, x, y, QuadraticHinge(margin=1.0))
    flow = gradient_flow(problem, system.initial(1), until=Until(gradients=20_000))
    assert flow.ending == "resting"
    assert flow.unsatisfied == 2


def test_what_cannot_be_is_said():
    """The method by its nearest name."""
    problem, w = posed(SoftHinge())
    with pytest.raises(BadInput, match="did you mean 'chebyshev'"):
        gradient_flow(problem, w, "chebishev")
    with pytest.raises(BadInput, match="positive"):
        gradient_flow(problem, w, tolerance=0.0)
    with pytest.raises(BadInput, match="gradients"):
        Until(gradients=0)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_the_functions_of_exponential_steps_are_their_integrals(order):
    """φ_k(−x) = ∫₀¹ e^(−(1−s)x) s^(k−1) ds/(k−1)! by Gauss and Legendre's rule, from 0 to where it is ~ 1/x."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    s, weights = (nodes + 1) / 2, weights / 2
    x = np.array([0.0, 1e-9, 1e-3, 0.3, 0.999, 1.0, 1.001, 5.0, 100.0])
    integral = weights @ (np.exp(-(1 - s[:, None]) * x) * s[:, None] ** (order - 1)) / factorial(order - 1)
    assert phi(order, x) == pytest.approx(integral, rel=1e-12)
    assert np.isfinite(phi(order, np.array([1e300]))).all()
