"""Bootstrap intervals that keep their promise for few samples."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from jamharness.api import Estimate, Float64, generator

RESAMPLES = 10_000
LEAST = 3
"""Samples below which no interval is stated."""
PERCENTILES = 5
"""Samples from which on percentiles of the resamples are used."""


def expanded_level(count: int, confidence: float = 0.95) -> float:
    """The tail probability of an expanded percentile interval: Φ(−√(n/(n−1)) t_{n−1}).

    The plain percentile interval of n samples is too short by √((n−1)/n) and by using normal for Student quantiles;
    this tail corrects both (Hesterberg, arXiv 1411.5279, §3.4).
    """
    if count < 2:
        raise ValueError(f"an interval needs at least 2 samples, not {count}")
    quantile = float(stdtrit(count - 1, 0.5 + confidence / 2))
    return float(ndtr(-sqrt(count / (count - 1)) * quantile))


def resampled(count: int, statistic: Callable[[Float64], float], resamples: int = RESAMPLES) -> Float64:
    """The statistic of ``resamples`` draws of n indices with replacement; the same draws for the same n."""
    return np.array([statistic(draw) for draw in _draws(count, resamples)])


def _draws(count: int, resamples: int = RESAMPLES) -> NDArray[np.int64]:
    return generator("bootstrap", count).integers(0, count, size=(resamples, count))


def few(count: int, least: int = LEAST) -> str:
    """The note of an estimate that rests on too few seeds for an interval; empty where they are enough."""
    if count >= least:
        return ""
    return f"{count} seed{'' if count == 1 else 's'}: no interval"


def interval(
    samples: Float64, statistic: Callable[[Float64], float], *, confidence: float = 0.95, resamples: int = RESAMPLES
) -> tuple[float | None, float | None]:
    """The 95% interval of a statistic of independent samples (n,); (None, None) for n < 3.

    From five samples on the expanded percentile interval. Three or four have too few different resamples for
    percentiles (the smallest and the largest sample hold a mean in 75% and 87% of all cases): there it is Student's,
    with the bootstrap's standard error, which for a mean is s/√n. Draws for which the statistic is NaN, not being
    defined there, are left out.
    """
    count = len(samples)
    if count < LEAST:
        return None, None
    rowwise: Any = statistic
    if rowwise is np.mean or rowwise is np.median:  # of all resamples at once: the same bits
        values = rowwise(samples[_draws(count, resamples)], axis=1)
    else:
        values = resampled(count, lambda draw: float(statistic(samples[draw.astype(int)])), resamples)
    if count < PERCENTILES:
        reach = float(stdtrit(count - 1, 0.5 + confidence / 2)) * sqrt(count / (count - 1)) * float(np.nanstd(values))
        value = float(statistic(samples))
        return value - reach, value + reach
    tail = expanded_level(count, confidence)
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return float(low), float(high)


def estimate(
    samples: Float64, statistic: Callable[[Float64], float], *, none: str = "", least: int = LEAST
) -> Estimate:
    """A statistic of independent samples (n,) with its interval, and a note where they are too few for one.

    Arguments:
        samples: (n,), one for each seed.
        statistic: of samples (n,).
        none: the note where there are no samples.
        least: samples below which there is no interval; ``PERCENTILES`` for what is no mean, a median say, of which
            Student's interval says nothing.
    """
    count = len(samples)
    if not count:
        return Estimate(value=None, count=0, note=none)
    low, high = (None, None) if count < least else interval(samples, statistic)
    return Estimate(value=float(statistic(samples)), low=low, high=high, count=count, note=few(count, least))


def means(samples: Float64) -> list[Estimate]:
    """``estimate`` of the mean of each column, all at once.

    Arguments:
        samples: (n, m), n independent samples of m quantities.
    """
    count = len(samples)
    value = samples.mean(axis=0)
    low, high = np.full_like(value, np.nan), np.full_like(value, np.nan)
    if count >= LEAST:
        draws = _draws(count)
        # How often each sample was drawn: the mean of a resample is a product with it.
        share = np.stack([(draws == place).sum(axis=1) for place in range(count)], axis=1) / count
        averages = share @ samples
        if count < PERCENTILES:
            reach = float(stdtrit(count - 1, 0.975)) * sqrt(count / (count - 1)) * averages.std(axis=0)
            low, high = value - reach, value + reach
        else:
            tail = expanded_level(count)
            low, high = np.quantile(averages, [tail, 1 - tail], axis=0)
    return [
        Estimate(value=float(middle), low=_known_end(below), high=_known_end(above), count=count, note=few(count))
        for middle, below, above in zip(value, low, high, strict=True)
    ]


def _known_end(end: float) -> float | None:
    return None if np.isnan(end) else float(end)
