"""Parametrisations of a network: the same function, the same physics, the same trajectory in either paper's units."""

import numpy as np
import pytest
from jamharness_numerics.flow import Until, gradient_flow
from jamharness_numpy.backend import NumpyBackend
from jamharness_systems.parametrised import PARAMETRISATIONS, UNITS, ParametrisedNetwork, second_moment
from jamharness_systems.parametrised_kernel import tangent_kernel

from jamharness.api import BadInput, Network, Output, SoftHinge, generator

BACKEND = NumpyBackend()


def patterns(count, inputs):
    """Patterns on a sphere whose labels are a product of two components."""
    x = generator("tests", "parametrised").standard_normal((count, inputs))
    x *= np.sqrt(inputs) / np.linalg.norm(x, axis=1)[:, None]
    return x, np.where(x[:, 0] * x[:, 1] > 0, 1.0, -1.0)


def outputs(system, w, x):
    problem = BACKEND.problem(system, x, np.ones(len(x)))
    return problem.outputs(w, x)


@pytest.mark.parametrize("activation", ["relu", "tanh", "erf", "linear", "softplus(5)", "swish(2)"])
@pytest.mark.parametrize("parametrisation", list(PARAMETRISATIONS))
def test_the_kernel_layer_by_layer_is_that_of_the_gradients(activation, parametrisation):
    """By products of (P, h) matrices, and by the Jacobian of f."""
    system = ParametrisedNetwork(inputs=3, width=5, depth=3, activation=activation, parametrisation=parametrisation)
    (x, _), w = patterns(6, 3), system.initial(2)
    derived = BACKEND.problem(system, x, np.ones(6)).tangent_kernel(w, x[:2], x)
    np.testing.assert_allclose(tangent_kernel(system, w, x[:2], x), derived, rtol=1e-6, atol=1e-8)


def test_the_standard_parametrisation_is_the_network_of_the_contract():
    """Without factors and normalisation f is that of ``Network`` without biases, by the referee's closed forms."""
    x, _ = patterns(7, 3)
    shape = {"inputs": 3, "width": 5, "depth": 2}
    for activation in ("relu", "tanh", "softplus(5)"):
        ours = ParametrisedNetwork(**shape, activation=activation, normalised=False, parametrisation="standard")
        plain = Network(**shape, activation=activation, bias=False)
        w = ours.initial(3)
        assert len(w) == plain.size
        assert outputs(ours, w, x) == pytest.approx(outputs(plain, w, x), rel=1e-13)


@pytest.mark.parametrize("parametrisation", PARAMETRISATIONS)
def test_each_is_the_same_function_with_other_weights(parametrisation):
    """f in one parametrisation at W is f without factors at c W, layer by layer."""
    x, _ = patterns(5, 4)
    ours = ParametrisedNetwork(inputs=4, width=9, depth=3, activation="swish", parametrisation=parametrisation)
    plain = ParametrisedNetwork(inputs=4, width=9, depth=3, activation="swish", parametrisation="standard")
    w = ours.initial(1)
    scaled = np.concatenate([c * w[part] for c, part in zip(ours.factors, ours.groups.values(), strict=True)])
    assert outputs(ours, w, x) == pytest.approx(outputs(plain, scaled, x), rel=1e-12)
    expected = {"ntk": 1 / 3, "mean_field": 1 / 9, "standard": 1.0}[parametrisation]
    assert ours.factors[-1] == pytest.approx(expected)


@pytest.mark.parametrize("activation", ["relu", "tanh", "erf", "linear", "softplus(5)", "swish", "swish(2)"])
def test_activations_have_unit_second_moment(activation):
    """⟨(cσ(z))²⟩ = 1 over z ~ N(0, 1): by Gauss and Hermite's rule, on the outputs of one unit with f = σ(z)."""
    z, weights = np.polynomial.hermite_e.hermegauss(180)
    one = ParametrisedNetwork(inputs=1, width=1, depth=1, activation=activation)
    values = outputs(one, np.ones(2), z[:, None])
    bound = 2e-3 if activation == "relu" else 1e-9 if activation != "softplus(5)" else 1e-5  # a kink, or nearly one
    assert weights @ values**2 / weights.sum() == pytest.approx(1, abs=bound)
    assert second_moment("relu") == pytest.approx(0.5, abs=1e-13)


def test_preactivations_keep_their_variance():
    """With normalised units Var f = 1 at the start in the parametrisation of 1806.07572, whatever the width."""
    x = np.ones((1, 6))
    for width in (2, 40):
        system = ParametrisedNetwork(inputs=6, width=width, depth=2, activation="relu")
        problem = BACKEND.problem(system, x, np.ones(1))
        values = [float(problem.outputs(system.initial(seed), x)[0]) for seed in range(600)]
        assert np.mean(np.square(values)) == pytest.approx(1, abs=5 * np.std(np.square(values)) / np.sqrt(600))


def test_both_unit_conventions_give_the_same_trajectory():
    """The article's α, 1/√h and 1/α² beside the code's √h α, 1/h and 1/α: the same w for 1000 steps, times rescaled."""
    x, y = patterns(8, 3)
    ends = {}
    alpha, width = 2.0, 6
    for name, units in UNITS.items():
        system = ParametrisedNetwork(inputs=3, width=width, depth=2, parametrisation=units.parametrisation)
        scale, w = units.scale(alpha, width), system.initial(0)
        problem = BACKEND.problem(Output(system=system, scale=scale), {"x": x, "y": y, "origin": w}, SoftHinge())
        until = Until(margin=None, gradients=1001, resting=False)
        flow = gradient_flow(problem, w, "authors", 1e-4, until, rate=scale**-units.power)
        assert flow.steps + flow.rejected == 1000
        assert flow.end.time == pytest.approx(units.time(1.0, alpha, width) * _raw(flow, scale, units.power))
        ends[name] = w, flow
    (first, article), (second, code) = ends["article"], ends["code"]
    assert np.array_equal(first, second)
    assert np.linalg.norm(article.end.w - first) > 0.1 * np.linalg.norm(first)
    assert np.abs(article.end.w - code.end.w).max() < 1e-12
    ratio = UNITS["article"].time(1.0, alpha, width) / UNITS["code"].time(1.0, alpha, width)
    assert article.end.time / code.end.time == pytest.approx(ratio, rel=1e-12)
    assert article.steps == code.steps


def _raw(flow, scale, power):
    """The time of a flow whose gradient is divided by nothing."""
    return flow.end.time / scale**power


def test_what_cannot_be_is_said_at_once():
    """Every fault, with the nearest name."""
    with pytest.raises(BadInput) as refused:
        ParametrisedNetwork(width=0, activation="softplux(5)", parametrisation="ntl")
    assert len(refused.value.problems) == 3
    assert "did you mean 'softplus'" in str(refused.value)
    assert "did you mean 'ntk'" in str(refused.value)
    for wrong in ("softplus(0)", "relu(2)", "swish(x)"):
        with pytest.raises(BadInput, match="sharpness"):
            ParametrisedNetwork(activation=wrong)
