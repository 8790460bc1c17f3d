"""Exponents of quantities that fall as a power of N, alone, from a threshold on, or towards a limit."""

import numpy as np

from jamharness.api import Float64

EXPONENTS = np.geomspace(0.05, 4.0, 177)
"""Exponents that a fall towards a limit may have; a fit at either end has found none."""
LEAST = 3
"""Points that a straight line is laid through at least."""


def decay(sizes: Float64, values: Float64) -> float:
    """X of value ~ N^(−x), the least-squares slope of the logarithms; NaN with too few points, or a value of zero.

    Arguments:
        sizes: (m,) N.
        values: (m,).
    """
    if len(sizes) < LEAST or not (values > 0).all() or not (sizes > 0).all():
        return float("nan")
    return -float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def decay_to_a_limit(sizes: Float64, values: Float64) -> tuple[float, float]:
    """X and the limit c of value = c + a N^(−x), least squares with x on a grid; NaN where none of it fits.

    A curve that does not fall (a ≤ 0), that has fewer than four points, or whose best x is at an end of the grid tells
    no exponent.

    Arguments:
        sizes: (m,) N.
        values: (m,).
    """
    if len(sizes) < LEAST + 1:
        return float("nan"), float("nan")
    powers = (sizes / sizes[0]) ** -EXPONENTS[:, None]
    centred, level = powers - powers.mean(axis=1, keepdims=True), values - values.mean()
    slopes = centred @ level / np.sum(centred**2, axis=1)
    residuals = np.sum((level - slopes[:, None] * centred) ** 2, axis=1)
    best = int(np.argmin(residuals))
    if best in (0, len(EXPONENTS) - 1) or slopes[best] <= 0:
        return float("nan"), float("nan")
    return float(EXPONENTS[best]), float(values.mean() - slopes[best] * powers[best].mean())
