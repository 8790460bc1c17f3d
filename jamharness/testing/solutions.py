"""A system on data under a loss at one w, and all that a problem computes of it, from closed forms.

A draw is taken only where rounding decides nothing, as for the suite's networks.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import count
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from jamharness.api import CrossEntropy, Float64, Linear, Loss, MeanSquare, QuadraticHinge, SoftHinge, generator
from jamharness.testing.cases import CLEAR
from jamharness.testing.ridges import Ridges
from jamharness.testing.systems import (
    Bilinear,
    Closed,
    Distances,
    HalfSpaces,
    Overlaps,
    Solved,
    Values,
    along_tangent,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """What a loss makes of closed forms.

    Arguments:
        system: whose manifold w is on.
        loss: ℓ.
        w: (N,).
        closed: g, ∇g and ∇∇g at w.
    """

    system: Solved
    loss: Loss
    w: Float64
    closed: Closed

    @cached_property
    def margins(self) -> Float64:
        """Δ = κ + o − g, (M,)."""
        offsets = np.asarray(self.loss.offsets) if self.loss.offsets else 0.0
        return np.asarray(self.loss.margin + offsets - self.closed.gaps)

    @cached_property
    def parts(self) -> tuple[Float64, Float64, Float64]:
        """ℓ, ℓ′ and ℓ″ of every constraint."""
        return of_loss(self.loss, self.margins)

    @property
    def value(self) -> float:
        """L."""
        return float(self.parts[0].mean())

    @property
    def jacobian(self) -> Float64:
        """∂Δ/∂w = −∇g, (M, N)."""
        return -self.closed.slopes

    @property
    def gradient(self) -> Float64:
        """∇L (N,), in the space around the sphere."""
        return np.asarray(-self.parts[1] @ self.closed.slopes / len(self.margins))

    @property
    def terms(self) -> float:
        """The largest entry of the sum of |ℓ′ ∇Δ|/M, by whose size the rounding of ∇L is to be judged."""
        return float((np.abs(self.parts[1]) @ np.abs(self.closed.slopes)).max() / len(self.margins))

    @property
    def hessians(self) -> tuple[Float64, Float64]:
        """H0 and Hp, (N, N) each."""
        _, slope, curvature = self.parts
        H0 = np.einsum("m,mi,mj->ij", curvature, self.closed.slopes, self.closed.slopes)
        Hp = -np.einsum("m,mij->ij", slope, self.closed.bends)
        return np.asarray(H0 / len(slope)), np.asarray(Hp / len(slope))

    @property
    def rows(self) -> NDArray[np.intp]:
        """The constraints that least squares are about."""
        return np.flatnonzero(self.parts[2])

    @property
    def tangent_jacobian(self) -> Float64:
        """J of these, in the tangent space."""
        return np.asarray(along_tangent(self.system.radius, self.w, self.jacobian[self.rows]))

    def step(self, damping: float) -> Float64:
        """argmin_s |Δ + J s|² + λ|s|² in the tangent space, by NumPy's least squares."""
        J, size = self.tangent_jacobian, len(self.w)
        stacked = np.concatenate([J, sqrt(damping) * np.eye(size)])
        target = np.concatenate([-self.margins[self.rows], np.zeros(size)])
        return np.asarray(np.linalg.lstsq(stacked, target, rcond=None)[0])


def of_loss(loss: Loss, delta: Float64) -> tuple[Float64, Float64, Float64]:
    """ℓ, ℓ′ and ℓ″ as the papers write them."""
    if isinstance(loss, QuadraticHinge):
        hinge = np.maximum(delta, 0)
        return hinge**2 / 2, hinge, (delta > 0).astype(np.float64)
    if isinstance(loss, MeanSquare):
        return delta**2 / 2, delta, np.ones_like(delta)
    if isinstance(loss, Linear):
        return delta, np.ones_like(delta), np.zeros_like(delta)
    beta = loss.sharpness if isinstance(loss, SoftHinge) else 1.0
    odds = np.exp(beta * delta)
    return np.log1p(odds) / beta, odds / (1 + odds), beta * odds / (1 + odds) ** 2


@dataclass(frozen=True, kw_only=True, eq=False)
class SystemCase:
    """A system on data of its own, at one w and under the quadratic hinge.

    Arguments:
        name: as it appears in the names of tests.
        system: the system.
        constraints: M.
        margin: κ, at which some of them are violated.
    """

    name: str
    system: Solved
    constraints: int
    margin: float

    @property
    def loss(self) -> Loss:
        """The quadratic hinge."""
        return QuadraticHinge(margin=self.margin)

    @property
    def w(self) -> Float64:
        """W (N,), a new array each time."""
        return self._sample[0].copy()

    @property
    def data(self) -> Values:
        """Data, new arrays each time."""
        return {name: values.copy() for name, values in self._sample[1].items()}

    def solution(self, loss: Loss | None = None) -> Solution:
        """The closed forms under a loss; None for the hinge."""
        closed = self.system.closed(self.w, self.data)
        return Solution(system=self.system, loss=loss or self.loss, w=self.w, closed=closed)

    def damping(self, factor: float, loss: Loss | None = None) -> float:
        """λ in units of the mean diagonal of JᵀJ."""
        return factor * float(np.sum(self.solution(loss).tangent_jacobian ** 2)) / self.system.size

    @cached_property
    def _sample(self) -> tuple[Float64, Values]:
        for attempt in count():
            draw = generator("conformance systems", self.name, attempt)
            data, w = self.system.drawn(draw, self.constraints), self.system.initial(attempt)
            closed = self.system.closed(w, data)
            solution = Solution(system=self.system, loss=self.loss, w=w, closed=closed)
            few = 0 < len(solution.rows) < self.constraints
            if few and np.abs(solution.margins).min() > CLEAR and self.system.clear(w, data):
                return w, data
        raise AssertionError

    def __str__(self) -> str:
        return self.name


HALF_SPACES = SystemCase(name="half-spaces", system=HalfSpaces(inputs=7), constraints=70, margin=0.3)
"""More constraints than are differentiated together."""
BILINEAR = SystemCase(name="bilinear", system=Bilinear(inputs=3, units=4), constraints=13, margin=0.5)
DISTANCES = SystemCase(name="distances", system=Distances(points=6), constraints=15, margin=0.2)
OVERLAPS = SystemCase(name="overlaps", system=Overlaps(vectors=5, dimension=2), constraints=10, margin=0.1)
RIDGES = SystemCase(name="ridges", system=Ridges(dimension=6), constraints=39, margin=0.6)
SYSTEMS = (HALF_SPACES, BILINEAR, DISTANCES, OVERLAPS, RIDGES)

LOSSES: dict[str, Loss] = {
    "hinge-offsets": QuadraticHinge(margin=0.5, offsets=tuple(0.3 * (-1) ** i + 0.05 * i for i in range(13))),
    "softhinge": SoftHinge(margin=0.5, sharpness=3.0),
    "cross-entropy": CrossEntropy(),
    "mean-square": MeanSquare(margin=1.0),
    "linear": Linear(),
}
"""Beside the quadratic hinge, on ``BILINEAR``."""
