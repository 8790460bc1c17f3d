"""The formulas that check verdicts: short, alone, and right by other routes than their own."""

import ast
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numerics.minimise.certificate import last_layer
from jamharness_proof import minimisation
from jamharness_proof.minimisation import UNIT, Network, verify

from jamharness.api import Network as System
from jamharness.plugins import load_backend

SOURCE = Path(minimisation.__file__)
RULES = ("relu", "tanh", "linear", "gelu", "gelu(4)", "softplus", "softplus(8)")
LONG = {
    "relu": lambda z, _: np.maximum(z, 0),
    "tanh": lambda z, _: np.tanh(z),
    "linear": lambda z, _: z,
    "softplus": lambda z, beta: np.logaddexp(np.longdouble(0), beta * z) / beta,
}
"""In 80 bits, where the platform has them; NumPy has no erf in any precision."""


def rule_of(text: str) -> tuple[str, float]:
    name, _, beta = text.rstrip(")").partition("(")
    return name, float(beta or 1)


def network(rule: str, seed: int, *, width: int | list[int] = 4, depth: int = 2, bias: bool = True, patterns: int = 12):
    """A network at random weights, with its w."""
    draw = np.random.default_rng(seed)
    shape = {"inputs": 3, "width": width, "depth": depth, "bias": bias, "activation": rule}
    x, y = draw.standard_normal((patterns, 3)), np.where(np.arange(patterns) % 2, 1.0, -1.0)
    net = Network(shape, rule_of(rule), x, y, np.array([1.0]))
    size = sum(n * m + m * bias for n, m in zip(net.sizes, net.sizes[1:], strict=False))
    return net, draw.standard_normal(size)


def loss(net: Network, w: np.ndarray) -> float:
    return float(np.mean(np.maximum(net.delta(w), 0) ** 2)) / 2


def test_it_is_short_and_imports_numpy_alone():
    """So that somebody else can read it, and it shares no mistake with what it checks."""
    text = SOURCE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    nodes = list(ast.walk(ast.parse(text)))
    names = [each.name for node in nodes if isinstance(node, ast.Import) for each in node.names]
    names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    imported = {name.partition(".")[0] for name in names}
    assert imported - set(sys.stdlib_module_names) == {"numpy"}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("width", "depth", "bias"), [(4, 2, True), ([5, 2, 3], 3, False), (4, 0, True)])
def test_the_gradient_is_that_of_the_loss(rule, width, depth, bias):
    """By central differences of L."""
    net, w = network(rule, 1, width=width, depth=depth, bias=bias)
    gradient, size, *_ = net.derivatives(w)
    assert size == pytest.approx(loss(net, w), rel=1e-14)
    step = 1e-6
    by_differences = [(loss(net, w + step * e) - loss(net, w - step * e)) / (2 * step) for e in np.eye(len(w))]
    np.testing.assert_allclose(gradient, by_differences, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("rule", RULES)
def test_a_product_with_the_hessian_is_that_of_the_gradient(rule):
    """By central differences of ∇L; symmetric."""
    net, w = network(rule, 2)
    H = np.array([net.derivatives(w)[3](e) for e in np.eye(len(w))])
    step = 1e-6
    by_differences = [
        (net.derivatives(w + step * e)[0] - net.derivatives(w - step * e)[0]) / (2 * step) for e in np.eye(len(w))
    ]
    np.testing.assert_allclose(H, by_differences, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(H, H.T, rtol=1e-11, atol=1e-12)


def test_the_trace_of_h0_is_that_of_its_jacobian():
    """Σ |∇Δ|² / P over unsatisfied patterns, by differences of Δ."""
    net, w = network("tanh", 3)
    step = 1e-6
    J = np.array([(net.delta(w + step * e) - net.delta(w - step * e)) / (2 * step) for e in np.eye(len(w))])
    on = net.delta(w) > 0
    assert net.derivatives(w)[2] == pytest.approx(float((J[:, on] ** 2).sum()) / len(on), rel=1e-7)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rule=st.sampled_from([*sorted(LONG), "softplus(0.02)", "softplus(8)"]),
    depth=st.integers(0, 5),
    width=st.integers(1, 40),
    scale=st.sampled_from([1e-3, 1.0, 30.0]),
)
@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="long doubles are no longer than doubles here")
def test_no_margin_is_farther_off_than_the_bound(seed, rule, depth, width, scale):
    """Δ in 80 bits, on networks of many sizes and scales; and the bound is no empty one."""
    net, w = network(rule, seed, depth=depth, width=width)
    w = scale * w
    exact = net.x.astype(np.longdouble)
    layers = net._split(w)
    for place, (W, b) in enumerate(layers):
        exact = exact @ W.T.astype(np.longdouble) + b
        if place < len(layers) - 1:
            exact = LONG[rule_of(rule)[0]](exact, np.longdouble(rule_of(rule)[1]))
    error = np.abs(net.delta(w) - (net.kappa - net.y * exact[:, 0])).astype(float)
    bound = net.rounding(w, UNIT["float64"])
    assert (error <= bound).all()
    sizes = np.abs(net.x) + 1
    for W, b in layers:
        sizes = sizes @ np.abs(W).T + np.abs(b) + 1 / min(rule_of(rule)[1], 1.0)
    assert (bound <= 1e-11 * sizes[:, 0]).all()


def cell(rule: str, w: np.ndarray, net: Network, outcome: str, **values: float):
    """A cell as a store has it, with values that are true of its w."""
    shape = {"inputs": 3, "width": net.sizes[1:-1], "depth": len(net.sizes) - 2, "bias": True, "activation": rule}
    identity = {
        "dtype": "float64",
        "cell": {
            "system": {"fully_connected": shape},
            "loss": {"hinge": {"margin": 1.0, "offsets": []}},
            "coordinates": {"patterns": len(net.y), "minimiser": "lm"},
        },
    }
    delta = net.delta(w)
    work = np.maximum(delta, 0) * (1 - delta)
    on = np.maximum(delta, 0)
    e3 = max(abs(work.sum()) / max(np.abs(work).sum(), 1e-300), abs((net.y * on).sum()) / on.sum()) if on.any() else 0.0
    own = {"outcome": outcome, "unsatisfied": int((delta > 0).sum()), "loss": loss(net, w), "certificate": e3, **values}
    return identity, own, {"w": w, "margins": delta}


def wrong(claims) -> set[str]:
    return {name for name, holds, _ in claims if not holds}


def satisfying(rule: str) -> tuple[Network, np.ndarray]:
    """Labels that a random network gives clearly, so that it satisfies them when its last layer is scaled."""
    net, w = network(rule, 5)
    f = net.y * (net.kappa - net.delta(w))
    kept = np.abs(f) > 0.2 * np.abs(f).max()
    net.x, net.y = net.x[kept], np.sign(f[kept])
    w[-5:] *= 1.5 / np.abs(f[kept]).min()
    return net, w


@pytest.mark.parametrize("rule", RULES)
def test_a_satisfied_network_is_proved_and_one_that_is_not_is_refuted(rule):
    """By a hair: the last layer is scaled until one pattern misses the margin by 1e-9, and by 1e-17 it is rounding."""
    net, w = satisfying(rule)
    claims = list(verify(*cell(rule, w, net, "satisfied"), net.x, net.y))
    assert wrong(claims) == set()
    texts = {name: numbers for name, _, numbers in claims}
    assert f"{len(net.y)} of {len(net.y)} proved" == texts["satisfied"]
    smallest = float((1 - net.delta(w)).min())
    for beyond, refuted in ((1e-9, True), (0.0, False)):
        v = w.copy()
        v[-5:] *= (1 - beyond) / smallest
        identity, values, arrays = cell(rule, v, net, "satisfied", unsatisfied=0)
        assert ("satisfied" in wrong(verify(identity, values, arrays, net.x, net.y))) == refuted


def minimum() -> tuple[Network, np.ndarray]:
    """A minimum of a small deep linear network at labels that nothing can satisfy, by damped Newton steps."""
    net, w = network("linear", 0, patterns=90)
    damping = 0.1
    for _ in range(200):
        force, size, _, product = net.derivatives(w)
        if np.linalg.norm(force) < 1e-13:
            break
        values, vectors = np.linalg.eigh(np.array([product(e) for e in np.eye(len(w))]))
        step = -vectors @ ((vectors.T @ force) / (np.abs(values) + damping))
        better = loss(net, w + step) < size
        w, damping = (w + step, max(damping / 3, 1e-9)) if better else (w, 4 * damping)
    return net, w


def test_a_minimum_is_confirmed_and_a_saddle_is_not():
    """The origin of a linear network with a hidden layer balances every force, and is no minimum."""
    net, w = minimum()
    claims = list(verify(*cell("linear", w, net, "minimum"), net.x, net.y))
    assert wrong(claims) == set()
    assert [name for name, _, _ in claims] == ["margins", "N_Δ", "L", "E3", "balance", "curvature"]
    assert {"balance"} <= wrong(verify(*cell("linear", w + 1e-4, net, "minimum"), net.x, net.y))
    flat, start = network("linear", 0, depth=1, patterns=90)
    force = flat.derivatives(0 * start)[0]
    assert np.abs(force).max() == 0.0
    names = wrong(verify(*cell("linear", 0 * start, flat, "minimum"), flat.x, flat.y))
    assert names == {"curvature"}


def test_patterns_that_are_given_up_leave_rounding_and_no_residual():
    """Where every Δ is κ to a part in a billion, Δ(κ − Δ) is a difference that vanishes: as the certificate has it."""
    net, w = network("relu", 0, depth=1)
    w[-5:] *= 1e-9
    system = System(inputs=3, width=4, depth=1)
    problem = load_backend("numpy").problem(system, net.x, net.y)
    expected = last_layer(problem, problem.margins(w))
    assert 0 < expected < 1e-3
    assert net.last_layer(w, np.zeros(12))[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("edit", "claim"),
    [
        ({"unsatisfied": 3}, "N_Δ"),
        ({"loss": 1.0 + 1e-9}, "L"),
        ({"certificate": 0.5}, "E3"),
        ({"outcome": "satisfied"}, "satisfied"),
    ],
)
def test_an_edited_value_is_found(edit, claim):
    """Whatever checksum was put beside it."""
    net, w = minimum()
    identity, values, arrays = cell("linear", w, net, "minimum")
    changed = {key: value * values["loss"] if key == "loss" else value for key, value in edit.items()}
    assert claim in wrong(verify(identity, {**values, **changed}, arrays, net.x, net.y))


def test_an_edited_array_is_found():
    """One margin, one weight, or one label."""
    net, w = minimum()
    identity, values, arrays = cell("linear", w, net, "minimum")
    for name in ("w", "margins"):
        other = arrays[name].copy()
        other[7] += 1e-7
        assert wrong(verify(identity, values, {**arrays, name: other}, net.x, net.y))
    y = net.y.copy()
    y[3] *= -1
    assert wrong(verify(identity, values, arrays, net.x, y))


def test_single_precision_is_held_to_its_own_rounding():
    """A network that satisfies in float32 but for its rounding is not refuted, and nothing is said to be proved."""
    net, w = satisfying("tanh")
    smallest = float((1 - net.delta(w)).min())
    w[-5:] /= smallest
    w = w.astype(np.float32)
    identity, values, arrays = cell("tanh", w.astype(float), net, "satisfied", unsatisfied=0, loss=0.0)
    identity["dtype"] = "float32"
    arrays = {"w": w, "margins": arrays["margins"].astype(np.float32)}
    assert wrong(verify(identity, values, arrays, net.x, net.y)) == set()
    w[-5:] *= np.float32(0.999)
    assert "satisfied" in wrong(verify(identity, values, {**arrays, "w": w}, net.x, net.y))
