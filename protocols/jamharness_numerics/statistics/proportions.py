"""Parts of a whole, and where along a load half of the runs are satisfied."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from jamharness.api import Estimate, Float64, generator
from jamharness_numerics.statistics.bootstrap import PERCENTILES, expanded_level, few

DRAWS = 2000
"""Resamples of the seeds: the ends of a 95% interval are known to a twentieth of its width."""
_ROUNDS, _TOLERANCE, _LONGEST = 1000, 1e-7, 2.0
_NINE_TENTHS = float(np.log(9))
"""ln(0.9/0.1): the logistic function falls from 90% to 10% over twice this many widths."""


def proportion(successes: int, count: int, note: str = "") -> Estimate:
    """A part of independent draws with Clopper and Pearson's exact 95% interval (Biometrika 26 (1934) 404).

    It is never without width: 18 of 18 is 0.815 to 1.

    Arguments:
        successes: how many.
        count: of how many; 0 gives no value.
        note: what a reader must know.
    """
    if not count:
        return Estimate(value=None, count=0, note=note)
    low = float(betaincinv(successes, count - successes + 1, 0.025)) if successes else 0.0
    high = float(betaincinv(successes + 1, count - successes, 0.975)) if successes < count else 1.0
    return Estimate(value=successes / count, low=low, high=high, count=count, note=note)


@dataclass(frozen=True, kw_only=True)
class Crossover:
    """Where and how the probability of a success falls along a load.

    Arguments:
        half: the load at which it is one half.
        width: over which it falls from 90% to 10%.
    """

    half: Estimate
    width: Estimate


def crossover(loads: Float64, satisfied: NDArray[np.bool_], seeds: NDArray[np.integer]) -> Crossover:
    """Logistic regression of successes on the load, with Firth's penalty; its intervals resample seeds.

    The penalty, |I|^½ of the Fisher information, takes away the first-order bias of maximum likelihood and keeps
    estimates finite where the loads that succeed and those that fail do not overlap (Firth, Biometrika 80 (1993) 27).
    Runs of one seed depend on each other, so intervals are expanded percentiles over seeds (``bootstrap``); from
    ``PERCENTILES`` seeds on.

    Arguments:
        loads: (n,) of single runs.
        satisfied: (n,) whether each succeeded.
        seeds: (n,) of what was drawn for it.

    Returns:
        No values where all runs succeeded, or none, or success does not fall with the load; no interval where it does
        not in more resamples than may lie beyond one end. The load of one half and the ends of its interval are those
        within the loads of the runs.
    """
    x, hit = np.asarray(loads, dtype=np.float64), np.asarray(satisfied, dtype=np.float64)
    names, index = np.unique(np.asarray(seeds), return_inverse=True)
    count = len(names)
    nothing = Estimate(value=None, count=count, note="all runs ended alike")
    if not len(x) or hit.min() == hit.max():
        return Crossover(half=nothing, width=nothing)
    if x.min() == x.max():
        one = replace(nothing, note="all runs were made at one load")
        return Crossover(half=one, width=one)
    middle, scale = float(x.mean()), float(x.std())
    (half,), (width,) = _fitted((x - middle) / scale, hit, np.ones((1, len(x))))
    if not np.isfinite(half):
        unordered = Estimate(value=None, count=count, note="success does not fall with the load")
        return Crossover(half=unordered, width=unordered)
    ends: list[tuple[float | None, float | None]] = [(None, None), (None, None)]
    note = few(count, PERCENTILES)
    if count >= PERCENTILES:
        draws = generator("bootstrap", count).integers(0, count, size=(DRAWS, count))
        times = np.stack([np.bincount(draw, minlength=count) for draw in draws])[:, index].astype(np.float64)
        tail = expanded_level(count)
        resamples = _fitted((x - middle) / scale, hit, times)
        without = float(np.isnan(resamples[0]).mean())
        if without > tail:
            note = f"in {without:.2g} of all resamples success does not fall with the load: no interval"
        else:
            for place, values in enumerate(resamples):
                low, high = np.nanquantile(values, [tail, 1 - tail])
                ends[place] = float(low), float(high)
    (low, high), (thin, wide) = ends
    low, high = (None if end is None else middle + scale * end for end in (low, high))
    return Crossover(
        half=_within(middle + scale * float(half), low, high, (float(x.min()), float(x.max())), count, note),
        width=Estimate(
            value=scale * float(width),
            low=None if thin is None else scale * thin,
            high=None if wide is None else scale * wide,
            count=count,
            note=note,
        ),
    )


def _within(
    half: float, low: float | None, high: float | None, loads: tuple[float, float], count: int, note: str
) -> Estimate:
    """The load of one half as far as the loads of the runs reach: nothing is said beyond them."""
    least, most = loads
    outside = ""
    if not least <= half <= most:
        where = f"below {least:.3g}; ask for smaller" if half < least else f"above {most:.3g}; ask for larger"
        outside = f"one half lies {where} loads"
    elif any(end is not None and not least <= end <= most for end in (low, high)):
        outside = "its interval reaches beyond these loads; ask for others"
    value, low, high = (None if end is None or not least <= end <= most else end for end in (half, low, high))
    return Estimate(value=value, low=low, high=high, count=count, note="; ".join(filter(None, (note, outside))))


def _fitted(x: Float64, hit: Float64, times: Float64) -> tuple[Float64, Float64]:
    """The load of one half and the width, each (r,), for weights (r, n) of the n runs.

    NaN where success does not fall, where all runs that have a weight were made at one load, and where ``_ROUNDS`` do
    not suffice. Newton's method on Firth's score, Σ (y − p + h (½ − p)) (1, x), with h the leverages; steps in either
    coefficient are at most ``_LONGEST``, and halved where the penalised likelihood falls.
    """
    several = np.array([x[row > 0].min() < x[row > 0].max() for row in times])
    half, width = np.full((2, len(times)), np.nan)
    a, b = np.zeros(len(times)), -np.ones(len(times))
    part, best = np.ones(len(times)), np.full(len(times), -np.inf)
    step_a, step_b = np.zeros((2, len(times)))
    left = np.flatnonzero(several)
    for _ in range(_ROUNDS):
        own = times[left]
        logit = np.clip((a + part * step_a)[left, None] + (b + part * step_b)[left, None] * x, -500, 500)
        p = 1 / (1 + np.exp(-logit))
        weight = own * p * (1 - p)
        i00, i01, i11 = weight.sum(axis=1), weight @ x, weight @ x**2
        determinant = np.maximum(i00 * i11 - i01**2, 1e-300)
        likelihood = (own * (hit * logit - np.logaddexp(0, logit))).sum(axis=1) + 0.5 * np.log(determinant)
        higher = likelihood >= best[left] - _TOLERANCE
        part[left[~higher]] /= 2
        here = left[higher]
        a[here] += part[here] * step_a[here]
        b[here] += part[here] * step_b[here]
        part[here], best[here] = 1.0, likelihood[higher]
        own, p, weight = own[higher], p[higher], weight[higher]
        i00, i01, i11, determinant = i00[higher], i01[higher], i11[higher], determinant[higher]
        leverage = weight * (i11[:, None] - 2 * i01[:, None] * x + i00[:, None] * x**2) / determinant[:, None]
        score = own * (hit - p) + leverage * (0.5 - p)
        g0, g1 = score.sum(axis=1), score @ x
        towards_a, towards_b = (i11 * g0 - i01 * g1) / determinant, (i00 * g1 - i01 * g0) / determinant
        longest = np.maximum(np.abs(towards_a), np.abs(towards_b))
        short = np.minimum(1, _LONGEST / np.maximum(longest, 1e-300))
        step_a[here], step_b[here] = short * towards_a, short * towards_b
        left = np.setdiff1d(left, here[longest < _TOLERANCE])
        if not len(left):
            break
    converged = several & (b < 0)
    converged[left] = False
    half[converged], width[converged] = -a[converged] / b[converged], -2 * _NINE_TENTHS / b[converged]
    return half, width
