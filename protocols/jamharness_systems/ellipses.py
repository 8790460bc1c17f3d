"""Ellipses in a periodic box: hypostatic packings, whose missing contacts are quartic modes (arXiv 0812.1234)."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Backbone, Data, Float64, Namespace, generator
from jamharness_systems.packing import Packing, held

_NEWTON = 6
"""Newton steps for the inner maximum: from the start that is exact for circles they reach rounding up to aspect 3."""
_FOLLOWED = 1
"""Of these, the last ones that are differentiated: at the maximum one step has λ's first derivatives, and as F is
stationary in λ these are all that F's first and second ones need."""


@dataclass(frozen=True, kw_only=True)
class Ellipses(Packing):
    """Centres and angles of n ellipses in the unit box: g_ij + 1 is the factor by which both must grow to touch.

    That factor is √F of Perram and Wertheim (J. Comput. Phys. 58, 409, 1985): with A, B = Rᵀ diag(a², b²) R and r
    between the centres, F = max over 0 ≤ λ ≤ 1 of λ(1−λ) rᵀ [(1−λ)A + λB]⁻¹ r. A margin κ inflates
    all: φ = φ₀ (1 + κ)².

    w holds the centres, then each angle times the mean radius, so that a unit of either moves a boundary alike.

    Arguments:
        particles: n.
        aspect: a/b ≥ 1.
        size_ratio: of the axes of the large half to those of the small one.
        reference: φ₀, the packing fraction at κ = 0.

    Raises:
        BadInput: all that cannot be.
    """

    along: ClassVar[tuple[str, ...]] = ("support", "first", "second")
    aspect: float = 1.5
    reference: float = 0.88

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        wrong = f"aspect = {self.aspect}: the ratio of the axes must lie between 1 and 3, as in 1.5."
        return super().problems() + [wrong] * (not 1 <= self.aspect <= 3)

    @property
    def size(self) -> int:
        """N = 3n."""
        return 3 * self.particles

    @property
    def groups(self) -> Mapping[str, slice]:
        """Centres and angles."""
        return {"centres": slice(0, 2 * self.particles), "angles": slice(2 * self.particles, self.size)}

    def support(self) -> NDArray[np.intp]:
        """Centre and angle of the first ellipse, then of the second, (M, 6)."""
        own = [np.stack([2 * index, 2 * index + 1, 2 * self.particles + index], axis=1) for index in self.pairs]
        return np.concatenate(own, axis=1)

    def arrays(self, data: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:  # noqa: ARG002
        """Every pair: its components of w, and √(ab) of its two ellipses (M,)."""
        first, second = self.pairs
        return {"support": self.support(), "first": self.radii[first], "second": self.radii[second]}

    def local_gaps(self, xp: Namespace, parts: Any, data: Data) -> Any:
        """√F − 1, between nearest images of centres."""
        apart = parts[:, :2] - parts[:, 3:5]
        apart = apart - xp.rint(apart)
        first, second = self._shape(xp, parts[:, 2], data["first"]), self._shape(xp, parts[:, 5], data["second"])
        return xp.sqrt(_touching(xp, apart[:, 0], apart[:, 1], first, second)) - 1.0

    def _shape(self, xp: Namespace, turn: Any, radius: Any) -> tuple[Any, Any, Any]:
        """The entries (11, 22, 12) of Rᵀ diag(a², b²) R at an angle that is given times the mean radius."""
        double, square = turn * (2.0 / float(np.mean(self.radii))), radius * radius
        mean, half = square * ((self.aspect + 1 / self.aspect) / 2), square * ((self.aspect - 1 / self.aspect) / 2)
        along = half * xp.cos(double)
        return mean + along, mean - along, half * xp.sin(double)

    def draw(self, seed: int, scheme: str) -> Float64:
        """Independent uniform centres and angles."""
        uniform = generator("ellipses", self.particles, scheme, seed).random(self.size)
        uniform[self.groups["angles"]] *= pi * float(np.mean(self.radii))
        return uniform

    def retract(self, w: Float64) -> Float64:
        """Centres back into the box."""
        moved = np.array(w)
        moved[self.groups["centres"]] -= np.floor(moved[self.groups["centres"]])
        return moved

    def backbone(self, contacts: NDArray[np.bool_]) -> Backbone:
        """Without rattlers, which touch one other at most: how many more hold an ellipse depends on where they lie."""
        first, second = self.pairs
        alive = held(self.particles, 2, (first[contacts], second[contacts]))
        present = alive[first] & alive[second]
        backbone_contacts = contacts & present
        return Backbone(
            contacts=backbone_contacts,
            present=present,
            degrees=3 * int(np.count_nonzero(alive)),
            trivial=2,
            rattlers=int(np.count_nonzero(~alive)),
            extended=backbone_contacts,
        )

    def shapes(self, w: Float64, margin: float) -> Float64:
        """Centres, half axes a and b, and the angle of a, as they are at a margin κ, (n, 5)."""
        centres = np.reshape(self.retract(w)[self.groups["centres"]], (self.particles, 2))
        grown, stretch = (1 + margin) * self.radii, sqrt(self.aspect)
        angles = np.asarray(w)[self.groups["angles"]] / float(np.mean(self.radii))
        return np.column_stack([centres, grown * stretch, grown / stretch, angles])


def _touching(xp: Namespace, x: Any, y: Any, A: tuple[Any, Any, Any], B: tuple[Any, Any, Any]) -> Any:
    """F of pairs, from r = (x, y) and the entries (11, 22, 12) of A and B.

    F(λ) = λ(1−λ) p(λ)/q(λ) with p = rᵀ adj(C) r linear and q = det C quadratic in λ, C = (1−λ)A + λB. Newton's steps on
    F′ = 0 are part of the formula: differentiated through, the last one gives λ's own dependence on w.
    """
    a, b = (m[1] * x * x - 2.0 * m[2] * x * y + m[0] * y * y for m in (A, B))
    det_a, det_b = (m[0] * m[1] - m[2] * m[2] for m in (A, B))
    mixed = A[0] * B[1] + A[1] * B[0] - 2.0 * A[2] * B[2]
    start = _maximum(xp, *(xp.constant(each) for each in (a, b, det_a, det_b, mixed)))
    t = _steps(start, a, b, det_a, det_b, mixed, _FOLLOWED)
    p = (1.0 - t) * a + t * b
    q = (1.0 - t) * (1.0 - t) * det_a + t * (1.0 - t) * mixed + t * t * det_b
    return t * (1.0 - t) * p / q


def _maximum(xp: Namespace, a: Any, b: Any, det_a: Any, det_b: Any, mixed: Any) -> Any:
    """λ where F is largest, of numbers that are constants."""
    # Exact for circles: λ = R_A/(R_A + R_B), with the radii along r.
    along_a, along_b = xp.sqrt(det_a / a), xp.sqrt(det_b / b)
    return _steps(along_a / (along_a + along_b), a, b, det_a, det_b, mixed, _NEWTON - _FOLLOWED)


def _steps(t: Any, a: Any, b: Any, det_a: Any, det_b: Any, mixed: Any, steps: int) -> Any:
    """Newton's steps on the slope of log F, from λ = t."""
    for _ in range(steps):
        # The derivatives of log F: 1/λ − 1/(1−λ) + p′/p − q′/q, and of that.
        p, dp = (1.0 - t) * a + t * b, b - a
        q = (1.0 - t) * (1.0 - t) * det_a + t * (1.0 - t) * mixed + t * t * det_b
        dq = -2.0 * (1.0 - t) * det_a + (1.0 - 2.0 * t) * mixed + 2.0 * t * det_b
        ddq = 2.0 * (det_a - mixed + det_b)
        slope = 1.0 / t - 1.0 / (1.0 - t) + dp / p - dq / q
        bend = -1.0 / (t * t) - 1.0 / ((1.0 - t) * (1.0 - t)) - (dp / p) * (dp / p) - ddq / q + (dq / q) * (dq / q)
        t = t - slope / bend
    return t
