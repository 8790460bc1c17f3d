"""Bootstrap intervals that keep their promise for few samples."""

from collections.abc import Callable
from math import sqrt

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from jamharness.api import Float64, generator

RESAMPLES = 10_000


def expanded_level(count: int, confidence: float = 0.95) -> float:
    """The tail probability of an expanded percentile interval: Φ(−√(n/(n−1)) t_{n−1}).

    The plain percentile interval of n samples is too short by √((n−1)/n) and by using normal for Student quantiles;
    this tail corrects both (Hesterberg, arXiv 1411.5279, §3.4).
    """
    if count < 2:
        raise ValueError(f"an interval needs at least 2 samples, not {count}")
    quantile = float(student.ppf(0.5 + confidence / 2, count - 1))
    return float(norm.cdf(-sqrt(count / (count - 1)) * quantile))


def resampled(count: int, statistic: Callable[[Float64], float], resamples: int = RESAMPLES) -> Float64:
    """The statistic of ``resamples`` draws of n indices with replacement; the same draws for the same n."""
    draws = generator("bootstrap", count).integers(0, count, size=(resamples, count))
    return np.array([statistic(draw) for draw in draws])


def interval(
    samples: Float64, statistic: Callable[[Float64], float], *, confidence: float = 0.95
) -> tuple[float | None, float | None]:
    """The expanded percentile interval of a statistic of independent samples (n,); (None, None) for n < 2.

    Draws for which the statistic is NaN, not being defined there, are left out.
    """
    count = len(samples)
    if count < 2:
        return None, None
    values = resampled(count, lambda draw: statistic(samples[draw.astype(int)]))
    tail = expanded_level(count, confidence)
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)
