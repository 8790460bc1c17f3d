"""Exponential steps on the tangent kernel: the linear part of the flow exactly, the rest to fourth order.

ẇ = −rate Jᵀ ℓ′(Δ)/P with J = ∂Δ/∂w. With J and D = ℓ″ of a step's beginning, the linear part is −H0 = −JᵀDJ/P, whose
functions are those of the P × P matrix √D J Jᵀ √D/P: the kernel of the patterns that pull. As long as the kernel stands
still and the loss is quadratic a step of any length is exact: steps are as long as features allow. The method is
ETD4RK (Cox and Matthews, J. Comput. Phys. 176, 430, 2002, eq. 26-29), its linear part taken anew every step.
"""

from math import factorial

import numpy as np

from jamharness.api import Array, Float64
from jamharness_numerics.flow.control import Controlled, error_of, rescaled
from jamharness_numerics.flow.evaluation import Field
from jamharness_numerics.flow.outcome import Place

_SERIES = 1.0
"""Below that x the functions φ_k(−x) are summed as series, of so many terms that rounding is all that is left."""
_TERMS = 18


class Exponential(Controlled):
    """ETD4RK; its error is taken to be the distance from ETD2RK's step on the same stages, two orders lower.

    Arguments:
        field: the flow.
        tolerance: of that difference, in units of Δ.
    """

    default = 1e-2

    def __init__(self, field: Field, tolerance: float) -> None:
        super().__init__(field, tolerance)
        self._linear: tuple[Place, LinearPart] | None = None

    def step(self, place: Place, dt: float) -> tuple[Place, float]:
        """The end of a step, and its error in units of the tolerance."""
        if self._linear is None or self._linear[0] is not place:
            self._linear = place, LinearPart.at(self.field, place)
        linear, half = self._linear[1], dt / 2
        slope = -self.field.rate * place.gradient

        def rest(moved: Array) -> Array:
            """What the linear part leaves of ẇ at w + moved."""
            remainder = self.field.velocity(place.w + moved) - slope - linear.times(moved)
            if not np.isfinite(remainder @ remainder):
                raise FloatingPointError
            return remainder

        try:
            a = half * linear.apply(half, slope, {1: 1.0})
            at_a = rest(a)
            at_b = rest(half * linear.apply(half, slope + at_a, {1: 1.0}))
            c = a + half * linear.apply(half, linear.times(a) + slope + 2 * at_b, {1: 1.0})
            at_c = rest(c)
        except FloatingPointError:
            return place, float("inf")
        first = dt * linear.apply(dt, slope, {1: 1.0})
        fourth = dt * (
            linear.apply(dt, 2 * (at_a + at_b), {2: 1.0, 3: -2.0}) + linear.apply(dt, at_c, {2: -1.0, 3: 4.0})
        )
        second = dt * linear.apply(dt, at_c, {2: 1.0})
        w = place.w + first + fourth
        new = self.field.place(w, place.time + dt)
        if not new.finite:
            return new, float("inf")
        return new, error_of(self.field, w, new.margins, fourth - second) / self.tolerance

    def next(self, dt: float, error: float) -> float:
        """The next dt: the difference is ∝ dt³."""
        return rescaled(dt, error, 3)


class LinearPart:
    """−BᵀB with B = √(rate D/P) J (n, N), and functions of it by the smaller of BBᵀ and BᵀB.

    Arguments:
        B: (n, N).
    """

    def __init__(self, B: Array) -> None:
        self._B = B
        self._wide = B.shape[0] <= B.shape[1]
        values, self._vectors = np.linalg.eigh(B @ B.T if self._wide else B.T @ B)
        # Rounding leaves eigenvalues of the size of eps times the largest, of either sign.
        self._values: Float64 = np.maximum(values, 0.0)

    @classmethod
    def at(cls, field: Field, place: Place) -> "LinearPart":
        """The linear part of a flow at a place."""
        curvature = field.rate * field.loss.curvature(place.margins) / len(place.margins)
        rows = np.flatnonzero(curvature > curvature.max(initial=0.0) * 1e-12)
        return cls(np.sqrt(curvature[rows])[:, None] * field.jacobian(place.w, rows))

    def times(self, v: Array) -> Array:
        """−BᵀB v."""
        return np.asarray(-(self._B.T @ (self._B @ v)))

    def apply(self, dt: float, v: Array, weights: dict[int, float]) -> Array:
        """Σ_k c_k φ_k(−dt BᵀB) v (N,).

        Arguments:
            dt: the length of a step.
            v: (N,).
            weights: c_k by k.
        """
        x = dt * self._values
        if not self._wide:
            values = sum(c * phi(k, x) for k, c in weights.items())
            return np.asarray(self._vectors @ (values * (self._vectors.T @ v)))
        # φ_k(−x) = 1/k! − x φ_{k+1}(−x), of which the second part acts in the span of B's rows alone.
        whole = sum(c / factorial(k) for k, c in weights.items())
        inner = sum(c * phi(k + 1, x) for k, c in weights.items()) * (self._vectors.T @ (self._B @ v))
        return np.asarray(whole * v - dt * (self._B.T @ (self._vectors @ inner)))


def phi(k: int, x: Float64) -> Float64:
    """φ_k(−x) = ∫₀¹ e^(−(1−s)x) s^(k−1) ds/(k−1)! for x ≥ 0; φ₁ = (1 − e^−x)/x.

    Arguments:
        k: at least 1.
        x: (n,).
    """
    small = x < _SERIES
    near = np.where(small, x, 0.0)
    series = np.zeros_like(x)
    for term in reversed(range(_TERMS)):
        series = series * -near / (k + term + 1) + 1.0
    far = np.where(small, 1.0, x)
    value = np.exp(-far)
    for order in range(k):
        value = (1 / factorial(order) - value) / far
    return np.where(small, series / factorial(k), value)
