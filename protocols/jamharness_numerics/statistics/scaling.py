"""The slope of a power law through thresholds at several sizes."""

import numpy as np

from jamharness.api import Estimate, Float64
from jamharness_numerics.statistics.bootstrap import estimate


def slope(log_x: Float64, log_y: Float64) -> tuple[float, float]:
    """Slope and intercept of the least-squares line through points (n,), (n,)."""
    gradient, intercept = np.polyfit(log_x, log_y, 1)
    return float(gradient), float(intercept)


def scaling_exponent(sizes: Float64, thresholds: Float64) -> Estimate:
    """X of N* ~ P^x, with the interval from resampling seeds.

    Arguments:
        sizes: (k,) the values of P.
        thresholds: (n, k) N* of each seed at each P, NaN where it was not found.

    Returns:
        The slope of the line through the seeds' mean log N*; None with fewer than two sizes or two seeds.
    """
    usable = np.isfinite(thresholds).all(axis=1)
    logs = np.log(thresholds[usable])
    if len(sizes) < 2 or not len(logs):
        return Estimate(value=None, count=len(logs), note="needs two sizes, and a seed found at all of them")
    log_sizes = np.log(sizes)
    per_seed = np.array([slope(log_sizes, row)[0] for row in logs])  # the slope of the mean is the mean of the slopes
    return estimate(per_seed, np.mean)
