"""A line, or a parabola, through values that are known to lie in brackets only: Bayesian regression of censored values.

y = Σ_k β_k x^k + σ ε with ε normal, and of each y only a bracket (a, b) is known, whose ends may be infinite. Gibbs'
sampler draws the values in their brackets, the coefficients given these, and σ given both (Chib, J. Econometrics 51,
79 (1992)). The prior is 1/σ² for σ², times that of earlier values where any are stated, flat for
coefficients of no stated prior and normal for the others. Narrow brackets and flat priors give Student's intervals of
least squares.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from jamharness.api import Float64, generator

DRAWS, BURN_IN = 4000, 400
"""Of the sampler: the ends of an interval are then off by about a thirtieth of its half."""
LEAST_SIGMA = 0.02
"""σ in mean widths of finite brackets below which it is not followed: there the brackets alone speak."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """Draws of what is not known.

    Arguments:
        coefficients: (draws, k) β, that of x⁰ first.
        sigma: (draws,) σ.
    """

    coefficients: Float64
    sigma: Float64

    def at(self, x: float) -> Float64:
        """Draws of the mean value at x, (draws,)."""
        return np.asarray(self.coefficients @ (x ** np.arange(self.coefficients.shape[1])))

    def single(self, x: float) -> Float64:
        """Draws of a single value at x, (draws,): the mean with its σ."""
        noise = generator("bracketed line, single", len(self.sigma)).standard_normal(len(self.sigma))
        return np.asarray(self.at(x) + self.sigma * noise)


def bracketed_line(
    x: Float64,
    low: Float64,
    high: Float64,
    *,
    priors: Mapping[int, tuple[float, float]] | None = None,
    degree: int = 1,
    spread: tuple[float, float] = (0.0, 0.0),
) -> Posterior:
    """Draws from the posterior.

    Arguments:
        x: (n,) where each value is.
        low: (n,) lower ends of the brackets, −∞ where there is none.
        high: (n,) upper ends, +∞ where there is none.
        priors: mean and standard deviation of a coefficient by its power of x; the others are flat.
        degree: of the polynomial.
        spread: what is known of σ beforehand: its size, and how many values it is worth.

    Raises:
        ValueError: too few brackets with both ends at different x for what has no prior, or an end that is NaN.
    """
    if np.isnan(low).any() or np.isnan(high).any() or (low > high).any():
        raise ValueError("the ends of a bracket must be numbers in order")
    proper = {power: prior for power, prior in (priors or {}).items() if power <= degree}
    closed = np.isfinite(low) & np.isfinite(high)
    flat = degree + 1 - len(proper)
    if len(np.unique(x[closed])) < flat or closed.sum() < flat + 1:
        raise ValueError(f"{flat} free coefficients need brackets at {flat} x and one more; {int(closed.sum())} given")
    design = x[:, None] ** np.arange(degree + 1)
    precision, pull = np.zeros(degree + 1), np.zeros(degree + 1)
    for power, (mean, deviation) in proper.items():
        precision[power], pull[power] = deviation**-2, mean / deviation**2
    return _sampled(design, low, high, closed, precision, pull, spread)


def bracketed_power(
    sizes: Float64,
    low: Float64,
    high: Float64,
    *,
    priors: Mapping[int, tuple[float, float]] | None = None,
    degree: int = 1,
    spread: tuple[float, float] = (0.0, 0.0),
) -> Posterior | None:
    """Log y against log(size / largest size), from brackets of y; None where too few of them are closed.

    Arguments:
        sizes: (n,).
        low: (n,) lower ends; NaN or not above 0 where there is none.
        high: (n,) upper ends; NaN where there is none.
        priors: as for ``bracketed_line``, of the logarithms.
        degree: likewise.
        spread: likewise.
    """
    below = np.log(np.where(low > 0, low, 1.0)) + np.where(low > 0, 0.0, -np.inf)
    above = np.log(np.where(high > 0, high, 1.0)) + np.where(high > 0, 0.0, np.inf)
    bounded = np.isfinite(below) | np.isfinite(above)
    x = np.log(sizes / sizes.max(initial=1.0))
    try:
        return bracketed_line(x[bounded], below[bounded], above[bounded], priors=priors, degree=degree, spread=spread)
    except ValueError:
        return None


def _sampled(
    design: Float64,
    low: Float64,
    high: Float64,
    closed: "np.ndarray",
    precision: Float64,
    pull: Float64,
    sigma_prior: tuple[float, float],
) -> Posterior:
    count, size = design.shape
    draw = generator("bracketed line", count, size)
    width = float((high - low)[closed].mean())
    least = max(LEAST_SIGMA * width, 1e-12)
    values = np.where(closed, (np.where(closed, low, 0) + np.where(closed, high, 0)) / 2, 0.0)
    coefficients = np.linalg.lstsq(design[closed], values[closed], rcond=None)[0]
    sigma = max(float(np.std(values[closed] - design[closed] @ coefficients)), width / 4, least)
    inner = design.T @ design
    samples, spread = np.empty((DRAWS, size)), np.empty(DRAWS)
    for step in range(-BURN_IN, DRAWS):
        mean = design @ coefficients
        values = mean + sigma * _truncated((low - mean) / sigma, (high - mean) / sigma, draw.random(size=(count,)))
        covariance = np.linalg.inv(inner / sigma**2 + np.diag(precision))
        centre = covariance @ (design.T @ values / sigma**2 + pull)
        coefficients = centre + np.linalg.cholesky(covariance) @ draw.standard_normal(size)
        squares = float(np.sum((values - design @ coefficients) ** 2)) + sigma_prior[1] * sigma_prior[0] ** 2
        sigma = max(float(np.sqrt(squares / draw.chisquare(count + sigma_prior[1]))), least)
        if step >= 0:
            samples[step], spread[step] = coefficients, sigma
    return Posterior(coefficients=samples, sigma=spread)


def _truncated(low: Float64, high: Float64, uniform: Float64) -> Float64:
    """Standard normal values between ends, by inversion in whichever tail keeps its digits."""
    mirrored = low > -high  # the middle of the bracket lies above zero
    below, above = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    start, end = log_ndtr(below), log_ndtr(above)
    # log of Φ(a) + u (Φ(b) − Φ(a)), of numbers that may be far below the smallest
    normal = ndtri_exp(end + np.log(np.maximum(uniform + (1 - uniform) * np.exp(start - end), 1e-300)))
    normal = np.clip(normal, below, above)
    return np.asarray(np.where(mirrored, -normal, normal))
