"""One line of a calibration: what is exactly known beside what was measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from jamharness_numerics.statistics.limits import large_size_limit
from scipy import stats

from jamharness.api import Backend, Float64, Json

LEVEL = 0.95
Draw = Mapping[str, Json]
"""Which draw of a calibration: JSON values."""
Results = Sequence[tuple[Draw, Mapping[str, Any]]]
"""What each draw gave."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """Truth and estimate.

    Arguments:
        calibration: which one.
        quantity: what was measured.
        truth: its exact value.
        value: the estimate.
        low, high: its 95% interval; the value itself where it is exact.
        count: draws that it rests on.
        p: the probability of a difference as large, if the instrument reads true; 0 or 1 for what is exact.
        exact: whether the truth must be met to rounding, and not only be covered.
        source: where the truth comes from.
    """

    calibration: str
    quantity: str
    truth: float
    value: float
    low: float
    high: float
    count: int
    p: float
    source: str
    exact: bool = False

    @property
    def covered(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A problem whose answer is known.

    Arguments:
        name: what the user types.
        about: one line.
        draws: the draws of the short or, given True, of the full calibration.
        measure: computes one draw on a backend, with the instrument as it is or, for its own test, made wrong.
        rows: from what all draws gave to lines.
    """

    name: str
    about: str
    draws: Callable[[bool], Sequence[Draw]]
    measure: Callable[[Backend, Mapping[str, Any]], Mapping[str, Json]]
    rows: Callable[[Results], Sequence[Row]]


def margin_of(draw: Mapping[str, Any], margin: float) -> float:
    """κ as the instrument sets it: with the fault ``margin`` 2% too large, and .02 where it is zero."""
    return margin + 0.02 * (abs(margin) or 1.0) if draw.get("fault") == "margin" else margin


def contacts_of(draw: Mapping[str, Any], contacts: Any) -> Any:
    """Which constraints count as contacts: with the fault ``contact`` one in fifty of them, at least one, is lost."""
    if draw.get("fault") != "contact":
        return contacts
    mask = np.array(contacts)
    mask[np.flatnonzero(mask)[::50]] = False
    return mask


def biased(results: Results, values: Float64) -> Float64:
    """Samples as an estimator sees them: with the fault ``estimator`` 2% too large."""
    return values * 1.02 if results and results[0][0].get("fault") == "estimator" else values


def mean_row(name: str, quantity: str, truth: float, values: Any, source: str, results: Results) -> Row:
    """The mean of independent draws with Student's interval."""
    sample = biased(results, np.asarray(values, dtype=np.float64))
    value, error = float(sample.mean()), float(sample.std(ddof=1)) / sqrt(len(sample))
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(sample) - 1)) * error
    p = 2 * float(stats.t.sf(abs(value - truth) / error, len(sample) - 1)) if error else float(value == truth)
    return Row(
        calibration=name, quantity=quantity, truth=truth, value=value, low=value - half, high=value + half,
        count=len(sample), p=p, source=source,
    )  # fmt: skip


def extrapolated_row(
    name: str, quantity: str, truth: float, sizes: Any, values: Any, source: str, results: Results
) -> Row:
    """The limit N → ∞ of draws at several sizes: least squares in 1/N, each size weighted by its spread."""
    size, sample = np.asarray(sizes, dtype=np.float64), biased(results, np.asarray(values, dtype=np.float64))
    limit = large_size_limit(size, sample)
    low, high = limit.interval(LEVEL)
    return Row(
        calibration=name, quantity=quantity, truth=truth, value=limit.value, low=low, high=high,
        count=len(sample), p=limit.p(truth), source=source,
    )  # fmt: skip


def fraction_row(name: str, quantity: str, truth: float, hits: Any, source: str) -> Row:
    """The part of draws in which something happened, with Clopper and Pearson's exact interval."""
    count, total = int(np.count_nonzero(hits)), len(hits)
    test = stats.binomtest(count, total, truth)
    interval = test.proportion_ci(LEVEL, method="exact")
    return Row(
        calibration=name, quantity=quantity, truth=truth, value=count / total, low=float(interval.low),
        high=float(interval.high), count=total, p=float(test.pvalue), source=source,
    )  # fmt: skip


def exact_row(name: str, quantity: str, truth: float, values: Any, source: str, tolerance: float = 0.0) -> Row:
    """What every draw must meet to a tolerance: the value of the draw that is farthest off."""
    sample = np.asarray(values, dtype=np.float64)
    worst = float(sample[np.argmax(np.abs(sample - truth))])
    right = abs(worst - truth) <= tolerance
    low, high = (worst - tolerance, worst + tolerance)
    return Row(
        calibration=name, quantity=quantity, truth=truth, value=worst, low=low, high=high, count=len(sample),
        p=float(right), source=source, exact=True,
    )  # fmt: skip
