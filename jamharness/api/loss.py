"""Losses as values: ℓ(Δ) with its slope and curvature, of which L, ∇L, H0 and Hp of every system are made.

L(w) = (1/M) Σ_μ ℓ(Δ_μ), ∇L = (1/M) Σ ℓ′ ∇Δ, H0 = (1/M) Σ ℓ″ ∇Δ∇Δᵀ and Hp = (1/M) Σ ℓ′ ∇∇Δ, with Δ_μ = κ − g_μ(w).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Array
from jamharness.api.errors import BadInput

MARGINS = (1e-6, 1e6)
"""The smallest and the largest κ that can be asked for. Δ is of the order of κ: below, Δ² and what minimisers resolve
of it (1e-20 κ²) would underflow in float32, and above, sums of Δ² over patterns and their squares would overflow."""
BEYOND = 10.0
"""Minimisers aim at a margin beyond κ: a problem may have one that lies this factor outside what can be asked for."""


def margin_problem(margin: float) -> str:
    """What is wrong with a margin κ that somebody asks for, in one sentence; empty when nothing is."""
    if MARGINS[0] <= margin <= MARGINS[1]:
        return ""
    return (
        f"margin = {margin}: the margin κ must be a number from {MARGINS[0]:g} to {MARGINS[1]:g}, "
        "so that its square neither underflows nor overflows; the papers use 1."
    )


@dataclass(frozen=True, kw_only=True)
class Loss(ABC):
    """ℓ(Δ) of one constraint, Δ = κ − g.

    Arguments:
        margin: κ, in units of the gaps: up to 1e7 in size; a network's is at least 1e-7 (``MARGINS`` says why).
        offsets: what each constraint's own margin has beyond κ, (M,), so that Δ_μ = κ + o_μ − g_μ; empty for none.

    Attributes:
        least_squares: whether ℓ = Δ²/2 where it is not zero, so that least-squares steps apply.
        finite_range: whether ℓ = 0 for every satisfied constraint.
    """

    margin: float = 1.0
    offsets: tuple[float, ...] = ()
    least_squares: ClassVar[bool] = False
    finite_range: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not abs(self.margin) <= MARGINS[1] * BEYOND:
            raise BadInput(margin_problem(self.margin))
        if not np.isfinite(self.offsets).all():
            raise BadInput("offsets: the constraints' own margins must be finite numbers.")

    @abstractmethod
    def value(self, delta: Array) -> Array:
        """ℓ(Δ), elementwise."""

    @abstractmethod
    def slope(self, delta: Array) -> Array:
        """ℓ′(Δ), elementwise."""

    @abstractmethod
    def curvature(self, delta: Array) -> Array:
        """ℓ″(Δ), elementwise; where ℓ′ jumps, that of the satisfied side."""

    def satisfied(self, delta: Array) -> NDArray[np.bool_]:
        """Which constraints are satisfied: Δ ≤ 0."""
        return np.asarray(delta <= 0)

    def margins(self, gaps: Array) -> Array:
        """Δ = κ + o − g, (M,).

        Raises:
            BadInput: another number of offsets than there are constraints.
        """
        if not self.offsets:
            return np.asarray(gaps.dtype.type(self.margin) - gaps)
        if len(self.offsets) != len(gaps):
            raise BadInput(f"offsets: {len(self.offsets)} for {len(gaps)} constraints; give one each, or none.")
        return np.asarray(np.asarray(self.offsets, dtype=gaps.dtype) + gaps.dtype.type(self.margin) - gaps)

    def shifted(self, change: float) -> "Loss":
        """The same loss with every margin larger by ``change``."""
        return replace(self, margin=self.margin + change)


@dataclass(frozen=True, kw_only=True)
class QuadraticHinge(Loss):
    """ℓ = max(0, Δ)²/2: a finite range, as of contact forces (arXiv 1809.09349 eq. 1; repulsive spheres: eq. 2 there).

    Arguments:
        margin: κ; networks need κ > 0, as their output scale is free, and the papers use 1. Spheres and the spherical
            perceptron take any.
    """

    least_squares: ClassVar[bool] = True
    finite_range: ClassVar[bool] = True

    def value(self, delta: Array) -> Array:
        """max(0, Δ)²/2."""
        return np.asarray(np.maximum(delta, 0) ** 2 / 2)

    def slope(self, delta: Array) -> Array:
        """max(0, Δ)."""
        return np.maximum(delta, 0)

    def curvature(self, delta: Array) -> Array:
        """1 where Δ > 0."""
        return np.asarray((delta > 0).astype(delta.dtype))


@dataclass(frozen=True, kw_only=True)
class SoftHinge(Loss):
    """ℓ = log(1 + e^{βΔ})/β, which tends to the linear hinge as β grows (arXiv 1906.08034, §II.B).

    Arguments:
        margin: κ.
        sharpness: β > 0; that paper has 20.
    """

    sharpness: float = 20.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.sharpness < float("inf"):
            raise BadInput(f"sharpness = {self.sharpness}: β must be a positive number, such as 20.")

    def value(self, delta: Array) -> Array:
        """log(1 + e^{βΔ})/β."""
        return np.asarray(np.logaddexp(0, self.sharpness * delta) / self.sharpness)

    def slope(self, delta: Array) -> Array:
        """1/(1 + e^{−βΔ})."""
        return _logistic(self.sharpness * delta)

    def curvature(self, delta: Array) -> Array:
        """β p (1 − p) with p = ℓ′."""
        p = self.slope(delta)
        return np.asarray(self.sharpness * p * (1 - p))


@dataclass(frozen=True, kw_only=True)
class CrossEntropy(Loss):
    """ℓ = log(1 + e^{Δ}) at κ = 0: the negative log-likelihood of two classes with odds e^{f}."""

    margin: float = 0.0

    def satisfied(self, delta: Array) -> NDArray[np.bool_]:
        """Δ < 0: an output of zero, as that of a network whose units are all off, tells no class."""
        return np.asarray(delta < 0)

    def value(self, delta: Array) -> Array:
        """log(1 + e^Δ)."""
        return np.logaddexp(0, delta).astype(delta.dtype)

    def slope(self, delta: Array) -> Array:
        """1/(1 + e^{−Δ})."""
        return _logistic(delta)

    def curvature(self, delta: Array) -> Array:
        """P (1 − p) with p = ℓ′."""
        p = _logistic(delta)
        return np.asarray(p * (1 - p))


@dataclass(frozen=True, kw_only=True)
class MeanSquare(Loss):
    """ℓ = Δ²/2: with κ = 1 and labels ±1, half the square of y − f."""

    least_squares: ClassVar[bool] = True

    def value(self, delta: Array) -> Array:
        """Δ²/2."""
        return np.asarray(delta**2 / 2)

    def slope(self, delta: Array) -> Array:
        """Δ."""
        return np.array(delta)

    def curvature(self, delta: Array) -> Array:
        """1."""
        return np.ones_like(delta)


@dataclass(frozen=True, kw_only=True)
class Linear(Loss):
    """ℓ = Δ: L = κ − ⟨g⟩, for a system whose one gap is minus an energy. Nothing is ever satisfied for good."""

    margin: float = 0.0

    def value(self, delta: Array) -> Array:
        """Δ."""
        return np.array(delta)

    def slope(self, delta: Array) -> Array:
        """1."""
        return np.ones_like(delta)

    def curvature(self, delta: Array) -> Array:
        """0."""
        return np.zeros_like(delta)


@dataclass(frozen=True, kw_only=True)
class SquaredDistance(Linear):
    """ℓ = Δ of a gap that is minus half a squared distance |f − e_y|² from the one-hot vector of a class.

    Below 1/4 a pattern is satisfied: f_c ≥ f_y for another class c would make (1 − f_y)² + f_c² at least 1/2.
    """

    def satisfied(self, delta: Array) -> NDArray[np.bool_]:
        """Δ < 1/4."""
        return np.asarray(delta < 0.25)


def _logistic(t: Array) -> Array:
    tail = np.exp(-np.abs(t))
    return np.asarray(np.where(t >= 0, 1 / (1 + tail), tail / (1 + tail)))


LOSSES: Mapping[str, type[Loss]] = {
    "hinge": QuadraticHinge,
    "softhinge": SoftHinge,
    "cross_entropy": CrossEntropy,
    "mean_square": MeanSquare,
    "linear": Linear,
    "squared_distance": SquaredDistance,
}
"""By the name that settings and stored cells use."""
