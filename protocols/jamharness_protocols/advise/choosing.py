"""Which N/N* to train, and how many networks to average, from the means of networks on the largest part.

Where classes overlap, means of small networks err least, and elsewhere those of wide ones. A part shows which, but not
as it will be: the smallest networks have two or three units there, and ten times the patterns later they have many
more. So what the part shows is drawn towards what curves were on data whose answer is known (docs/advise.md).
"""

from collections.abc import Mapping

import numpy as np

from jamharness.api import Float64

FACTORS = (1.0, 2.0, 4.0, 8.0)
"""N/N* of the networks that are tested on each part: at the transition and beyond. Below it single networks err less
where classes overlap, but means of several hardly do (docs/advise.md)."""
BASE = 2.0
"""The factor that the others are compared with."""
TYPICAL: Mapping[float, float] = {1.0: 0.05, 2.0: 0.0, 4.0: 0.04, 8.0: 0.10}
"""Log of the error over that at ``BASE`` on all patterns, of data for which a part shows no difference; and"""
KEPT = 0.7
"""the part of a log ratio on a tenth that is left on all patterns: both of eighteen tasks of docs/advise.md."""
NEARLY = 1.02
"""The smallest networks that err within this factor of the least are taken: they cost less."""
ENOUGH = 1.02
"""The error of the advised number of networks over that of ever so many, at most, where so many were tried."""


def expected(errors: Mapping[float, float]) -> dict[float, float]:
    """By factor, the error over that at ``BASE`` that is expected on all patterns.

    Arguments:
        errors: by factor, the mean test error on the largest part; with ``BASE``.
    """
    ratios = {}
    for factor, error in errors.items():
        log_ratio = float(np.log(max(error, 1e-12) / max(errors[BASE], 1e-12)))
        ratios[factor] = float(np.exp(TYPICAL[factor] + KEPT * np.clip(log_ratio, -1.0, 1.0)))
    return ratios


def chosen(relative: Mapping[float, float]) -> float:
    """The smallest factor that is expected to err hardly more than the best.

    Arguments:
        relative: of ``expected``.
    """
    least = min(relative.values())
    return min(factor for factor, value in relative.items() if value <= NEARLY * least)


def enough(curve: Float64) -> tuple[int, float]:
    """How many networks to average, and the error of ever so many over theirs.

    The error of the mean of K is taken as a + b/K, as variance makes it.

    Arguments:
        curve: (K,) the mean error of 1, …, K networks averaged.
    """
    most = len(curve)
    sizes = np.arange(1, most + 1)
    slope, limit = np.polyfit(1 / sizes, curve, 1)
    fitted = limit + slope / sizes
    if slope <= 0 or limit <= 0:
        return (1, 1.0) if slope <= 0 else (most, max(limit, 0.0) / max(fitted[-1], 1e-12))
    near = np.flatnonzero(fitted <= ENOUGH * limit)
    networks = int(sizes[near[0]]) if near.size else most
    return networks, float(limit / fitted[networks - 1])
