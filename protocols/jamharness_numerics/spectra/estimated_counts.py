"""How many eigenvalues are negative, zero and positive, from a quadrature; or why that cannot be said.

m Lanczos steps fix 2m moments of a probe's spectral measure. Every measure with these moments has, at every x, the
same cumulative distribution up to the Christoffel function ρ(x) = 1/Σ_{k<m} p_k(x)², p_k being the orthonormal
polynomials whose recurrence is T (the inequalities of Chebyshev, Markov and Stieltjes: Szegő, Orthogonal Polynomials,
§3.41; Akhiezer, The Classical Moment Problem, §2.5). So the part of eigenvalues below x is known up to ρ(x), whatever
the spectrum: ρ falls exponentially with m in a gap, and as 1/m where eigenvalues lie dense.

Zeros are told from small eigenvalues by two thresholds, t < x. Eigenvalues within ±x count as zero, and are shown to
lie within ±t but for a stated number; t = √(τx) with the level τ of rounding, because ρ(t) is as large as the peak at
zero until t is some way off it. So an eigenvalue between τ and t in size counts as zero here and not in ``counting``;
where a Ritz value shows that there is one, it is undecided. Where too many eigenvalues may lie between the thresholds
or on the wrong side of one, there is a sentence instead of a count.

The error over probes has a closed form: the weight that a normal vector gives to f N of N eigenvectors is distributed
as Beta(fN/2, (1−f)N/2), of variance 2f(1−f)/(N+2); that of random signs is at most 2f(1−f)/N.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from jamharness.api import Float64
from jamharness_numerics.spectra.lanczos import Tridiagonal, rounding
from jamharness_numerics.spectra.quadrature import Quadrature

TOLERANCE = 1e-3
"""The largest part of all eigenvalues that may be undecided."""
_GRID = 200
_ENOUGH = 1e30
"""1/ρ beyond which it is no longer followed, before it overflows."""


@dataclass(frozen=True, kw_only=True)
class EstimatedCounts:
    """Signs of a spectrum, estimated.

    Arguments:
        negative, zero, positive: N_−, N_0, N_+; None where they cannot be told.
        negative_error, zero_error, positive_error: their standard errors over probes.
        threshold: x: what is between −x and x counts as zero.
        width: t: all of that but for the undecided lies between −t and t, and is not told from zero.
        undecided: the most eigenvalues, as N times the mean over probes, that lie between t and x in size, or on the
            wrong side of one of them, or are seen between τ and t.
        refusal: why there is no count, with advice; empty where there is one.
    """

    negative: float | None
    zero: float | None
    positive: float | None
    negative_error: float | None
    zero_error: float | None
    positive_error: float | None
    threshold: float
    width: float
    undecided: float
    refusal: str


def christoffel(matrix: Tridiagonal, x: Float64) -> Float64:
    """ρ(x) for x (n,): how far the cumulative distribution at x is from known; 0 where the space is exhausted."""
    total, before, current = np.ones(len(x)), np.zeros(len(x)), np.ones(len(x))
    if matrix.exhausted:
        return np.zeros(len(x))
    betas = np.concatenate([[0.0], matrix.offdiagonal])
    for k in range(len(matrix.diagonal) - 1):
        following = ((x - matrix.diagonal[k]) * current - betas[k] * before) / betas[k + 1]
        over = total > _ENOUGH
        before, current = np.where(over, 0.0, current), np.where(over, 0.0, following)
        total += current**2
    return np.asarray(1 / total)


def estimate_counts(quadrature: Quadrature) -> EstimatedCounts:
    """Count signs where a gap around zero is resolved.

    Of the thresholds x from the rounding level τ of ``counting`` to a tenth of the norm the one is taken that leaves
    the fewest eigenvalues undecided. More than ``TOLERANCE`` of all is a refusal.

    Arguments:
        quadrature: the quadrature.
    """
    norm = quadrature.norm
    least = rounding(quadrature.size, norm, np.dtype(quadrature.dtype))
    if norm <= np.finfo(quadrature.dtype).tiny:
        return _counted(quadrature, least, least, 0.0)
    x = np.geomspace(least, max(least, norm / 10), _GRID)
    t = np.sqrt(least * x)
    between = (
        quadrature.cumulative(x) - quadrature.cumulative(t) + quadrature.cumulative(-t) - quadrature.cumulative(-x)
    )
    doubts = [christoffel(each, side) for each in quadrature.tridiagonals for side in (-x, -t, t, x)]
    undecided = between + np.sum(doubts, axis=0) / quadrature.probes + _visible_part(quadrature, least, t)
    # Of equals the narrowest: where the space is exhausted that is the rounding level itself.
    best = int(np.flatnonzero(undecided <= undecided.min() + 1e-15)[0])
    if undecided[best] <= TOLERANCE:
        return _counted(quadrature, float(x[best]), float(t[best]), float(undecided[best]))
    part = min(1.0, float(undecided[best]))
    return EstimatedCounts(
        negative=None, zero=None, positive=None, negative_error=None, zero_error=None, positive_error=None,
        threshold=float(x[best]), width=float(t[best]), undecided=quadrature.size * part,
        refusal=(
            f"No gap around zero is resolved: up to {part:.1%} of all eigenvalues may lie between {t[best]:.2g} and "
            f"{x[best]:.2g} in size or on the wrong side of these; take more steps, or the exact spectrum."
        ),
    )  # fmt: skip


def _visible_part(quadrature: Quadrature, least: float, t: Float64) -> Float64:
    """The part of eigenvalues up to t (n,) in size that Ritz values, with their residuals, show to exceed the level."""
    sizes = np.abs(quadrature.nodes)
    shown = sizes - quadrature.residuals > least
    order = np.argsort(sizes[shown])
    sums = np.concatenate([[0.0], np.cumsum(quadrature.weights[shown][order])])
    return np.asarray(sums[np.searchsorted(sizes[shown][order], t, side="right")])


def _counted(quadrature: Quadrature, x: float, t: float, undecided: float) -> EstimatedCounts:
    below = float(quadrature.weights[quadrature.nodes < -x].sum())
    above = float(quadrature.weights[quadrature.nodes > x].sum())
    within = float(quadrature.weights[np.abs(quadrature.nodes) <= x].sum())

    def error(part: float) -> float:
        return quadrature.size * sqrt(2 * max(part * (1 - part), 0.0) / (quadrature.size * quadrature.probes))

    return EstimatedCounts(
        negative=quadrature.size * below, zero=quadrature.size * within, positive=quadrature.size * above,
        negative_error=error(below), zero_error=error(within), positive_error=error(above),
        threshold=x, width=t, undecided=quadrature.size * undecided, refusal="",
    )  # fmt: skip
