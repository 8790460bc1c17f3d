"""Mean and standard deviation of values that are known to lie in brackets only.

A threshold is known to the width of its bracket, and the brackets of all seeds share one grid: where the seeds differ
by less than that width, the midpoints' errors do not average out, and equal brackets do not say that the thresholds
are equal. So the likelihood is that of the brackets: ∏ [Φ((b_i − μ)/σ) − Φ((a_i − μ)/σ)] for values that are normal
over seeds, with the prior 1/σ. Narrow brackets give Student's interval for μ and the χ² interval for σ.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from jamharness.api import Float64

LEAST = 0.02
"""The smallest σ, in mean widths of a bracket; an interval that reaches down to twice as much includes 0."""
LARGEST = 40.0
"""The largest σ, in standard deviations of the midpoints plus mean widths."""
_SIGMAS, _MEANS = 121, 241
_REACH = 60.0
"""How far μ is followed, in standard deviations of the midpoints plus widths, over √n."""
NARROW = 1e-3
"""Of the midpoints' spread: brackets are taken to be at least this wide."""
MOST = 500
"""Different brackets up to which the integrals are made; with more, the midpoints stand for them."""


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """95% intervals (low, high) of the mean and of the standard deviation."""

    mean: tuple[float, float]
    deviation: tuple[float, float]


def bracketed(low: Float64, high: Float64) -> Intervals:
    """Equal-tailed 95% intervals of μ and σ.

    Arguments:
        low: (n,) lower ends of the brackets, n ≥ 3.
        high: (n,) upper ends.

    Raises:
        ValueError: fewer than three brackets.
    """
    count = len(low)
    if count < 3:
        raise ValueError(f"an interval needs at least 3 samples, not {count}")
    middle = (low + high) / 2
    centre, spread = float(middle.mean()), float(middle.std(ddof=1))
    width = max(float((high - low).mean()), NARROW * spread)
    if not width:
        return Intervals(mean=(centre, centre), deviation=(0.0, 0.0))
    half = np.maximum(high - low, width if not np.any(high > low) else NARROW * width) / 2
    ends, multiplicity = np.unique(np.stack([middle - half, middle + half], axis=1), axis=0, return_counts=True)
    if len(ends) > MOST:
        ends, multiplicity = _thinned(ends, multiplicity)
    unit = spread + width
    sigma = np.geomspace(LEAST * width, LARGEST * unit, _SIGMAS)
    # Dense where the posterior is narrow, and far enough for two degrees of freedom.
    reach = np.arcsinh(_REACH)
    mu = centre + unit / np.sqrt(count) * np.sinh(np.linspace(-reach, reach, _MEANS))
    logarithm = np.zeros((_SIGMAS, _MEANS))
    for (a, b), times in zip(ends, multiplicity, strict=True):
        upper, lower = (b - mu) / sigma[:, None], (a - mu) / sigma[:, None]
        # Of both tails the one that is far from 1 keeps its digits.
        mirrored = lower > 0
        mass = ndtr(np.where(mirrored, -lower, upper)) - ndtr(np.where(mirrored, -upper, lower))
        logarithm += times * np.log(np.maximum(mass, np.finfo(np.float64).tiny))
    # dμ dσ/σ: log σ is evenly spaced, μ is not.
    posterior = np.exp(logarithm - logarithm.max()) * np.gradient(mu)
    least, most = _quantiles(sigma, posterior.sum(axis=1))
    mean = _quantiles(mu, posterior.sum(axis=0))
    return Intervals(mean=mean, deviation=(0.0 if least < 2 * LEAST * width else least, most))


def _thinned(ends: Float64, multiplicity: "np.ndarray") -> tuple[Float64, "np.ndarray"]:
    """Brackets in at most ``MOST`` groups of neighbours, each standing as its mean."""
    groups = np.arange(len(ends)) * MOST // len(ends)
    weight = np.bincount(groups, weights=multiplicity)
    sums = [np.bincount(groups, weights=multiplicity * column) / weight for column in ends.T]
    return np.stack(sums, axis=1), weight


def _quantiles(values: Float64, mass: Float64) -> tuple[float, float]:
    """The 2.5% and 97.5% points of masses on a grid."""
    share = (np.cumsum(mass) - mass / 2) / mass.sum()
    low, high = np.interp([0.025, 0.975], share, values)
    return float(low), float(high)
