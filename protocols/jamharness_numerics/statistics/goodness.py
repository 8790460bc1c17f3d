"""How well x^a e^{cx} with fitted a and c describes a sample: a Kolmogorov–Smirnov test that knows they were fitted."""

import numpy as np

from jamharness.api import Float64, generator
from jamharness_numerics.statistics.tilted_power import cumulative, quadrature

_DRAWS, _LARGEST = 200, 300


def kolmogorov_smirnov(t: Float64, a: float, c: float, r: float = 0.0) -> float:
    """The p-value of √k sup |F_k − F| with a and c fitted to the same samples.

    Fitting makes the distance smaller, so the usual table is wrong. Its distribution comes from a parametric bootstrap
    in which each draw is fitted by one Newton step from the true values, which is exact to the order 1/√k (Durbin, Ann.
    Statist. 1 (1973) 279); it hardly depends on k, so draws have at most 300 samples.

    Samples are taken as independent. Margins of one network are not quite: they balance each other's forces.

    Arguments:
        t: (k,) samples in units of the window's upper end.
        a: the estimate of the exponent by maximum likelihood.
        c: that of the slope.
        r: the lower end of the window in the same unit.
    """
    from scipy.integrate import cumulative_trapezoid

    u = np.sort(cumulative(t, a, c, r))
    statistic = _distance(u[None])[0] * np.sqrt(len(u))
    count = min(len(u), _LARGEST)
    draws = np.sort(generator("goodness", count).random((_DRAWS, count)), axis=1)
    # The scores as functions of u = F(t), on a grid, and their integrals: by how much F(t) moves with (a, c).
    grid = np.concatenate([[0.0], np.geomspace(1e-12, 1e-2, 200)[:-1], np.linspace(1e-2, 1, 400)])
    fine = np.exp(-(-np.log(max(r, 1e-300)) if r > 0 else 36 / (1 + a)) * np.linspace(1, 0, 4001) ** 2)
    quantiles = np.interp(grid, cumulative(fine, a, c, r), fine)
    at = quadrature(np.array([a]), np.array([c]), r)
    means = np.array([at.mean(at.log_t)[0], at.mean(at.t)[0]])
    scores = np.stack([np.log(quantiles), quantiles]) - means[:, None]
    moved = cumulative_trapezoid(scores, grid, axis=1, initial=0)
    inverse = np.linalg.inv(at.information()[0])
    mean_scores = np.stack([np.interp(draws, grid, each).mean(axis=1) for each in scores], axis=1)
    fitted = mean_scores @ inverse
    shifted = draws + sum(fitted[:, [i]] * np.interp(draws, grid, moved[i]) for i in range(2))
    null = _distance(shifted) * np.sqrt(count)
    return float((1 + np.count_nonzero(null >= statistic)) / (1 + _DRAWS))


def _distance(u: Float64) -> Float64:
    """(n,) sup |F_k − F| of sorted u = F(x) of shape (n, k)."""
    count = u.shape[1]
    steps = np.arange(count + 1) / count
    return np.asarray(np.maximum((steps[1:] - u).max(axis=1), (u - steps[:-1]).max(axis=1)))
