"""How many eigenvalues are negative, zero and positive, from a quadrature; or why that cannot be said.

m Lanczos steps fix 2m moments of a probe's spectral measure. Every measure with these moments has, at every x, the
same cumulative distribution up to the Christoffel function ρ(x) = 1/Σ_{k<m} p_k(x)², p_k being the orthonormal
polynomials whose recurrence is T (the inequalities of Chebyshev, Markov and Stieltjes: Szegő, Orthogonal Polynomials,
§3.41; Akhiezer, The Classical Moment Problem, §2.5). So the part of eigenvalues below x is known up to ρ(x), whatever
the spectrum: ρ falls exponentially with m in a gap, and as 1/m where eigenvalues lie dense.

A count is given where some ±x has a small enough ρ and what lies between −x and x is concentrated at zero: a mean
square s² ≤ τx, τ being the level of rounding. By the inequality of Kato and Temple (Parlett, The Symmetric Eigenvalue
Problem, §10.2) a single eigenvalue there differs from its Ritz value by at most s²/x ≤ τ, so that it counts as zero in
``counting`` too; a band of eigenvalues narrower than √(τx) is not told from zeros, a wider one is. Otherwise there is a
sentence instead of a count. The error over probes has a closed form: the weight that a normal vector gives to f N of N
eigenvectors is distributed as Beta(fN/2, (1−f)N/2), of variance 2f(1−f)/(N+2); that of random signs is at most
2f(1−f)/N.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from jamharness.api import Float64
from jamharness_protocols.spectra.lanczos import Tridiagonal, rounding
from jamharness_protocols.spectra.quadrature import Quadrature

TOLERANCE = 1e-3
"""The largest part of eigenvalues that may lie on the wrong side of a threshold, all in all."""
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
        undecided: the most eigenvalues, as N times the mean over probes, that the steps leave on either side of ±x.
        spread: root mean square of what counts as zero, Ritz residuals included.
        refusal: why there is no count, with advice; empty where there is one.
    """

    negative: float | None
    zero: float | None
    positive: float | None
    negative_error: float | None
    zero_error: float | None
    positive_error: float | None
    threshold: float
    undecided: float
    spread: float
    refusal: str


def christoffel(found: Tridiagonal, x: Float64) -> Float64:
    """ρ(x) for x (n,): how far the cumulative distribution at x is from known; 0 where the space is exhausted."""
    total, before, current = np.ones(len(x)), np.zeros(len(x)), np.ones(len(x))
    if found.exhausted:
        return np.zeros(len(x))
    betas = np.concatenate([[0.0], found.offdiagonal])
    for k in range(len(found.diagonal) - 1):
        following = ((x - found.diagonal[k]) * current - betas[k] * before) / betas[k + 1]
        over = total > _ENOUGH
        before, current = np.where(over, 0.0, current), np.where(over, 0.0, following)
        total += current**2
    return np.asarray(1 / total)


def estimate_counts(found: Quadrature) -> EstimatedCounts:
    """Count signs where a gap around zero is resolved.

    Among thresholds x from the rounding level of ``counting`` to a tenth of the norm, the one is taken at which
    ρ(−x) + ρ(x), averaged over probes, is least, of those where what lies within has a spread of at most √(τx). A
    refusal: it is above ``TOLERANCE`` at all of them, or there are none.

    Arguments:
        found: the quadrature.
    """
    norm = found.norm
    least = rounding(found.size, norm, np.dtype(found.dtype))
    if norm <= np.finfo(found.dtype).tiny:
        return _counted(found, least, 0.0)
    grid = np.geomspace(least, max(least, norm / 10), _GRID)
    rho = np.mean([christoffel(each, -grid) + christoffel(each, grid) for each in found.tridiagonals], axis=0)
    spread = np.array([_spread(found, x) for x in grid])
    narrow = spread**2 <= least * grid
    best = int(np.argmin(np.where(narrow, rho, np.inf)))
    if narrow[best] and rho[best] <= TOLERANCE:
        # Where ρ is as small over a whole range (an exhausted space), the middle of it is the safest place.
        equal = np.flatnonzero(narrow & (rho <= rho[best] + 1e-15))
        best = int(equal[len(equal) // 2])
        return _counted(found, float(grid[best]), float(rho[best]))
    best = int(np.argmin(rho))
    x = float(grid[best])
    why = (
        f"up to {rho[best]:.2g} of all eigenvalues may lie on either side of ±{x:.2g}"
        if rho[best] > TOLERANCE
        else f"the eigenvalues within ±{x:.2g} spread over {spread[best]:.2g}, more than zeros do"
    )
    return EstimatedCounts(
        negative=None, zero=None, positive=None, negative_error=None, zero_error=None, positive_error=None,
        threshold=x, undecided=found.size * float(rho[best]), spread=float(spread[best]),
        refusal=f"No gap around zero is resolved: {why}; take more steps, or the exact spectrum.",
    )  # fmt: skip


def _spread(found: Quadrature, x: float) -> float:
    """Root mean square of what lies within ±x: λ² of a Ritz vector has the mean θ² + r²."""
    inside = np.abs(found.nodes) <= x
    square = found.nodes[inside] ** 2 + found.residuals[inside] ** 2
    # A probe may have a stray node in an empty gap, of next to no weight: it is no band of eigenvalues.
    weight = max(float(found.weights[inside].sum()), TOLERANCE)
    return sqrt(float(found.weights[inside] @ square) / weight)


def _counted(found: Quadrature, x: float, rho: float) -> EstimatedCounts:
    below = float(found.weights[found.nodes < -x].sum())
    above = float(found.weights[found.nodes > x].sum())
    within = float(found.weights[np.abs(found.nodes) <= x].sum())

    def error(part: float) -> float:
        return found.size * sqrt(2 * max(part * (1 - part), 0.0) / (found.size * found.probes))

    return EstimatedCounts(
        negative=found.size * below, zero=found.size * within, positive=found.size * above,
        negative_error=error(below), zero_error=error(within), positive_error=error(above),
        threshold=x, undecided=found.size * rho, spread=_spread(found, x), refusal="",
    )  # fmt: skip
