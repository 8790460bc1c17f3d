"""Flows side by side: each as it would be alone, whatever the others do."""

import numpy as np
import pytest
from jamharness_numerics.flow import Until, gradient_flow, gradient_flows
from jamharness_numpy.backend import NumpyBackend
from jamharness_systems.parametrised import ParametrisedNetwork
from jamharness_torch.backend import TorchBackend

from jamharness.api import BadInput, Output, QuadraticHinge, SoftHinge, generator

SYSTEM = ParametrisedNetwork(inputs=3, width=8, depth=1)


def posed(backend, *, scales=(0.5, 20.0, 20.0), patterns=8):
    """Problems at several α, two of which differ by their initial weights alone, with the offsets of y α f₀."""
    x = generator("tests", "side by side").standard_normal((patterns, 3))
    y = np.where(x[:, 0] * x[:, 1] > 0, 1.0, -1.0)
    problems, starts = [], []
    for seed, scale in enumerate(scales):
        w = SYSTEM.initial(seed)
        output = Output(system=SYSTEM, scale=scale, centred=False)
        offsets = y * backend.problem(output, {"x": x, "y": y}).outputs(w, x)
        problems.append(backend.problem(output, {"x": x, "y": y}, SoftHinge(offsets=tuple(offsets.tolist()))))
        starts.append(w)
    return problems, starts


@pytest.mark.parametrize(("method", "tolerance"), [("chebyshev", 1e-3), ("authors", 1e-2), ("exponential", 1e-2)])
def test_each_flow_is_as_alone(method, tolerance):
    """Seeds and α at once: the same steps, gradients, times and w to rounding."""
    problems, starts = posed(TorchBackend(threads=1))
    until = Until(gradients=250)
    flows = gradient_flows(problems, starts, method, tolerance, until)
    for problem, w, together in zip(problems, starts, flows, strict=True):
        alone = gradient_flow(problem, w, method, tolerance, until)
        assert (together.ending, together.steps, together.gradients) == (alone.ending, alone.steps, alone.gradients)
        assert together.end.time == pytest.approx(alone.end.time, rel=1e-8)
        np.testing.assert_allclose(together.end.w, alone.end.w, rtol=1e-7, atol=1e-9)
    assert "satisfied" in {each.ending for each in flows}
    assert len({each.end.time for each in flows}) == len(flows)


def test_rows_of_values_and_gradients_are_those_of_every_backend():
    """In one array on PyTorch, row after row on NumPy: the formula, and Σ c ∇formula for every row of w."""
    results = []
    for backend in (NumpyBackend(), TorchBackend(threads=1)):
        (problem, *_), starts = posed(backend)
        own = problem.differentiator
        results.append(own.values_and_pulls(problem.gaps, np.array(starts), problem.data, lambda values: values**2))
        single = own.value_and_pull(problem.gaps, starts[1], problem.data, lambda values: values**2)
        for rows, one in zip(results[-1], single, strict=True):
            np.testing.assert_allclose(rows[1], one, rtol=1e-10, atol=1e-12)
    for first, second in zip(*results, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-8)


def test_a_flow_that_fails_ends_them_all_with_its_reason():
    """Nobody waits for ever: a fault of one, or of the common evaluation, is raised."""
    problems, starts = posed(TorchBackend(threads=1))
    with pytest.raises(BadInput, match="chebishev"):
        gradient_flows(problems, starts, "chebishev")
    with pytest.raises(RuntimeError):
        gradient_flows(problems, [w[:-1] for w in starts])


def test_flows_of_different_systems_or_data_are_refused():
    """They could not be one array."""
    backend = TorchBackend(threads=1)
    (first, second, _), starts = posed(backend)
    other = backend.problem(second.system, {**second.given, "y": -second.given["y"]}, second.loss)
    with pytest.raises(BadInput, match="other data"):
        gradient_flows([first, other], starts[:2])
    wider = Output(system=ParametrisedNetwork(inputs=3, width=7), centred=False)
    with pytest.raises(BadInput, match="2 systems"):
        gradient_flows([first, backend.problem(wider, second.given, QuadraticHinge())], starts[:2])
