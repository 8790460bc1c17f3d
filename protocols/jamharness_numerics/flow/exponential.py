"""Exponential steps on the tangent kernel: the linear part of the flow exactly, the rest to second order.

ẇ = −rate Jᵀ ℓ′(Δ)/P with J = ∂Δ/∂w. With J and D = ℓ″ of a step's beginning, the linear part is −H0 = −JᵀDJ/P, whose
functions are those of the P × P matrix √D J Jᵀ √D/P: the kernel of the patterns that pull. As long as the kernel stands
still and the loss is quadratic a step of any length is exact, so that steps are as long as features allow. The method is
ETD2RK (Cox and Matthews, J. Comput. Phys. 176, 430, 2002, eq. 20-22) with that linear part, taken anew at every step.
"""

import numpy as np

from jamharness.api import Array, Float64
from jamharness_numerics.flow.control import error_of, rescaled
from jamharness_numerics.flow.evaluation import Field
from jamharness_numerics.flow.outcome import Place


class Exponential:
    """ETD2RK, whose first stage is exponential Euler: their difference is the error that is controlled.

    Arguments:
        field: the flow.
        tolerance: of that difference, in units of Δ.
    """

    default = 1e-2

    def __init__(self, field: Field, tolerance: float) -> None:
        self.field, self.tolerance = field, tolerance
        self._linear: tuple[Place, LinearPart] | None = None

    def step(self, place: Place, dt: float) -> tuple[Place, float]:
        """The end of a step, and its error in units of the tolerance."""
        if self._linear is None or self._linear[0] is not place:
            self._linear = place, LinearPart.at(self.field, place)
        linear = self._linear[1]
        slope = -self.field.rate * place.gradient
        moved = dt * linear.apply(phi1, dt, slope)
        middle = self.field.velocity(place.w + moved)
        if not np.isfinite(middle @ middle):
            return place, float("inf")
        left = middle - slope - linear.times(moved)
        correction = dt * linear.apply(phi2, dt, left)
        w = place.w + moved + correction
        new = self.field.place(w, place.time + dt)
        if not new.finite:
            return new, float("inf")
        return new, error_of(self.field, w, new.margins, correction) / self.tolerance

    def next(self, dt: float, error: float) -> float:
        """The next dt: the difference is ∝ dt²."""
        return rescaled(dt, error, 2)


class LinearPart:
    """−BᵀB with B = √(rate D/P) J (n, N), and functions of it by the smaller of BBᵀ and BᵀB.

    Arguments:
        B: (n, N).
    """

    def __init__(self, B: Array) -> None:
        self._B = B
        small = B @ B.T if B.shape[0] <= B.shape[1] else B.T @ B
        values, vectors = np.linalg.eigh(small)
        # Rounding leaves eigenvalues of the size of eps times the largest, of either sign.
        self._values: Float64 = np.maximum(values, 0.0)
        self._vectors = vectors

    @classmethod
    def at(cls, field: Field, place: Place) -> "LinearPart":
        """The linear part of a flow at a place."""
        curvature = field.rate * field.loss.curvature(place.margins) / len(place.margins)
        rows = np.flatnonzero(curvature > curvature.max(initial=0.0) * 1e-12)
        return cls(np.sqrt(curvature[rows])[:, None] * field.jacobian(place.w, rows))

    def times(self, v: Array) -> Array:
        """−BᵀB v."""
        return np.asarray(-(self._B.T @ (self._B @ v)))

    def apply(self, function: "type[phi1] | type[phi2]", dt: float, v: Array) -> Array:
        """φ(−dt BᵀB) v (N,)."""
        scaled = dt * self._values
        if self._B.shape[0] > self._B.shape[1]:
            return np.asarray(self._vectors @ (function.value(scaled) * (self._vectors.T @ v)))
        # φ(z) = φ(0) + z (φ(z) − φ(0))/z, of which the second part acts in the span of B alone.
        inner = self._vectors.T @ (self._B @ v)
        return np.asarray(function.zero * v - dt * (self._B.T @ (self._vectors @ (function.rest(scaled) * inner))))


class phi1:  # noqa: N801  (a function of mathematics)
    """φ₁(−x) = (1 − e^−x)/x for x ≥ 0."""

    zero = 1.0

    @staticmethod
    def value(x: Float64) -> Float64:
        """φ₁(−x)."""
        safe = np.where(x > 1e-8, x, 1.0)
        return np.where(x > 1e-8, -np.expm1(-safe) / safe, 1 - x / 2)

    @staticmethod
    def rest(x: Float64) -> Float64:
        """(1 − φ₁(−x))/x = φ₂(−x)."""
        return phi2.value(x)


class phi2:  # noqa: N801  (a function of mathematics)
    """φ₂(−x) = (e^−x − 1 + x)/x² for x ≥ 0."""

    zero = 0.5

    @staticmethod
    def value(x: Float64) -> Float64:
        """φ₂(−x)."""
        safe = np.where(x > 1e-3, x, 1.0)
        return np.where(x > 1e-3, (np.expm1(-safe) + safe) / safe**2, 1 / 2 - x / 6 + x**2 / 24 - x**3 / 120)

    @staticmethod
    def rest(x: Float64) -> Float64:
        """(1/2 − φ₂(−x))/x = φ₃(−x)."""
        safe = np.where(x > 1e-2, x, 1.0)
        direct = (0.5 - phi2.value(safe)) / safe
        return np.where(x > 1e-2, direct, 1 / 6 - x / 24 + x**2 / 120 - x**3 / 720)
