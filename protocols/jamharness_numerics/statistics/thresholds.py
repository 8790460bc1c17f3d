"""The mean of thresholds that are known to lie in brackets."""

from dataclasses import dataclass

import numpy as np

from jamharness.api import Estimate, Float64
from jamharness_numerics.statistics.bootstrap import LEAST, few
from jamharness_numerics.statistics.bracketed import bracketed


@dataclass(frozen=True, kw_only=True, eq=False)
class Thresholds:
    """One bracket per seed.

    Arguments:
        low, high: (n,) ends; the threshold of a seed lies between them. NaN where an end was not found.
        decided: (n,) whether no undecided trial lies between the ends.
        ends: what the lower and the upper end are; of sizes, not of loads, the lower one is unsatisfied.
    """

    low: Float64
    high: Float64
    decided: np.ndarray
    ends: tuple[str, str] = ("satisfied", "unsatisfied")

    @property
    def closed(self) -> np.ndarray:
        """Which seeds have both ends."""
        return np.isfinite(self.low) & np.isfinite(self.high)

    @property
    def middle(self) -> Float64:
        """(n,) midpoints of the closed brackets, NaN for the others."""
        return np.asarray((self.low + self.high) / 2)


def mean_threshold(thresholds: Thresholds) -> Estimate:
    """The mean threshold over seeds with its 95% interval.

    The value is the mean of the midpoints; the interval is that of ``bracketed``, which knows how wide brackets are.
    A bracket with undecided trials inside counts with its lower end for the interval's lower end and its upper end for
    the upper one: what is not decided widens the interval. Seeds without an end leave the corresponding end of the
    interval open; where no seed has an unsatisfied end (or none a satisfied one), the other end is all that is known.
    """
    closed = thresholds.closed
    count = int(closed.sum())
    if not count:
        return _one_sided(thresholds)
    low_ends, high_ends, sure = thresholds.low[closed], thresholds.high[closed], thresholds.decided[closed]
    value = float(thresholds.middle[closed].mean())
    low, high = None, None
    if count >= LEAST:
        low = min(value, bracketed(low_ends, np.where(sure, high_ends, low_ends)).mean[0])
        high = max(value, bracketed(np.where(sure, low_ends, high_ends), high_ends).mean[1])
    notes = [few(count)] if few(count) else []
    if not sure.all():
        notes.append(f"undecided trials in {int((~sure).sum())} of {len(sure)} brackets")
    if np.isnan(thresholds.high).any():
        notes.append(f"{int(np.isnan(thresholds.high).sum())} seeds have no {thresholds.ends[1]} end")
        high = None
    if np.isnan(thresholds.low).any():
        notes.append(f"{int(np.isnan(thresholds.low).sum())} seeds have no {thresholds.ends[0]} end")
        low = None
    return Estimate(value=value, low=low, high=high, count=count, note="; ".join(notes))


def _one_sided(thresholds: Thresholds) -> Estimate:
    """What is known without any closed bracket: every seed's threshold lies above an end, or below one."""
    seeds = len(thresholds.low)
    for ends, others, word in (
        (thresholds.low, thresholds.high, thresholds.ends[1]),
        (thresholds.high, thresholds.low, thresholds.ends[0]),
    ):
        if seeds and np.isfinite(ends).all() and np.isnan(others).all():
            below = ends is thresholds.high
            end = float(ends.max() if below else ends.min())
            if seeds >= LEAST:
                end = bracketed(ends, ends).mean[1 if below else 0]
            article = "an" if word.startswith("un") else "a"
            note = f"no seed has {article} {word} end: the threshold is known from one side"
            return Estimate(value=None, low=None if below else end, high=end if below else None, count=seeds, note=note)
    return Estimate(value=None, count=0, note="no seed has both ends of a bracket")


def spread(thresholds: Thresholds) -> Estimate:
    """The standard deviation of the thresholds over seeds, and its 95% interval: the transition's width at this size.

    Its value is that of the midpoints, 0 for equal brackets; the interval says how much the brackets hide.
    """
    closed = thresholds.closed
    middle = thresholds.middle[closed]
    count = len(middle)
    if count < 2:
        return Estimate(value=None, count=count, note="needs two seeds")
    value, low, high = float(middle.std(ddof=1)), None, None
    if count >= LEAST:
        ends = bracketed(thresholds.low[closed], thresholds.high[closed]).deviation
        low, high = min(value, ends[0]), max(value, ends[1])
    return Estimate(value=value, low=low, high=high, count=count, note=few(count))
