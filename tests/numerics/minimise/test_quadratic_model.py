"""Steps by products with H and a factor of another: those of H itself, to a residual, and the same minima."""

from typing import Any

import numpy as np
import pytest
from jamharness_numerics.approach import drift
from jamharness_numerics.minimise import quadratic_model
from jamharness_numerics.minimise.certificate import force_balance, trace_h0
from jamharness_numerics.minimise.newton import newton
from jamharness_numerics.minimise.quadratic_model import Dense, Factor, Products, model_at, renewed, reusable
from jamharness_numerics.minimise.states import factor_from, packed_factor
from jamharness_numerics.minimise.tangent_hessian import normals, tangent_hessian
from jamharness_numpy.backend import NumpyBackend
from jamharness_systems.perceptron import Perceptron

from jamharness.api import DataRequest, Network, QuadraticHinge, Spherical
from jamharness.datasets.random import load

SYSTEMS = ["free", "sphere", "layers"]


def pose(system: str, activation: str = "softplus(8)", ratio: float = 4.0, width: int = 5) -> tuple[Any, Any]:
    """A network on random data, and a w near its initial one."""
    network = Network(inputs=width, width=width, depth=2, activation=activation)
    data = load(DataRequest(inputs=width, patterns=2 * round(ratio * network.weights / 2), seed=0))
    on = network if system == "free" else Spherical(network=network, layers=system == "layers")
    problem = NumpyBackend().problem(on, {"x": data.x, "y": data.y}, loss=QuadraticHinge(margin=0.3))
    return problem, problem.retract(network.initial(seed=0))


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("decay", [0.0, 1e-3])
def test_a_step_solves_its_equations(system: str, decay: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the factor of H at another w: (H + μI) s = −∇L to the residual asked for, H s as H in memory has it."""
    monkeypatch.setattr(quadratic_model, "PRODUCTS", 1)
    problem, there = pose(system)
    w = problem.retract(there + 0.02 * np.random.default_rng(1).standard_normal(len(there)))
    before = Dense(problem, there, problem.loss_and_gradient(there)[1], decay)
    mu = 2 * abs(float(np.linalg.eigvalsh(before.H)[0]))
    assert before.step(problem.tangent(there, np.ones_like(there)), mu) is not None
    slope = problem.loss_and_gradient(w)[1]
    gradient = problem.tangent(w, slope + decay * w)
    H = Dense(problem, w, slope, decay)
    assert before.factor is not None
    products = Products(problem, w, slope, decay, before.factor)
    for residual in (1e-2, 1e-9):
        step = products.step(gradient, mu, residual)
        assert step is not None
        s, bent = step
        np.testing.assert_allclose(bent, H.H @ s, atol=1e-9 * float(np.linalg.norm(gradient)))
        assert np.linalg.norm(bent + mu * s + gradient) <= residual * (1 + 1e-6) * np.linalg.norm(gradient)
        np.testing.assert_allclose(problem.tangent(w, s), s, atol=1e-12)
    exact = H.step(gradient, mu)
    assert exact is not None
    np.testing.assert_allclose(s, exact[0], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("error", [1e-6, 1e-3, 0.1])
def test_products_in_single_precision_are_refined(error: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """However wrong they are, a step solves its equations in float64; few of the products are made there."""
    monkeypatch.setattr(quadratic_model, "PRODUCTS", 1)
    problem, w = pose("sphere")
    slope = problem.loss_and_gradient(w)[1]
    gradient, H = problem.tangent(w, slope), Dense(problem, w, slope)
    mu = 2 * abs(float(np.linalg.eigvalsh(H.H)[0]))
    assert H.step(gradient, mu) is not None
    assert H.factor is not None
    kinds: list[Any] = []
    exact = type(problem).hessian_vector

    def rough(self: Any, at: Any, v: Any) -> Any:
        kinds.append(v.dtype.type)
        product = exact(self, at, v.astype(np.float64))
        return product * (1 + error * np.sin(np.arange(len(at)))[:, None]) if v.dtype == np.float32 else product

    monkeypatch.setattr(type(problem), "hessian_vector", rough)
    for residual in (1e-2, 1e-8):
        kinds.clear()
        model = Products(problem, w, slope, 0.0, H.factor)
        step = model.step(gradient, mu, residual)
        assert step is not None
        s, _ = step
        assert np.linalg.norm(H.H @ s + mu * s + gradient) <= residual * (1 + 1e-6) * np.linalg.norm(gradient)
        assert model.made == len(kinds)
        assert kinds[0] == np.float32
        # One in float64 sees what is left; where float32 is as good as it is, once or twice, and that is all.
        if error == 1e-6:
            assert kinds.count(np.float64) == (1 if residual == 1e-2 else 2)


def test_negative_curvature_is_seen() -> None:
    """Where no Cholesky factor exists; given up is another thing."""
    problem, w = pose("sphere")
    slope = problem.loss_and_gradient(w)[1]
    gradient, H = problem.tangent(w, slope), Dense(problem, w, slope)
    largest = float(np.linalg.eigvalsh(H.H)[-1])
    assert H.step(gradient, 0.0) is None
    assert H.step(gradient, largest) is not None
    assert H.factor is not None
    products = Products(problem, w, slope, 0.0, H.factor)
    assert products.step(gradient, 0.0) is None
    assert not products.spent
    few = Products(problem, w, slope, 0.0, H.factor)
    assert few.step(gradient, largest, 1e-300) is None
    assert few.spent


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("activation", ["softplus(8)", "tanh"])
def test_the_same_minimum_is_reached(system: str, activation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From close to it, with far fewer factors; the balance that is stated is that of the w that is returned."""
    problem, w = pose(system, activation)
    decay = 1e-3 if system == "free" else 0.0

    def rest(start: Any, tolerance: float, budget: int = 400) -> Any:
        return newton(problem, start, budget, tolerance=tolerance, done=lambda _w: False, decay=decay, line_search=True)

    near = rest(w, 1e-3)
    whole = rest(near.w, 1e-11)
    assert near.why == whole.why == "balanced"
    assert whole.factor is None
    monkeypatch.setattr(quadratic_model, "LARGE", 1)
    monkeypatch.setattr(quadratic_model, "PRODUCTS", 1)
    rested = rest(near.w, 1e-11)
    assert rested.why == "balanced"
    assert rested.factor is not None
    assert 1 <= rested.factorisations < whole.factorisations
    np.testing.assert_allclose(rested.w, whole.w, atol=1e-7)
    for end in (rested, rest(w, 0.0, 7)):
        loss, slope = problem.loss_and_gradient(end.w)
        gradient = problem.tangent(end.w, slope + decay * end.w)
        loss += 0.5 * decay * float(end.w @ end.w)
        assert end.balance == pytest.approx(force_balance(gradient, loss, trace_h0(problem, end.w)), rel=1e-9)
    assert rested.balance < 1e-11


def test_what_a_factor_served_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its steps and products are counted; H is made for a step alone, and what was known is kept."""
    monkeypatch.setattr(quadratic_model, "LARGE", 1)
    monkeypatch.setattr(quadratic_model, "PRODUCTS", 1)
    problem, w = pose("sphere")
    singles: list[bool] = []
    begin = Dense.__init__

    def counted(self: Any, *arguments: Any, **named: Any) -> None:
        singles.append(named.get("single", False))
        begin(self, *arguments, **named)

    monkeypatch.setattr(Dense, "__init__", counted)
    rested = newton(problem, w, 400, tolerance=1e-7, done=lambda _w: False, line_search=True)
    assert rested.why == "balanced"
    assert singles[0]
    assert rested.factorisations >= len(singles)
    factor = rested.factor
    assert factor is not None
    assert factor.products >= factor.steps > 0
    before = len(singles)
    factor.used(0)
    factor.used(10**6)
    assert factor.worn
    again = newton(problem, rested.w, 400, tolerance=1e-6, done=lambda _w: False, damping=1e-12, near=factor)
    assert (again.why, again.iterations, again.damping) == ("balanced", 0, 1e-12)
    assert again.factor is not None
    assert again.factor.cholesky is factor.cholesky
    assert len(singles) == before
    drift(problem, rested.w, 1e-12, factor)
    assert singles[before:] == [False]


@pytest.mark.parametrize("damaged", [np.nan, 0.0])
def test_what_cannot_be_solved_ends(damaged: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient that is no number, or none at all, at a finite L: no step is found, and that is said."""
    problem, w = pose("sphere")
    start = newton(problem, w, 400, tolerance=1e-3, done=lambda _w: False).w
    monkeypatch.setattr(quadratic_model, "LARGE", 1)
    original, calls = type(problem).loss_and_gradient, []

    def broken(self: Any, at: Any) -> Any:
        calls.append(at)
        loss, gradient = original(self, at)
        return loss, gradient if len(calls) < 3 else damaged * gradient

    monkeypatch.setattr(type(problem), "loss_and_gradient", broken)
    with np.errstate(invalid="ignore"):
        end = newton(problem, start, 400, tolerance=-1.0, done=lambda _w: False, zero=0.0)
    assert end.why == "no step"
    assert np.isfinite(end.damping)


@pytest.mark.parametrize("system", ["sphere", "layers"])
def test_minima_move_alike(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """dw/dκ by products, with the factor of an H nearby, is that by H itself."""
    monkeypatch.setattr(quadratic_model, "PRODUCTS", 1)
    problem, w = pose(system)
    end = newton(problem, w, 400, tolerance=1e-10, done=lambda _w: False)
    beside = problem.retract(end.w + 1e-3 * np.random.default_rng(2).standard_normal(len(w)))
    slope = problem.loss_and_gradient(beside)[1]
    model = Dense(problem, beside, slope)
    assert model.step(problem.tangent(beside, slope), 1e-3) is not None
    monkeypatch.setattr(quadratic_model, "LARGE", 1)
    (whole, fresh_factor), (moved, factor) = drift(problem, end.w, 1e-6), drift(problem, end.w, 1e-6, model.factor)
    assert factor is model.factor
    assert fresh_factor is not None
    assert np.array_equal(fresh_factor.w, end.w)
    np.testing.assert_allclose(moved, whole, rtol=1e-6, atol=1e-7 * float(np.abs(whole).max()))
    assert np.abs(whole).max() > 0


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_factor_in_single_precision_serves(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps with it solve their equations in float64, in a few products; kept and made again it is the same."""
    problem, w = pose(system)
    slope = problem.loss_and_gradient(w)[1]
    gradient = problem.tangent(w, slope)
    mu = 2 * abs(float(np.linalg.eigvalsh(Dense(problem, w, slope).H)[0]))
    assert isinstance(renewed(problem, w, slope, 0.0, None, mu), Dense)
    monkeypatch.setattr(quadratic_model, "LARGE", 1)
    monkeypatch.setattr(quadratic_model, "PRODUCTS", 1)
    model = renewed(problem, w, slope, 0.0, None, mu)
    assert isinstance(model, Products)
    assert model.fresh
    assert model.factor.single
    assert model.factor.mu == mu
    rough, whole = Dense(problem, w, slope, single=True).H, Dense(problem, w, slope).H
    assert rough.dtype == np.float32
    assert float(np.abs(rough - whole).max() / np.abs(whole).max()) < 1e-5
    assert not np.array_equal(rough, whole.astype(np.float32))  # its sums are float32's too
    step = model.step(gradient, mu, 1e-9)
    assert step is not None
    s, bent = step
    assert model.made <= 9
    H = Dense(problem, w, slope)
    np.testing.assert_allclose(bent, H.H @ s, atol=1e-9 * float(np.linalg.norm(gradient)))
    assert np.linalg.norm(bent + mu * s + gradient) <= 1e-9 * (1 + 1e-6) * np.linalg.norm(gradient)
    model.factor.used(model.made)
    again = factor_from(problem, packed_factor(model.factor))
    assert again is not None
    assert again.solve(gradient).tobytes() == model.factor.solve(gradient).tobytes()
    assert (again.steps, again.products, again.last) == (1, model.made, model.made)
    np.testing.assert_allclose(again.solve(1e-60 * gradient), 1e-60 * again.solve(gradient), rtol=1e-5)
    # Too small a μ for it, and one with which H is not positive: a larger one, of the factor alone.
    mean = quadratic_model.mean_of(H.trace, len(w))
    assert isinstance(renewed(problem, w, slope, 0.0, model.factor, 0.9e-3 * mean), Dense)
    below = 1.1e-3 * mean
    assert float(np.linalg.eigvalsh(H.H)[0]) + below < 0
    damped = renewed(problem, w, slope, 0.0, model.factor, below)
    assert isinstance(damped, Products)
    assert damped.factor.mu >= 4 * below


def test_what_wears_out_is_replaced() -> None:
    """When the last step took more products than all with its factor on average, its price among them."""
    factor = Factor(1.0, np.zeros(200), 0.0, 1.0, 1.0, lambda: (np.eye(200), True))
    counts = []
    for products in (0, 4, 6, 8, 9, 10):
        counts.append(products)
        factor.used(products)
        price = 200 / quadratic_model.PRODUCTS
        assert factor.worn == (products > (sum(counts) + price) / len(counts))
    assert factor.worn
    problem, w = pose("sphere")
    slope = problem.loss_and_gradient(w)[1]
    new = Factor(0.3, w, 0.0, 1.0, 1.0, lambda: (np.eye(len(w)), True))
    model = model_at(problem, w, slope, near=new)
    assert isinstance(model, Products)
    assert not model.fresh
    new.used(0)
    new.used(10**6)
    assert isinstance(model_at(problem, w, slope, near=new, mu=1.0), Dense)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(("dtype", "rounding"), [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_the_hessian_along_the_spheres(system: str, dtype: Any, rounding: float) -> None:
    """Q (H − μ I) Q + normal (1 − Q), term by term."""
    problem, w = pose(system)
    slope = problem.loss_and_gradient(w)[1]
    H = sum(problem.hessian(w))
    matrix = H.astype(dtype)
    hessian = tangent_hessian(problem, w, matrix, 7.0, slope)
    assert hessian.dtype == dtype
    np.testing.assert_array_equal(matrix, H.astype(dtype))
    units = normals(problem, w)
    Q = np.eye(len(w)) - units @ units.T
    shift = np.zeros(len(w))
    for part, _ in problem.spheres:
        shift[part] = slope[part] @ w[part] / (w[part] @ w[part])
    expected = Q @ (H - np.diag(shift)) @ Q + 7.0 * units @ units.T
    np.testing.assert_allclose(hessian, expected, atol=rounding * float(np.abs(expected).max()))


def test_whose_factors_are_kept() -> None:
    """Of large networks, free or not; not where a product takes the Jacobian of all contacts."""
    wide = Network(inputs=30, width=24, depth=2)
    x, y = np.random.default_rng(0).standard_normal((4, 30)), np.array([1.0, -1.0, 1.0, -1.0])
    backend = NumpyBackend()
    assert reusable(backend.problem(wide, {"x": x, "y": y}))
    assert reusable(backend.problem(Spherical(network=wide), {"x": x, "y": y}))
    assert not reusable(backend.problem(Network(inputs=30, width=10, depth=2), {"x": x, "y": y}))
    large = Perceptron(dimension=1200)
    data = {"x": np.random.default_rng(0).standard_normal((4, 1200)), "y": y}
    assert not reusable(backend.problem(large, data))
