"""Gradient flows whose end or whose course is known: the lazy limit, the convex limit of diagonal networks, kernels."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import numpy as np
from jamharness_numerics.flow import METHODS, Until, gradient_flow, kernel_flow
from jamharness_systems.parametrised import ParametrisedNetwork
from scipy.optimize import minimize

from jamharness.api import (
    Backend,
    BadInput,
    Float64,
    Json,
    MeanSquare,
    Namespace,
    Network,
    Output,
    PatternSystem,
    QuadraticHinge,
    SoftHinge,
    generator,
)
from jamharness_protocols.calibration.rows import Calibration, Draw, Results, Row, exact_row, margin_of, mean_row


@dataclass(frozen=True, kw_only=True)
class DiagonalNetwork(PatternSystem):
    """f = Σ_i (u_i² − v_i²) x_i with w = (u, v): linear in x, of second order in w (arXiv 2002.09277, §3).

    Arguments:
        inputs: d.
    """

    inputs: int = 12

    def __post_init__(self) -> None:
        if self.inputs < 1:
            raise BadInput(f"inputs = {self.inputs}: the input dimension must be at least 1.")

    @property
    def size(self) -> int:
        """2d."""
        return 2 * self.inputs

    def outputs(self, xp: Namespace, w: Any, x: Any) -> Any:
        """f(x; w)."""
        u, v = w[: self.inputs], w[self.inputs :]
        return xp.matmul(x, u * u - v * v)


SCALES = tuple(10.0**power for power in range(-3, 4))
"""a, the weights that the flow starts at: six decades, from the least ℓ¹ norm to the least ℓ² norm."""
_PATTERNS = 5


def _regression(name: str, seed: int, patterns: int, inputs: int) -> tuple[Float64, Float64]:
    """Gaussian patterns, and targets that two components make."""
    draw = generator("calibration", name, seed)
    x = draw.standard_normal((patterns, inputs))
    return x, x[:, 0] - 0.7 * x[:, 1]


def convex_limit(x: Float64, targets: Float64, scale: float) -> Float64:
    """The β (d,) with xβ = targets that minimises Σ q(β_i/a²), q(z) = 2 − √(4 + z²) + z asinh(z/2).

    By SciPy, from the program's dual: β = 2a² sinh(xᵀν) where ν minimises Σ 2a² cosh(xᵀν) − targets·ν
    (arXiv 2002.09277, theorem 1).

    Arguments:
        x: (P, d).
        targets: (P,).
        scale: a.
    """
    unit = 2 * scale**2

    def value(nu: Float64) -> float:
        with np.errstate(over="ignore"):
            return float(unit * np.sum(np.cosh(nu @ x)) - targets @ nu)

    def slope(nu: Float64) -> Float64:
        return np.asarray(unit * x @ np.sinh(nu @ x) - targets)

    def bend(nu: Float64) -> Float64:
        return np.asarray((x * (unit * np.cosh(nu @ x))) @ x.T)

    minimum = minimize(value, np.zeros(len(x)), method="trust-exact", jac=slope, hess=bend, options={"gtol": 1e-11})
    nu = minimum.x
    for _ in range(3):  # Newton's steps to rounding, where the values of cosh no longer tell one step from the next
        nu = nu - np.linalg.solve(bend(nu), slope(nu))
    return np.asarray(unit * np.sinh(nu @ x))


def _diagonal_draws(full: bool) -> list[Draw]:
    return [{"seed": seed, "scale": scale} for scale in SCALES for seed in range(10 if full else 1)]


def _diagonal(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    system, a = DiagonalNetwork(), float(draw["scale"])
    x, targets = _regression("diagonal", draw["seed"], _PATTERNS, system.inputs)
    loss = MeanSquare(margin=0.0, offsets=tuple((margin_of(draw, 1.0) * targets).tolist()))
    problem = backend.problem(system, {"x": x, "y": np.ones(len(x))}, loss)
    # Outputs of the order of a² |w|² are known to that rounding.
    until = Until(margin=None, loss=1e-17 * max(1.0, (a / 100) ** 4), resting=False, gradients=50_000)
    end = gradient_flow(problem, np.full(system.size, a), "exponential", 1e-6, until).end.w
    u, v = np.split(np.asarray(end, dtype=np.float64), 2)
    return {"error": float(np.abs(u * u - v * v - convex_limit(x, targets, a)).max())}


def _diagonal_rows(results: Results) -> list[Row]:
    rows = []
    for scale in SCALES:
        errors = [values["error"] for draw, values in results if draw["scale"] == scale]
        label = f"β of a flow's end less the convex program's, a = {scale:g}"
        rows.append(exact_row("diagonal", label, 0.0, errors, "arXiv 2002.09277", 1e-6))
    return rows


DIAGONAL = Calibration(
    name="diagonal", about="diagonal linear networks, from features to the lazy limit", draws=_diagonal_draws,
    measure=_diagonal, rows=_diagonal_rows,
)  # fmt: skip

WIDTHS = (1, 4, 16, 64)
_ANGLE = 1.0
"""Between the two patterns of the arc-cosine kernel."""
_SPREAD = 16
"""The least width whose variance is asked for: below, hundreds of draws of a square as skew have no interval."""


def arc_cosine(angle: float) -> float:
    """E Θ(x, x′)/|x||x′| d of one hidden layer of √2 relu units, by the angle: (sin φ + 2 (π − φ) cos φ)/π.

    Cho and Saul, NIPS 2009, kernels of degree 1 and 0; arXiv 1806.07572.

    Arguments:
        angle: φ between x and x′.
    """
    return float((np.sin(angle) + 2 * (pi - angle) * np.cos(angle)) / pi)


def arc_cosine_variance(angle: float) -> float:
    """Exact h Var Θ(x, x′) over initial weights, |x| = |x′| = √d, of one hidden layer of √2 relu units, by the angle.

    Θ is the mean over units of T = A + v²B, A = 2 z₊z₊′ and B = 2 θ(z)θ(z′) cos φ, v ~ N(0, 1): ⟨T²⟩ = ⟨A²⟩ + 2⟨AB⟩ +
    3⟨B²⟩ = (2J₂ + 4J₁ cos φ + 6J₀ cos²φ)/π with Cho and Saul's J_n, ⟨z₊ⁿ z₊′ⁿ⟩ = J_n/2π (NIPS 2009, eq. 1 to 6).

    Arguments:
        angle: φ between x and x′.
    """
    sine, cosine, rest = np.sin(angle), np.cos(angle), pi - angle
    zeroth, first, second = rest, sine + rest * cosine, 3 * sine * cosine + rest * (1 + 2 * cosine**2)
    squares = (2 * second + 4 * first * cosine + 6 * zeroth * cosine**2) / pi
    return float(squares - arc_cosine(angle) ** 2)


def _kernel_draws(full: bool) -> list[Draw]:
    return [{"seed": seed, "width": width} for width in WIDTHS for seed in range(4000 if full else 400)]


def _kernel(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    system = ParametrisedNetwork(inputs=2, width=draw["width"], depth=1, activation="relu")
    x = sqrt(2) * np.array([[1.0, 0.0], [np.cos(_ANGLE), np.sin(_ANGLE)]])
    w = system.initial(draw["seed"])
    problem = backend.problem(system, {"x": x, "y": np.ones(2)}, QuadraticHinge(margin=1.0))
    return {"kernel": float(problem.tangent_kernel(w, x[:1], x[1:])[0, 0])}


def _kernel_rows(results: Results) -> list[Row]:
    rows = []
    for width in WIDTHS:
        values = [values["kernel"] for draw, values in results if draw["width"] == width]
        label = f"⟨Θ(x, x′)⟩ at an angle of {_ANGLE:g}, h = {width}"
        rows.append(mean_row("arc_cosine", label, arc_cosine(_ANGLE), values, "Cho and Saul 2009", results))
        if width >= _SPREAD:
            squares = width * (np.array(values) - arc_cosine(_ANGLE)) ** 2
            label, truth = f"h Var Θ(x, x′) at an angle of {_ANGLE:g}, h = {width}", arc_cosine_variance(_ANGLE)
            rows.append(mean_row("arc_cosine", label, truth, squares, "Cho and Saul 2009", results))
    return rows


ARC_COSINE = Calibration(
    name="arc_cosine", about="the tangent kernel of a relu layer at every width, in the mean", draws=_kernel_draws,
    measure=_kernel, rows=_kernel_rows,
)  # fmt: skip

_TIME = 5.0
_CONSERVED, _LAZY = "conserved", "lazy"


def _flow_draws(full: bool) -> list[Draw]:
    seeds = range(10 if full else 1)
    draws: list[Draw] = [
        {"seed": seed, "kind": kind, "method": "all"} for kind in (_CONSERVED, _LAZY) for seed in seeds
    ]
    return draws + [{"seed": seed, "kind": "linear", "method": method} for method in METHODS for seed in seeds]


def _flow(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    measured = {"linear": _linear, _CONSERVED: _conserved, _LAZY: _lazy}[draw["kind"]]
    return {"error": measured(backend, draw)}


def _linear(backend: Backend, draw: Mapping[str, Any]) -> float:
    """A linear network under the mean square: Δ(t) of a flow less e^(−Kt/P) Δ₀."""
    x, targets = _regression("flow", draw["seed"], 8, 12)
    loss = MeanSquare(margin=0.0, offsets=tuple((margin_of(draw, 1.0) * targets).tolist()))
    problem = backend.problem(Network(inputs=12, depth=0, bias=False), {"x": x, "y": np.ones(8)}, loss)
    w = np.zeros(12)
    until = Until(margin=None, time=_TIME, resting=False)
    values, vectors = np.linalg.eigh(x @ x.T)
    exact = vectors @ (np.exp(-values * _TIME / 8) * (vectors.T @ targets))
    end = gradient_flow(problem, w, draw["method"], _TOLERANCES[draw["method"]], until).end
    return float(np.abs(end.margins - exact).max())


_TOLERANCES = {"authors": 1e-5, "chebyshev": 1e-6, "exponential": 1e-3}
_ERRORS = {"authors": 2e-3, "chebyshev": 1e-4, "exponential": 1e-12}
"""Of steps with these tolerances: the first falls as the root of its tolerance; the last is exact here."""


def _conserved(backend: Backend, draw: Mapping[str, Any]) -> float:
    """The change of |w_in|² − |w_out|², unit by unit, along a flow of a linear network with one hidden layer."""
    system = ParametrisedNetwork(inputs=4, width=6, depth=1, activation="linear")
    x, targets = _regression("conserved", draw["seed"], 6, 4)
    problem = backend.problem(system, {"x": x, "y": np.sign(targets)}, SoftHinge(sharpness=5.0))
    w = system.initial(draw["seed"])
    end = gradient_flow(problem, w, "exponential", 1e-5, Until(margin=None, time=_TIME, resting=False)).end.w

    def balance(at: Any) -> Float64:
        into, out = (np.asarray(at[part], dtype=np.float64) for part in system.groups.values())
        return np.asarray(np.sum(into.reshape(6, 4) ** 2, axis=1) - out**2)

    drift = float(np.abs(balance(end) - balance(w)).max())
    # The fault of the estimator: what is compared is 2% too large.
    return drift + (0.02 * float(np.abs(balance(w)).max()) if draw.get("fault") == "estimator" else 0.0)


def _lazy(backend: Backend, draw: Mapping[str, Any]) -> float:
    """A network at α = 1e5 against the flow of its initial kernel: Δ of both under a soft hinge."""
    alpha, system = 1e5, ParametrisedNetwork(inputs=3, width=5, depth=1)
    x, targets = _regression("lazy", draw["seed"], 6, 3)
    w, loss = system.initial(draw["seed"]), SoftHinge(margin=margin_of(draw, 1.0), sharpness=5.0)
    data = {"x": x, "y": np.sign(targets), "origin": w}
    problem = backend.problem(Output(system=system, scale=alpha), data, loss)
    until = Until(margin=None, time=10 / alpha**2, resting=False)
    J, sharp = problem.jacobian(w, np.arange(6)), SoftHinge(sharpness=5.0)
    exact = kernel_flow(J @ J.T, np.ones(6), sharp, until)
    return float(np.abs(gradient_flow(problem, w, "exponential", 1e-4, until).end.margins - exact.margins).max())


def _flow_rows(results: Results) -> list[Row]:
    rows = []
    for method in METHODS:
        errors = [values["error"] for draw, values in results if draw["method"] == method]
        label = f"Δ(t) of a linear network less e^(−Kt/P) Δ₀, {method}"
        rows.append(exact_row("flow", label, 0.0, errors, "closed form", _ERRORS[method]))
    checks = (
        (_CONSERVED, "change of |w_in|² − |w_out|² along a flow", "arXiv 1806.00900", 1e-6),
        (_LAZY, "Δ at α = 1e5 less the kernel's flow", "arXiv 1812.07956", 1e-3),
    )
    for kind, label, source, bound in checks:
        errors = [values["error"] for draw, values in results if draw["kind"] == kind]
        rows.append(exact_row("flow", label, 0.0, errors, source, bound))
    return rows


FLOW = Calibration(
    name="flow", about="gradient flow: linear networks, the lazy limit, conserved quantities", draws=_flow_draws,
    measure=_flow, rows=_flow_rows,
)  # fmt: skip
