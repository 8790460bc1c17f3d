"""The bound on rounding: correct computations stay below it, wrong ones do not, and it is no looser than it must be."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from jamharness.agreement import points, rounding
from jamharness.agreement.points import Point
from jamharness.api import BackendSpec, Network
from jamharness.execution.job import Target

REFERENCE = Target(
    backend=BackendSpec(name="numpy", factory="jamharness_numpy.backend:NumpyBackend"),
    device="cpu", dtype="float64", threads=1,
)  # fmt: skip
SINGLE = replace(REFERENCE, dtype="float32")


def point(activation="relu", depth=2, patterns=60, seed=0):
    network = Network(inputs=5, width=6, depth=depth, activation=activation)
    draw = np.random.default_rng(seed)
    w = network.initial(seed=seed) + 0.1 * draw.standard_normal(network.size)
    y = np.where(np.arange(patterns) % 2, 1.0, -1.0)
    return Point(network=network, x=draw.standard_normal((patterns, 5)), y=y, margin=1.0, w=w)


def deviations(at, damping):
    return rounding.deviations(
        at,
        points.quantities(REFERENCE, at, damping),
        points.sensitivity(REFERENCE, at, damping, rounding.SAMPLES, rounding.STEP),
        points.halves(REFERENCE, at, damping, rounding.SAMPLES),
        points.conditioning(REFERENCE, at, damping),
    )


@pytest.mark.parametrize(("activation", "depth"), [("relu", 0), ("relu", 3), ("tanh", 2), ("softplus(4)", 5)])
def test_float32_errors_lie_below_the_bound_and_not_far_below(activation, depth):
    """The errors of honest float32 arithmetic are below the bound; margins, J and ∇L come within a factor of 200."""
    at = point(activation, depth)
    damping = points.damping_at(REFERENCE, at)
    expected, single = (points.quantities(target, at, damping) for target in (REFERENCE, SINGLE))
    deviation = deviations(at, damping)
    for name, values in expected.items():
        error = np.abs(single[name] - values).max()
        bound = rounding.allowance(values.size) * rounding.roundoff("float32") * deviation[name]
        assert error <= bound, name
        if name in ("margins", "jacobian", "gradient"):
            assert error > bound / 200, name


def test_an_error_of_a_millionth_is_beyond_the_bound_in_float64():
    """A relative error of 1e-6 in w is far outside what rounding may cause in float64, in every quantity."""
    at = point()
    damping = points.damping_at(REFERENCE, at)
    expected = points.quantities(REFERENCE, at, damping)
    wrong = points.quantities(REFERENCE, points.twin(at, 1e-6, 1), damping)
    deviation = deviations(at, damping)
    for name, values in expected.items():
        bound = rounding.allowance(values.size) * rounding.roundoff("float64") * deviation[name]
        assert np.abs(wrong[name] - values).max() > 10 * bound, name


def test_sensitivity_is_the_gradient_for_one_parameter():
    """For L the measured sensitivity is √(Σ (w ∂L/∂w)² + Σ (x ∂L/∂x)²), here by finite differences."""
    at = point("tanh", 1, patterns=6)
    damping = 1.0
    sensitivity = points.sensitivity(REFERENCE, at, damping, 200, 1e-6)["loss"][0]
    total = 0.0
    for name in ("w", "x"):
        values = getattr(at, name)
        for index in np.ndindex(values.shape):
            moved = values.copy()
            moved[index] *= 1 + 1e-6
            changed = points.quantities(REFERENCE, replace(at, **{name: moved}), damping)["loss"][0]
            total += ((changed - points.quantities(REFERENCE, at, damping)["loss"][0]) / 1e-6) ** 2
    assert sensitivity == pytest.approx(np.sqrt(total), rel=0.2)


def test_halves_give_the_size_of_a_sums_terms():
    """√(Σ T²) of the terms of L, Δ²/2P, from random divisions of the patterns."""
    at = point()
    terms = np.maximum(points.quantities(REFERENCE, at, 1.0)["margins"], 0) ** 2 / (2 * len(at.y))
    assert points.halves(REFERENCE, at, 1.0, 200)["loss"][0] == pytest.approx(np.sqrt(np.sum(terms**2)), rel=0.2)


def test_records_are_log_spaced_and_end_at_the_last_update():
    """Ten records in every decade, each once, and every damped step."""
    records = points.records("adam", 10_000)
    assert (records[0], records[-1]) == (1, 10_000)
    assert all(a < b for a, b in pairwise(records))
    assert 30 <= len(records) <= 41
    assert points.records("lm", 10_000) == tuple(range(1, 61))
