"""How displacements depend on the age of a system: collapses as numbers, and the times between which it ages.

A curve is Δ(t_w, t_w + t) against t for one waiting time t_w. Curves that agree collapse; how far they are from it is
the root mean square of the difference of ln Δ between two of them at the same abscissa.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from jamharness.api import Float64

OVERLAP = float(np.log(10)) / 2
"""The least overlap of two curves, in ln t, that says anything about them: half a decade."""
BOUNDS = (-0.5, 2.0)
"""Between which μ is sought: 0 is no ageing, 1 is full ageing."""
ALIKE = float(np.log(1.2))
"""Curves whose ln Δ differ by less, in the median over t, count as the same: a fifth of Δ."""
REST = 1e-6
"""A curve whose Δ stays below that part of the farthest curve's is of a system at rest, or on its way there: a finite
system's gradient flow ends in a minimum, exponentially, and that is no ageing."""
_POINTS = 25


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Δ(t_w, t_w + t) of one run.

    Arguments:
        waiting: t_w (W,) rising.
        lags: t (L,) rising.
        distance: Δ (W, L); NaN where the run ended before.
    """

    waiting: Float64
    lags: Float64
    distance: Float64

    def moving(self) -> "Curves":
        """The curves of a system that has not come to rest: all that move farther than ``REST`` of the farthest."""
        largest = np.array([np.nanmax(row) if np.isfinite(row).any() else 0.0 for row in self.distance])
        always = np.array([bool(np.all(row[np.isfinite(row)] > 0)) for row in self.distance])
        return self.some(always & (largest > REST * largest.max(initial=0.0)))

    def some(self, chosen: NDArray[np.bool_]) -> "Curves":
        """Some of the waiting times."""
        return Curves(waiting=self.waiting[chosen], lags=self.lags, distance=self.distance[chosen])

    def over(self, noise: Float64) -> "Curves":
        """Δ/D(t_w), for D (W,)."""
        return Curves(waiting=self.waiting, lags=self.lags, distance=self.distance / noise[:, None])

    def logarithms(self) -> list[tuple[Float64, Float64]]:
        """Ln t and ln Δ of every curve, where it was measured."""
        rows = [np.isfinite(row) for row in self.distance]
        return [(np.log(self.lags[has]), np.log(row[has])) for has, row in zip(rows, self.distance, strict=True)]


def spread(curves: Curves, exponent: float = 0.0) -> float | None:
    """How far Δ against t/t_w^μ is from one line, in units of ln Δ; None where no two curves overlap enough.

    Arguments:
        curves: all of them moving.
        exponent: μ; 0 for Δ against t itself.
    """
    squares = []
    lines, shifts = curves.logarithms(), np.log(curves.waiting)
    for one, other in combinations(range(len(lines)), 2):
        (x, y), (u, v) = lines[one], lines[other]
        # The pairs are the same for every μ: those that overlap at μ = 0 and at μ = 1.
        if min(_overlap(x, u, 0.0), _overlap(x, u, shifts[other] - shifts[one])) < OVERLAP:
            continue
        x, u = x - exponent * shifts[one], u - exponent * shifts[other]
        low, high = max(x[0], u[0]), min(x[-1], u[-1])
        if high <= low:
            return None
        at = np.linspace(low, high, _POINTS)
        squares.append(float(np.mean((np.interp(at, x, y) - np.interp(at, u, v)) ** 2)))
    return float(np.sqrt(np.mean(squares))) if squares else None


def _overlap(x: Float64, u: Float64, shift: float) -> float:
    return float(min(x[-1], u[-1] - shift) - max(x[0], u[0] - shift)) if len(x) and len(u) else 0.0


def ageing_exponent(curves: Curves) -> tuple[float, float] | None:
    """The μ at which Δ against t/t_w^μ is nearest to one line, and how far from it; None without overlapping curves.

    A μ at one of ``BOUNDS`` is no minimum: then too there is none.
    """
    if spread(curves) is None:
        return None

    def score(exponent: float) -> float:
        width = spread(curves, exponent)
        return np.inf if width is None else width

    grid = np.linspace(*BOUNDS, 26)
    values = [score(float(exponent)) for exponent in grid]
    best = int(np.argmin(values))
    if best in (0, len(grid) - 1) or not np.isfinite(values[best - 1 : best + 2]).all():
        return None
    minimum = minimize_scalar(score, bounds=(grid[best - 1], grid[best + 1]), method="bounded", options={"xatol": 1e-4})
    return float(minimum.x), float(minimum.fun)


def offsets(curves: Curves, reference: int) -> Float64:
    """The median over common t of ln Δ of each curve over that of one of them, (W,); NaN where none is common."""
    medians = np.full(len(curves.waiting), np.nan)
    for index, row in enumerate(curves.distance):
        both = np.isfinite(row) & np.isfinite(curves.distance[reference])
        if both.any():
            medians[index] = float(np.median(np.log(row[both] / curves.distance[reference][both])))
    return medians


def onset(curves: Curves) -> float | None:
    """t₁: the last waiting time up to which all curves are like the first, within 20%; None where all are."""
    different = ~(np.abs(offsets(curves, 0)) <= ALIKE)
    if len(curves.waiting) < 2 or not different.any():
        return None
    return float(curves.waiting[int(np.argmax(different)) - 1])


def end(curves: Curves) -> float | None:
    """t₂: the waiting time from which on all curves of Δ/D are like the last, within 20%; None where only that is."""
    if len(curves.waiting) < 2:
        return None
    alike = np.abs(offsets(curves, len(curves.waiting) - 1)) <= ALIKE
    first = len(alike) - int(np.argmin(alike[::-1])) if not alike.all() else 0
    return float(curves.waiting[first]) if first < len(alike) - 1 else None


def slope_with_age(curves: Curves, decades: float = 1.0) -> float | None:
    """The slope of ln Δ in ln t_w at fixed t, over the last waiting times; negative where older systems move less.

    Each t has a line of its own through the waiting times that reach it; they share one slope, by least squares.

    Arguments:
        curves: all of them moving.
        decades: how far back from the last waiting time.
    """
    late = (
        curves.some(curves.waiting >= curves.waiting[-1] / 10**decades * (1 - 1e-9)) if len(curves.waiting) else curves
    )
    above = below = 0.0
    for column in late.distance.T:
        has = np.isfinite(column)
        if np.count_nonzero(has) < 2:
            continue
        x, y = np.log(late.waiting[has]), np.log(column[has])
        x = x - x.mean()
        above, below = above + float(x @ y), below + float(x @ x)
    return above / below if below else None


def diffusion_exponent(curves: Curves, decades: float = 1.0) -> float | None:
    """The exponent of Δ ~ t^a over the last decade of t, of the last curve that has one; None where none does."""
    for x, y in reversed(curves.logarithms()):
        late = x >= x[-1] - decades * np.log(10) if len(x) else np.zeros(0, dtype=bool)
        if len(x) and x[-1] - x[0] >= decades * np.log(10) and np.count_nonzero(late) >= 3:
            return float(np.polyfit(x[late], y[late], 1)[0])
    return None
