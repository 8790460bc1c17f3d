"""A system of functions of one variable: one for each function and operator in which formulas are written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any, ClassVar

import numpy as np
from scipy.special import erf, expit

from jamharness.api import Data, Float64, Namespace
from jamharness.testing.systems import Closed, Solved, Values


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function of one variable.

    Arguments:
        formula: as a system writes it.
        value, slope, curvature: as NumPy and SciPy have them.
    """

    formula: Callable[[Namespace, Any], Any]
    value: Callable[[Float64], Float64]
    slope: Callable[[Float64], Float64]
    curvature: Callable[[Float64], Float64]


def _bell(t: Float64) -> Float64:
    return np.asarray(2 / sqrt(pi) * np.exp(-(t**2)))


FUNCTIONS: Mapping[str, Function] = {
    "exp": Function(formula=lambda xp, t: xp.exp(t), value=np.exp, slope=np.exp, curvature=np.exp),
    "log": Function(
        formula=lambda xp, t: xp.log(1.0 + t * t), value=lambda t: np.log(1 + t**2), slope=lambda t: 2 * t / (1 + t**2),
        curvature=lambda t: 2 * (1 - t**2) / (1 + t**2) ** 2,
    ),
    "sqrt": Function(
        formula=lambda xp, t: xp.sqrt(1.0 + t * t), value=lambda t: np.hypot(1, t), slope=lambda t: t / np.hypot(1, t),
        curvature=lambda t: np.hypot(1, t) ** -3.0,
    ),
    "tanh": Function(
        formula=lambda xp, t: xp.tanh(t), value=np.tanh, slope=lambda t: np.cosh(t) ** -2.0,
        curvature=lambda t: -2 * np.tanh(t) / np.cosh(t) ** 2,
    ),
    "erf": Function(
        formula=lambda xp, t: xp.erf(t), value=lambda t: np.asarray(erf(t)), slope=_bell,
        curvature=lambda t: -2 * t * _bell(t),
    ),
    "softplus": Function(
        formula=lambda xp, t: xp.softplus(t), value=lambda t: np.log1p(np.exp(t)), slope=lambda t: np.asarray(expit(t)),
        curvature=lambda t: np.asarray(expit(t) * expit(-t)),
    ),
    "sin": Function(formula=lambda xp, t: xp.sin(t), value=np.sin, slope=np.cos, curvature=lambda t: -np.sin(t)),
    "cos": Function(
        formula=lambda xp, t: xp.cos(t), value=np.cos, slope=lambda t: -np.sin(t), curvature=lambda t: -np.cos(t)
    ),
    "rint": Function(
        formula=lambda xp, t: (t - xp.rint(t)) ** 2, value=lambda t: (t - np.rint(t)) ** 2,
        slope=lambda t: 2 * (t - np.rint(t)), curvature=lambda t: np.full(len(t), 2.0),
    ),
    "constant": Function(
        formula=lambda xp, t: t * xp.constant(t), value=lambda t: t**2, slope=lambda t: t, curvature=np.zeros_like
    ),
    "where": Function(
        formula=lambda xp, t: xp.where(t > 0, t * t, 0.0 * t), value=lambda t: np.maximum(t, 0) ** 2,
        slope=lambda t: 2 * np.maximum(t, 0), curvature=lambda t: np.where(t > 0, 2.0, 0.0),
    ),
    "power": Function(
        formula=lambda _, t: -(t**3), value=lambda t: -(t**3), slope=lambda t: -3 * t**2, curvature=lambda t: -6 * t
    ),
    "quotient": Function(
        formula=lambda _, t: 1.0 / (1.0 + t * t), value=lambda t: 1 / (1 + t**2),
        slope=lambda t: -2 * t / (1 + t**2) ** 2, curvature=lambda t: (6 * t**2 - 2) / (1 + t**2) ** 3,
    ),
}  # fmt: skip
"""Functions and operators, all of them finite everywhere: a formula computes every one for every constraint. What is
held constant has the derivatives of the other factor alone."""


@dataclass(frozen=True, kw_only=True)
class Ridges(Solved):
    """g_μ = φ_μ(a_μ·w) with |w|² = N, the constraints divided among all of ``FUNCTIONS``.

    Arguments:
        dimension: N.
    """

    along: ClassVar[tuple[str, ...]] = ("direction", "function")
    dimension: int

    @property
    def size(self) -> int:
        """N."""
        return self.dimension

    @property
    def radius(self) -> float:
        """√N."""
        return sqrt(self.dimension)

    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:
        """Every function of every variable, of which each constraint takes its own."""
        t, count = xp.matmul(data["direction"], w), len(FUNCTIONS)
        rows = xp.concatenate([function.formula(xp, t) for function in FUNCTIONS.values()])
        chosen = xp.take(xp.asarray(np.eye(count)), data["function"])
        return xp.sum(chosen * xp.transpose(xp.reshape(rows, (count, -1))), axis=1)

    def drawn(self, draw: np.random.Generator, constraints: int) -> Values:
        """Directions, and which function each constraint has."""
        directions = draw.standard_normal((constraints, self.dimension)) / sqrt(self.dimension)
        return {"direction": directions, "function": np.arange(constraints) % len(FUNCTIONS)}

    def clear(self, w: Float64, data: Values) -> bool:
        """No variable is nearly at the kink of ``where``, nor half-way between whole numbers."""
        t = data["direction"] @ w
        return bool(np.abs(t).min() > 5e-3 and np.abs(t - np.rint(t)).max() < 0.495 and np.abs(t).max() < 3)

    def closed(self, w: Float64, data: Values) -> Closed:
        """φ, φ′ a and φ″ a aᵀ."""
        a = data["direction"]
        parts = np.empty((3, len(a)))
        for index, function in enumerate(FUNCTIONS.values()):
            mine = data["function"] == index
            t = a[mine] @ w
            parts[:, mine] = function.value(t), function.slope(t), function.curvature(t)
        bends = parts[2][:, None, None] * a[:, :, None] * a[:, None, :]
        return Closed(gaps=parts[0], slopes=parts[1][:, None] * a, bends=bends)
