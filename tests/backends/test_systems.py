"""Systems by one formula: every framework against the dual numbers of NumPy, finite differences and closed forms."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from jamharness_systems.ellipses import Ellipses
from jamharness_systems.perceptron import Perceptron
from jamharness_systems.spheres import Spheres

from jamharness.api import (
    LOSSES,
    Backend,
    BadInput,
    CrossEntropy,
    DerivedProblem,
    Loss,
    MeanSquare,
    Namespace,
    Network,
    QuadraticHinge,
    SoftHinge,
    Spherical,
    System,
    generator,
)
from jamharness.api.derived import LARGE
from jamharness.api.fallbacks import solve_damped
from jamharness.api.krylov import Bidiagonalisation
from jamharness.plugins import load_backend

FRAMEWORKS = [
    pytest.param("torch", marks=pytest.mark.torch),
    pytest.param("tensorflow", marks=pytest.mark.tensorflow),
]
SYSTEMS: list[System] = [
    Perceptron(dimension=12),
    Spheres(particles=9, dimension=2),
    Spheres(particles=8, dimension=3, size_ratio=1.0, reference=0.7),
    Ellipses(particles=7, aspect=1.8),
    Network(inputs=3, width=4, depth=2, activation="tanh"),
    Network(inputs=3, width=4, depth=1, activation="gelu(2)", bias=False),
    Network(inputs=3, width=5, depth=2, activation="softplus(3)"),
    Network(inputs=3, width=5, depth=2, activation="relu"),
    Spherical(network=Network(inputs=3, width=4, depth=2, activation="tanh")),
    Spherical(network=Network(inputs=3, width=4, depth=1, activation="softplus(3)"), layers=True),
]
MARGINS = {"Spheres": 0.1, "Ellipses": 0.1}


def derived(backend: Backend, system: System, loss: Loss | None = None) -> DerivedProblem:
    """A system on patterns of its own, where it has such."""
    data: dict[str, Any] = {}
    if "x" in system.along:
        draw = generator("systems", repr(system))
        data = {"x": draw.standard_normal((17, system.inputs)), "y": np.where(draw.random(17) < 0.5, -1.0, 1.0)}  # type: ignore[attr-defined]
    return backend.derived_problem(system, data, loss or QuadraticHinge(margin=MARGINS.get(type(system).__name__, 1.0)))


def at(system: System) -> np.ndarray:
    draw = generator("systems w", repr(system))
    return system.retract(system.initial(3) + 0.02 * draw.standard_normal(system.size))


@pytest.fixture(scope="module")
def numpy_backend() -> Backend:
    return load_backend("numpy")


@pytest.mark.parametrize("system", SYSTEMS, ids=repr)
def test_dual_numbers_against_finite_differences(system: System, numpy_backend: Backend) -> None:
    """∇L, J and H of every system are those of differences of its margins and gradients."""
    problem, w = derived(numpy_backend, system), at(system)
    units, step = np.eye(system.size), 1e-6
    slopes = [(problem.margins(w + step * e) - problem.margins(w - step * e)) / (2 * step) for e in units]
    J = problem.jacobian(w, np.arange(problem.constraints))
    np.testing.assert_allclose(J, np.stack(slopes, axis=1), atol=1e-7)
    margins, (loss, gradient) = problem.margins(w), problem.loss_and_gradient(w)
    assert loss == pytest.approx(float(np.mean(np.maximum(margins, 0) ** 2)) / 2, rel=1e-14)
    np.testing.assert_allclose(gradient, J.T @ np.maximum(margins, 0) / len(margins), atol=1e-14)
    bends = [
        (problem.loss_and_gradient(w + step * e)[1] - problem.loss_and_gradient(w - step * e)[1]) / (2 * step)
        for e in units
    ]
    H0, Hp = problem.hessian(w)
    np.testing.assert_allclose(H0 + Hp, np.stack(bends, axis=1), atol=1e-7 * max(1.0, np.abs(H0 + Hp).max()))
    v = generator("v").standard_normal((system.size, 3))
    np.testing.assert_allclose(problem.hessian_vector(w, v), (H0 + Hp) @ v, atol=1e-12 * np.abs(H0).max())


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("system", SYSTEMS, ids=repr)
def test_frameworks_against_dual_numbers(system: System, framework: str, numpy_backend: Backend) -> None:
    """Margins, L, ∇L, J, H0, Hp and damped steps of a framework's automatic differentiation, to 1e-11."""
    referee, w = derived(numpy_backend, system), at(system)
    problem = derived(load_backend(framework, threads=1), system)
    rows = np.flatnonzero(referee.margins(w) > 0)
    assert len(rows)
    for name, arguments in (
        ("margins", ()), ("jacobian", (rows,)), ("hessian", ()), ("hessian_vector", (np.eye(system.size)[:, :2],)),
    ):  # fmt: skip
        ours, theirs = getattr(referee, name)(w, *arguments), getattr(problem, name)(w, *arguments)
        np.testing.assert_allclose(np.asarray(theirs), np.asarray(ours), atol=1e-11, err_msg=name)
    (loss, gradient), (their_loss, their_gradient) = referee.loss_and_gradient(w), problem.loss_and_gradient(w)
    assert their_loss == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(their_gradient, gradient, atol=1e-13)
    damping = 0.01 * float(np.sum(referee.jacobian(w, rows) ** 2)) / system.size
    np.testing.assert_allclose(problem.damped_step(w, damping).w, referee.damped_step(w, damping).w, atol=1e-11)


@pytest.mark.parametrize("framework", ["numpy", *FRAMEWORKS])
@pytest.mark.parametrize("activation", ["tanh", "gelu(2)", "softplus(3)", "relu"])
def test_derived_networks_are_the_closed_forms(framework: str, activation: str) -> None:
    """What a backend derives from the formula of a fully connected network equals what it computes by closed forms."""
    system = Network(inputs=3, width=(5, 4), depth=2, activation=activation)
    backend, w = load_backend(framework, threads=1), at(system)
    draw = generator("override")
    x, y = draw.standard_normal((20, 3)), np.where(draw.random(20) < 0.5, -1.0, 1.0)
    closed, formula = backend.problem(system, x, y), backend.derived_problem(system, {"x": x, "y": y}, QuadraticHinge())
    rows = np.arange(20)
    for ours, theirs in (
        (closed.margins(w), formula.margins(w)),
        (closed.loss_and_gradient(w)[1], formula.loss_and_gradient(w)[1]),
        (closed.jacobian(w, rows), formula.jacobian(w, rows)),
        (closed.outputs(w, x[:3]), formula.outputs(w, x[:3])),
        (closed.tangent_kernel(w, x[:3], x[:2]), formula.tangent_kernel(w, x[:3], x[:2])),
        (np.stack(closed.hessian(w)), np.stack(formula.hessian(w))),
        (closed.damped_step(w, 0.3).w, formula.damped_step(w, 0.3).w),
    ):
        np.testing.assert_allclose(theirs, ours, atol=1e-12)


@pytest.mark.parametrize("framework", ["numpy", *FRAMEWORKS])
def test_the_perceptron_against_closed_forms(framework: str) -> None:
    """Δ = κ − y w·x/√N, J = −y x/√N, Hp = 0, H0 = JᵀJ/P, and the step in the tangent space of the sphere, to 1e-11."""
    N, P, kappa = 15, 40, 0.3
    system, draw = Perceptron(dimension=N), generator("perceptron")
    x, y, w = draw.standard_normal((P, N)), np.where(draw.random(P) < 0.5, -1.0, 1.0), system.initial(1)
    problem = load_backend(framework, threads=1).problem(system, {"x": x, "y": y}, QuadraticHinge(margin=kappa))
    margins = kappa - y * (x @ w) / np.sqrt(N)
    rows = np.flatnonzero(margins > 0)
    J = -y[rows, None] * x[rows] / np.sqrt(N)
    np.testing.assert_allclose(problem.margins(w), margins, atol=1e-13)
    np.testing.assert_allclose(problem.jacobian(w, rows), J, atol=1e-13)
    H0, Hp = problem.hessian(w)
    np.testing.assert_allclose(H0, J.T @ J / P, atol=1e-13)
    assert not Hp.any()
    unit = w / np.linalg.norm(w)
    tangent = J - np.outer(J @ unit, unit)
    s = -np.linalg.solve(tangent.T @ tangent + 0.7 * np.eye(N), tangent.T @ margins[rows])
    moved = (w + s) * np.sqrt(N) / np.linalg.norm(w + s)
    step = problem.damped_step(w, 0.7)
    np.testing.assert_allclose(step.w, moved, atol=1e-11)
    assert np.linalg.norm(step.w) == pytest.approx(np.sqrt(N), rel=1e-14)


@pytest.mark.parametrize(
    "loss", [QuadraticHinge(margin=0.4), SoftHinge(margin=0.2, sharpness=3.0), CrossEntropy(), MeanSquare()]
)
def test_losses_are_values_with_slope_and_curvature(loss: Loss) -> None:
    """ℓ′ and ℓ″ are the derivatives of ℓ, and L, ∇L and H of a network are made of them."""
    delta, step = np.linspace(-2.95, 3.05, 41), 1e-6
    slope = (loss.value(delta + step) - loss.value(delta - step)) / (2 * step)
    np.testing.assert_allclose(loss.slope(delta), slope, atol=1e-9)
    bend = (loss.slope(delta + step) - loss.slope(delta - step)) / (2 * step)
    np.testing.assert_allclose(loss.curvature(delta), bend, atol=1e-8)
    system = Network(inputs=3, width=4, depth=1, activation="tanh")
    problem, w = derived(load_backend("numpy"), system, loss), at(system)
    gradient = [
        (problem.loss_and_gradient(w + step * e)[0] - problem.loss_and_gradient(w - step * e)[0]) / (2 * step)
        for e in np.eye(system.size)
    ]
    np.testing.assert_allclose(problem.loss_and_gradient(w)[1], gradient, atol=1e-8)


def test_a_margin_per_pattern() -> None:
    """Offsets shift the margin of each constraint alone."""
    system, backend = Network(inputs=3, width=4, depth=1, activation="tanh"), load_backend("numpy")
    offsets = tuple(0.1 * index for index in range(17))
    plain = derived(backend, system, QuadraticHinge(margin=1.0))
    own = derived(backend, system, QuadraticHinge(margin=1.0, offsets=offsets))
    np.testing.assert_allclose(own.margins(at(system)), plain.margins(at(system)) + offsets, rtol=1e-14)


def test_losses_by_name() -> None:
    assert {name: kind() for name, kind in LOSSES.items()}


@dataclass(frozen=True, kw_only=True)
class Counted(Perceptron):
    """A perceptron that counts how often its formula is read."""

    reads: ClassVar[list[int]] = []

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        self.reads.append(self.dimension)
        return super().outputs(xp, w, x)


@pytest.mark.tensorflow
def test_equal_systems_share_their_graphs() -> None:
    """A formula is traced for the first of equal systems alone, whatever its data; another one for itself."""
    backend = load_backend("tensorflow", threads=1)
    derived(backend, Counted(dimension=12)).margins(np.ones(12))
    first = len(Counted.reads)
    other = derived(backend, Counted(dimension=12))
    other.restated(SoftHinge()).margins(np.ones(12))
    assert len(Counted.reads) == first > 0
    derived(backend, Counted(dimension=11)).margins(np.ones(11))
    assert Counted.reads[first:] == [11] * first


def test_what_is_linear_is_differentiated_once(numpy_backend: Backend) -> None:
    """The Jacobian of a perceptron is that of every w and every loss: −y x/√N, by its own formula."""
    problem, backend = derived(numpy_backend, Perceptron(dimension=12)), numpy_backend
    x, y = problem.given["x"], problem.given["y"]
    truth = -y[:, None] * x / np.sqrt(12)
    w = at(problem.system)
    np.testing.assert_allclose(problem.jacobian(w, np.arange(17)), truth, rtol=1e-13)
    fresh = backend.derived_problem(problem.system, problem.given)
    some = np.array([3, 1])
    np.testing.assert_allclose(problem.with_margin(2.0).jacobian(-w, some), fresh.jacobian(w, some), rtol=1e-13)
    assert np.shares_memory(problem.with_margin(2.0)._constant, problem._constant)
    assert not np.shares_memory(problem.jacobian(w, some), problem._constant)


@pytest.mark.parametrize("layers", [False, True])
@pytest.mark.parametrize("name", ["numpy", *FRAMEWORKS])
def test_a_network_at_fixed_norm_has_closed_forms(name: str, layers: bool) -> None:
    """At any margin, of either sign, they are what automatic differentiation of its formula gives."""
    backend, network = load_backend(name, threads=1), Network(inputs=3, width=4, depth=2, activation="tanh")
    system, draw = Spherical(network=network, layers=layers), generator("spherical", layers)
    data = {"x": draw.standard_normal((12, 3)), "y": np.tile([-1.0, 1.0], 6)}
    w = system.retract(system.initial(1) + 0.1 * draw.standard_normal(system.size))
    for margin in (0.3, 0.0, -0.1):
        closed = backend.problem(system, data, QuadraticHinge(margin=margin))
        formula = backend.derived_problem(system, data, QuadraticHinge(margin=margin))
        assert type(closed) is not type(formula)
        assert closed.spheres == formula.spheres == system.spheres
        for problem in (closed, closed.with_margin(2.0).with_margin(margin), closed.with_dtype("float64")):
            np.testing.assert_allclose(problem.margins(w), formula.margins(w), atol=1e-13)
            np.testing.assert_allclose(problem.hessian(w), formula.hessian(w), atol=1e-12)
        loss, gradient = closed.loss_and_gradient(w)
        assert loss == pytest.approx(formula.loss_and_gradient(w)[0], rel=1e-13)
        np.testing.assert_allclose(gradient, formula.loss_and_gradient(w)[1], atol=1e-13)
        step = closed.damped_step(w, 0.1)
        np.testing.assert_allclose(step.w, formula.damped_step(w, 0.1).w, atol=1e-11)
        for part, radius in system.spheres:
            assert np.linalg.norm(step.w[part]) == pytest.approx(radius, rel=1e-12)
            assert abs(closed.tangent(w, gradient)[part] @ w[part]) < 1e-13
    softer = closed.restated(SoftHinge())
    np.testing.assert_allclose(softer.margins(w), formula.restated(SoftHinge()).margins(w), atol=1e-13)
    assert len(system.spheres) == (3 if layers else 1)
    radii = [np.linalg.norm(network.initial(5)[part]) for part, _ in system.spheres]
    np.testing.assert_allclose(radii, [radius for _, radius in system.spheres])
    with pytest.raises(BadInput, match="margin"):
        backend.problem(network, data["x"], data["y"], loss=QuadraticHinge(margin=-0.1))


@pytest.mark.parametrize("system", [Perceptron(dimension=LARGE), Spherical(network=Network(inputs=30, width=24))])
def test_a_large_systems_step_is_within_its_tolerance(system: Any) -> None:
    """|(JᵀJ + λI) s + JᵀΔ| ≤ 0.1 |JᵀΔ| in the tangent space, with the decrease that such an s promises."""
    problem = derived(load_backend("numpy"), system)
    w, damping = at(system), 1e-2
    contacts = np.flatnonzero(problem.margins(w) > 0)
    delta, J = problem.margins(w)[contacts], problem.tangent(w, problem.jacobian(w, contacts))
    step, whole = problem.truncated_step(w, damping, 0.1), problem.damped_step(w, damping)
    assert problem.size >= LARGE
    assert not np.array_equal(step.w, whole.w)
    s = solve_damped(J, delta, damping)
    space = Bidiagonalisation(lambda v: J @ v, lambda u: u @ J, delta)
    rough, _ = space.solve(damping, 0.1)
    assert np.linalg.norm(J.T @ (J @ rough) + damping * rough + J.T @ delta) <= 0.1 * np.linalg.norm(J.T @ delta)
    np.testing.assert_allclose(step.w, problem.retract(w + rough), atol=1e-13)
    np.testing.assert_allclose(whole.w, problem.retract(w + s), atol=1e-13)
    promised = (delta @ delta - np.sum((delta + J @ rough) ** 2)) / (2 * problem.constraints)
    assert step.predicted_decrease == pytest.approx(promised, rel=1e-10)
    assert 0 < step.predicted_decrease <= whole.predicted_decrease * (1 + 1e-12)
    np.testing.assert_allclose(problem.truncated_step(w, damping, 1e-12).w, whole.w, atol=1e-10)


def test_a_small_systems_step_is_the_whole_one() -> None:
    """To the last bit, whatever the tolerance."""
    problem = derived(load_backend("numpy"), SYSTEMS[0])
    w = at(SYSTEMS[0])
    assert np.array_equal(problem.truncated_step(w, 1e-2, 0.1).w, problem.damped_step(w, 1e-2).w)
