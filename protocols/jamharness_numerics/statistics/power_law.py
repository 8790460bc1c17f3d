"""The exponent of a density that is a power law at zero, with the window in which it is measured chosen by a rule.

Near zero p(x) ∝ x^a (1 + …), and nothing says how far. A pure power law fitted where it is not rejected is biased by
what the test could not see, and its interval is too short: no interval that adapts to unseen corrections can cover
(Low, Ann. Statist. 25 (1997) 2547). So three things are done. x^a e^{cx} is fitted, which takes up the first smooth
correction. The window is the lower 30% (by count) of the largest in which no curvature is seen beyond that.
And the interval allows for a curvature that the test misses every other time.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api import BadInput, Float64, unknown_name
from jamharness_numerics.statistics.bootstrap import LEAST as LEAST_GROUPS
from jamharness_numerics.statistics.bootstrap import RESAMPLES
from jamharness_numerics.statistics.goodness import kolmogorov_smirnov
from jamharness_numerics.statistics.power_law_interval import (
    bootstrap_ends,
    likelihood_ends,
    resampled_exponents,
    widened,
)
from jamharness_numerics.statistics.power_law_window import LEAST, Window, chosen_window, given_window

SIDES = ("+", "-")


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """An exponent with its 95% interval.

    Arguments:
        exponent: a of p(x) ~ x^a for side "+" (θ), −a for side "-" (γ); None with too few samples.
        low, high: ends of the 95% interval; None with too few samples, or two groups.
        window: (lower, upper) ends in |x| of the samples that it rests on.
        goodness: p-value of a Kolmogorov–Smirnov test of the fit in the window; None with too few samples.
        count: samples in the window.
        slope: c of x^a e^{cx/upper}.
        bias: what the interval allows for curvature that was not seen, in units of the exponent.
        curved: whether a curvature is plain (p < 0.05) even in the smallest window: the exponent is to be doubted.
        groups: groups that were resampled for the interval; 0 where the samples were taken as independent.
        draws: exponents of these resamples; the same groups are drawn for the same number of them, so that functions of
            two exponents can be resampled together. None without groups.
    """

    exponent: float | None
    low: float | None
    high: float | None
    window: tuple[float, float]
    goodness: float | None
    count: int
    slope: float = 0.0
    bias: float = 0.0
    curved: bool = False
    groups: int = 0
    draws: Float64 | None = field(default=None, compare=False, repr=False)


def fit_power_law(
    samples: Float64,
    side: str = "+",
    groups: NDArray[Any] | None = None,
    *,
    lower: float = 0.0,
    upper: float | None = None,
    resamples: int = RESAMPLES,
) -> PowerLaw:
    """The exponent at zero of the density of the samples on one side of it.

    Arguments:
        samples: (n,) of either sign, such as margins Δ of many networks.
        side: ``"+"``: p(Δ) ~ Δ^θ for Δ > 0, the exponent is θ; ``"-"``: p(Δ) ~ (−Δ)^(−γ) for Δ < 0, it is γ.
        groups: (n,) which group (seed) each sample is of; the interval then resamples groups, as samples of one
            group may depend on each other. None: samples are independent and the interval is that of the likelihood.
        lower: samples with |Δ| up to here are left out, as where rounding or a minimiser's tolerance made them.
        upper: the end of the window where it is not to be chosen; the fit is then that of all samples
            below it.
        resamples: of the groups, for the interval.

    Raises:
        BadInput: an unknown side, samples that are not finite, groups of another length, a window that is empty.
    """
    if side not in SIDES:
        raise BadInput(unknown_name("side", side, SIDES))
    x = np.asarray(samples, dtype=np.float64).ravel() * (1 if side == "+" else -1)
    if not np.isfinite(x).all():
        raise BadInput(f"{np.count_nonzero(~np.isfinite(x))} of {x.size} samples are not finite; leave them out.")
    labels = None if groups is None else np.asarray(groups).ravel()
    if labels is not None and labels.shape != x.shape:
        raise BadInput(f"groups has {labels.size} values and samples {x.size}; give one for each.")
    if lower < 0 or (upper is not None and upper <= lower):
        raise BadInput(f"window ({lower}, {upper}): its ends must be 0 or more and in rising order.")
    names = () if labels is None else tuple(sorted(set(labels.tolist())))
    above = x > lower
    order = np.argsort(x[above], kind="stable")
    x, labels = x[above][order], None if labels is None else labels[above][order]
    window, bias = (None, 0.0) if upper is None else (given_window(x, lower, upper), 0.0)
    if upper is None and len(x) > LEAST:
        window, bias = chosen_window(x, lower)
    if window is None:
        end = float(x[-1]) if len(x) else lower
        return PowerLaw(exponent=None, low=None, high=None, window=(float(lower), end), goodness=None, count=len(x))
    return _report(window, bias, -1.0 if side == "-" else 1.0, labels, names, resamples)


def _report(
    window: Window, bias: float, sign: float, labels: NDArray[Any] | None, names: tuple[Any, ...], resamples: int
) -> PowerLaw:
    draws = None
    low: float | None = None
    high: float | None = None
    if labels is not None and len(names) > 1:
        draws = resampled_exponents(window, labels[: len(window.t)], names, resamples)
    if draws is None or len(names) >= LEAST_GROUPS:
        ends = likelihood_ends(window) if draws is None else bootstrap_ends(draws, len(names))
        low, high = sorted(sign * end for end in widened(ends, bias))
    return PowerLaw(
        exponent=sign * window.a,
        low=low,
        high=high,
        window=(window.r * window.upper, window.upper),
        goodness=kolmogorov_smirnov(window.t, window.a, window.c, window.r),
        count=len(window.t),
        slope=window.c,
        bias=bias,
        curved=window.curved,
        groups=0 if draws is None else len(names),
        draws=None if draws is None else sign * draws,
    )
