"""The mean of thresholds that are known to lie in brackets."""

from dataclasses import dataclass

import numpy as np

from jamharness.api import Estimate, Float64
from jamharness_numerics.statistics.bootstrap import interval


@dataclass(frozen=True, kw_only=True, eq=False)
class Thresholds:
    """One bracket per seed.

    Arguments:
        low, high: (n,) ends; the threshold of a seed lies between them. NaN where an end was not found.
        decided: (n,) whether no undecided trial lies between the ends.
    """

    low: Float64
    high: Float64
    decided: np.ndarray

    @property
    def closed(self) -> np.ndarray:
        """Which seeds have both ends."""
        return np.isfinite(self.low) & np.isfinite(self.high)

    @property
    def middle(self) -> Float64:
        """(n,) midpoints of the closed brackets, NaN for the others."""
        return np.asarray((self.low + self.high) / 2)


def mean_threshold(found: Thresholds) -> Estimate:
    """The mean threshold over seeds with its 95% interval.

    A bisected bracket counts with its midpoint: its error is independent from seed to seed, so the bootstrap sees it.
        A bracket with
    undecided trials inside counts with its lower end for the interval's lower end and its upper end for the upper
    one: what is not decided widens the interval. Seeds without an end leave the corresponding end of the interval
    open.
    """
    closed = found.closed
    count = int(closed.sum())
    if not count:
        return Estimate(value=None, low=None, high=None, count=0, note="no seed has both ends of a bracket")
    middle, sure = found.middle[closed], found.decided[closed]
    low, _ = interval(np.where(sure, middle, found.low[closed]), lambda sample: float(sample.mean()))
    _, high = interval(np.where(sure, middle, found.high[closed]), lambda sample: float(sample.mean()))
    notes = []
    if not sure.all():
        notes.append(f"{int((~sure).sum())} brackets hold undecided trials")
    if np.isnan(found.high).any():
        notes.append(f"{int(np.isnan(found.high).sum())} seeds have no unsatisfied end")
        high = None
    if np.isnan(found.low).any():
        notes.append(f"{int(np.isnan(found.low).sum())} seeds have no satisfied end")
        low = None
    return Estimate(value=float(middle.mean()), low=low, high=high, count=count, note="; ".join(notes))


def spread(found: Thresholds) -> Estimate:
    """The standard deviation of the thresholds over seeds: the transition's width at this size."""
    middle = found.middle[found.closed]
    if len(middle) < 2:
        return Estimate(value=None, low=None, high=None, count=len(middle), note="needs two seeds")
    low, high = interval(middle, lambda sample: float(sample.std(ddof=1)))
    return Estimate(value=float(middle.std(ddof=1)), low=low, high=high, count=len(middle))
