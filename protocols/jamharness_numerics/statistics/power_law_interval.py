"""Intervals for exponents: of the likelihood or over groups, widened for a bias that cannot be excluded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chndtrix, ndtri

from jamharness.api import Float64, generator
from jamharness_numerics.statistics.bootstrap import RESAMPLES, expanded_level
from jamharness_numerics.statistics.power_law_window import Window
from jamharness_numerics.statistics.tilted_power import maximum_likelihood

_NORMAL = float(ndtri(0.975))
_NO_BIAS = 1e-6
"""Of the standard error: the interval grows with its square. SciPy's quantile is wrong where that square underflows."""
_TOGETHER = 500
"""So many draws are fitted at once, 48 nodes for each, to save memory; those of like means together."""


def likelihood_ends(window: Window) -> tuple[float, float]:
    """The 95% interval of a for independent samples, from the Fisher information."""
    error = float(np.sqrt(np.linalg.inv(window.quadrature().information()[0])[0, 0] / len(window.t)))
    return window.a - _NORMAL * error, window.a + _NORMAL * error


def bootstrap_ends(draws: Float64, groups: int) -> tuple[float, float]:
    """The expanded 95% percentile interval of draws (n,) over so many groups, see ``bootstrap``."""
    tail = expanded_level(groups)
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def resampled_exponents(
    window: Window, members: NDArray[Any], names: Sequence[Any], resamples: int = RESAMPLES
) -> Float64:
    """Estimates of a over draws of groups with replacement, in the same window.

    Arguments:
        window: the fit, k samples.
        members: (k,) the group of each.
        names: all groups, sorted; the same draws for the same number of groups, so that exponents can be combined.
        resamples: how many draws.

    Returns:
        (resamples,) exponents; the fitted one for a draw without any sample.
    """
    index = np.searchsorted(np.array(names), members)
    parts = np.log(window.t), window.t, np.ones(len(window.t))
    sums = np.stack([np.bincount(index, weights=each, minlength=len(names)) for each in parts])
    draws = generator("bootstrap", len(names)).integers(0, len(names), size=(resamples, len(names)))
    log_t, total, count = sums[:, draws].sum(axis=-1)
    exponents = np.full(resamples, window.a)
    filled = np.flatnonzero(count)
    for some in np.array_split(filled[np.argsort(log_t[filled] / count[filled])], -(-len(filled) // _TOGETHER) or 1):
        if len(some):
            means = log_t[some] / count[some], total[some] / count[some]
            exponents[some] = maximum_likelihood(*means, window.r, start=(window.a, window.c))[0]
    return exponents


def widened(ends: tuple[float, float], bias: float) -> tuple[float, float]:
    """Ends moved apart so that they cover also when the estimate is off by up to ``bias``.

    The quantile of |N(b, 1)|, b = bias / standard error, in place of that of |N(0, 1)| (Armstrong and Kolesár, arXiv
    1511.06028, section 2).
    """
    low, high = ends
    error = (high - low) / (2 * _NORMAL)
    if not bias or not error:
        return low - bias, high + bias
    b = bias / error
    if b < _NO_BIAS:
        return low, high
    # Beyond ten errors one tail is empty, and SciPy's series for the other grows long.
    factor = (float(np.sqrt(chndtrix(0.95, 1, b**2))) if b < 10 else b + float(ndtri(0.95))) / _NORMAL
    further = (factor - 1) * _NORMAL * error
    return low - further, high + further
