"""The flow of a constant kernel: against SciPy's implicit method, the matrix exponential, and its limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numerics.flow import Until, kernel_flow
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from jamharness.api import BadInput, CrossEntropy, MeanSquare, QuadraticHinge, SoftHinge, generator


def kernel(patterns, parameters, seed=0):
    """K = JJᵀ, and margins near 1."""
    draw = generator("tests", "kernel flow", seed)
    J = draw.standard_normal((patterns, parameters)) / np.sqrt(parameters)
    return J @ J.T, 1 + 0.3 * draw.standard_normal(patterns)


def by_scipy(K, start, loss, time):
    """Δ at a time by Radau's method."""
    count = len(start)
    solution = solve_ivp(
        lambda _t, delta: -K @ loss.slope(delta) / count, (0, time), start, method="Radau", rtol=1e-10, atol=1e-12,
        jac=lambda _t, delta: -K * loss.curvature(delta) / count,
    )  # fmt: skip
    return solution.y[:, -1]


@pytest.mark.parametrize("parameters", [40, 10])
@pytest.mark.parametrize("loss", [QuadraticHinge(), SoftHinge(sharpness=5), CrossEntropy(), MeanSquare()])
@pytest.mark.parametrize("time", [3.0, 300.0])
def test_it_is_the_solution(loss, parameters, time):
    """At any time, with more parameters than patterns or fewer, over all the events of the hinge."""
    K, start = kernel(20, parameters)
    flow = kernel_flow(K, start, loss, Until(margin=None, time=time, resting=False))
    assert flow.margins == pytest.approx(by_scipy(K, start, loss, time), abs=2e-8)
    assert flow.margins == pytest.approx(start - K @ flow.pulls, abs=1e-12)


def test_the_mean_square_is_a_matrix_exponential():
    """Δ(t) = e^(−Kt/P) Δ₀, to rounding; at infinite time what K does not see is left."""
    K, start = kernel(12, 5)
    flow = kernel_flow(K, start, MeanSquare(), Until(time=7.0))
    assert flow.margins == pytest.approx(expm(-K * 7 / 12) @ start, abs=1e-13)
    limit = kernel_flow(K, start, MeanSquare(), Until())
    assert limit.ending == "resting"
    assert limit.margins == pytest.approx(start - K @ np.linalg.lstsq(K, start)[0], abs=1e-11)


def test_the_hinge_ends_where_no_pattern_pulls():
    """With more parameters than patterns Δ ≤ 0 in the limit; no event comes before any Δ can have changed its sign."""
    K, start = kernel(30, 60)
    flow = kernel_flow(K, start, QuadraticHinge(), Until())
    assert flow.ending == "resting"
    assert flow.margins.max() < 1e-12
    assert flow.events > 5
    early = kernel_flow(K, start, QuadraticHinge(), Until(time=1e-3))
    assert early.events == 0


def test_a_margin_stops_it():
    """At the first time at which every Δ is below −1, which an earlier time has not reached."""
    K, start = kernel(15, 40)
    flow = kernel_flow(K, start, CrossEntropy(), Until(margin=1.0))
    assert flow.ending == "satisfied"
    assert flow.margins.max() == pytest.approx(-1, abs=1e-7)
    assert by_scipy(K, start, CrossEntropy(), 0.9 * flow.time).max() > -1


def test_a_margin_stops_the_hinge_between_events():
    """One pattern alone: Δ = e^(−t) meets .01 at ln 100, and no event is near."""
    flow = kernel_flow(np.ones((1, 1)), np.ones(1), QuadraticHinge(), Until(margin=-0.01))
    assert (flow.ending, flow.events) == ("satisfied", 0)
    assert flow.time == pytest.approx(np.log(100), abs=1e-12)
    K, start = kernel(15, 40)
    several = kernel_flow(K, start, QuadraticHinge(), Until(margin=-0.1))
    assert several.ending == "satisfied"
    assert several.margins.max() == pytest.approx(0.1, abs=1e-12)


def test_what_cannot_be_satisfied_comes_to_rest():
    """Two equal patterns of opposite labels: L levels off."""
    J = np.array([[1.0], [-1.0]])
    flow = kernel_flow(J @ J.T, np.array([1.0, 1.0]), SoftHinge(), Until())
    assert flow.ending == "resting"
    assert flow.margins.max() >= 1 - 1e-9


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), patterns=st.integers(1, 12), parameters=st.integers(1, 12))
def test_the_loss_never_rises(seed, patterns, parameters):
    """Property: along a gradient flow L falls, whatever the kernel."""
    K, start = kernel(patterns, parameters, seed)
    losses = [np.mean(QuadraticHinge().value(start))]
    for time in (0.1, 1.0, 10.0, 100.0):
        flow = kernel_flow(K, start, QuadraticHinge(), Until(margin=None, time=time))
        losses.append(np.mean(QuadraticHinge().value(flow.margins)))
    assert np.all(np.diff(losses) <= 1e-14)


def test_a_kernel_must_fit():
    """Its shape is named."""
    with pytest.raises(BadInput, match=r"\(3, 2\)"):
        kernel_flow(np.ones((3, 2)), np.ones(3), SoftHinge(), Until())


def test_modes_that_differ_by_nine_decades_are_followed_to_the_slowest():
    """With a diagonal kernel λt/P = Δ₀ − Δ + (e^(−βΔ) − e^(−βΔ₀))/β for each pattern: the last reaches 0 by formula."""
    rates, beta = np.array([1.0, 1e-3, 1e-6, 1e-9]), 20.0
    flow = kernel_flow(np.diag(rates), np.ones(4), SoftHinge(sharpness=beta), Until())
    assert flow.ending == "satisfied"
    assert flow.time == pytest.approx(4 / rates[-1] * (1 + (1 - np.exp(-beta)) / beta), rel=1e-6)
    assert flow.margins.max() == pytest.approx(0.0, abs=1e-6)
