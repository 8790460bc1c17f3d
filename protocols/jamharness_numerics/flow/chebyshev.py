"""Stabilised explicit steps of second order: gradients alone, and step lengths that grow as the square of their number.

The Runge–Kutta–Chebyshev method RKC2 of Sommeijer, Shampine and Verwer (J. Comput. Appl. Math. 88, 315, 1998): −H of a
gradient flow is symmetric, so that its stiff part lies on the negative real axis, and s stages are stable up to
dt ρ = 2(s² − 1)(1 − 2ε/15)/3, instead of 2s for s Euler steps.
"""

from functools import lru_cache

import numpy as np

from jamharness.api import Array, Float64, generator
from jamharness_numerics.flow.control import Controlled, error_of, rescaled
from jamharness_numerics.flow.evaluation import Field
from jamharness_numerics.flow.outcome import Place

_DAMPING = 2 / 13
"""ε."""
_MOST = 400
"""Stages of a step at most."""
_RENEW = 20
"""Steps after which the spectral radius is estimated again."""
_SAFETY = 1.2
"""It is taken larger than the power method says, which comes from below."""


class Chebyshev(Controlled):
    """RKC2 with as many stages as stability asks for, and its own estimate of the error.

    Arguments:
        field: the flow.
        tolerance: of a step's error, in units of Δ.
    """

    default = 1e-4

    def __init__(self, field: Field, tolerance: float) -> None:
        super().__init__(field, tolerance)
        self._stiffest: Array | None = None
        self._radius, self._age = 0.0, 0

    def step(self, place: Place, dt: float) -> tuple[Place, float]:
        """The end of a step, and its error in units of the tolerance."""
        first = -self.field.rate * place.gradient
        if self._stiffest is None or self._age >= _RENEW:
            self._radius, self._age = self._estimated(place.w, first), 0
        self._age += 1
        stages = 1 + int(np.sqrt(1.54 * dt * self._radius + 1))
        if stages > _MOST:
            return place, 10 * (stages / _MOST) ** 6
        w = self._stages(place.w, first, dt, max(2, stages))
        new = self.field.place(w, place.time + dt)
        last = -self.field.rate * new.gradient
        difference = 0.8 * (place.w - w) + 0.4 * dt * (first + last)
        if not new.finite:
            self._age = _RENEW
            return new, float("inf")
        error = error_of(self.field, w, new.margins, difference) / self.tolerance
        if error >= 1:
            self._age = _RENEW
        return new, error

    def next(self, dt: float, error: float) -> float:
        """The next dt: the error is ∝ dt³."""
        return rescaled(dt, error, 3)

    def _stages(self, w: Array, first: Array, dt: float, stages: int) -> Array:
        start, mu, nu, own, old = _coefficients(stages)
        before, now = w, w + start * dt * first
        for stage in range(2, stages + 1):
            j = stage - 2
            slope = self.field.velocity(now)
            after = (1 - mu[j] - nu[j]) * w + mu[j] * now + nu[j] * before + dt * (own[j] * slope + old[j] * first)
            before, now = now, after
        return now

    def _estimated(self, w: Array, velocity: Array) -> float:
        """ρ of the field's derivative at w by the power method on differences of gradients (as in RKC's ``rkcrho``)."""
        v = self._stiffest
        if v is None:
            v = velocity + 1e-3 * np.linalg.norm(velocity) * _direction(len(w))
        shift = float(np.sqrt(np.finfo(np.float64).eps) * max(np.linalg.norm(w), 1e-8))
        radius = 0.0
        for _ in range(30):
            unit = v / np.linalg.norm(v)
            v = (self.field.velocity(w + shift * unit) - velocity) / shift
            last, radius = radius, float(np.linalg.norm(v))
            if radius == 0 or abs(radius - last) < 0.01 * radius:
                break
        self._stiffest = v if radius else None
        return _SAFETY * radius


def _direction(size: int) -> Float64:
    random = generator("flow", "direction", size).standard_normal(size)
    return np.asarray(random / np.linalg.norm(random))


@lru_cache(maxsize=_MOST)
def _coefficients(stages: int) -> tuple[float, Float64, Float64, Float64, Float64]:
    """μ̃₁, and μ, ν, μ̃, γ̃ of stages 2 to s."""
    w0 = 1 + _DAMPING / stages**2
    value, slope, bend = np.zeros((3, stages + 1))
    value[:2], slope[1] = (1, w0), 1
    for j in range(2, stages + 1):
        value[j] = 2 * w0 * value[j - 1] - value[j - 2]
        slope[j] = 2 * value[j - 1] + 2 * w0 * slope[j - 1] - slope[j - 2]
        bend[j] = 4 * slope[j - 1] + 2 * w0 * bend[j - 1] - bend[j - 2]
    w1 = slope[stages] / bend[stages]
    b = np.zeros(stages + 1)
    b[2:] = bend[2:] / slope[2:] ** 2
    b[:2] = b[2]
    a = 1 - b * value
    mu = 2 * b[2:] * w0 / b[1:-1]
    nu = -b[2:] / b[:-2]
    own = 2 * b[2:] * w1 / b[1:-1]
    return float(b[1] * w1), mu, nu, own, -a[1:-1] * own
