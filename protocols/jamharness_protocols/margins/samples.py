"""Which margins of which networks are samples of the distributions at the transition, and in which units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jamharness_numerics.minimise.outcome import PUSH
from numpy.typing import NDArray

from jamharness.api import FinishedCell, Float64
from jamharness_protocols.common.problem import margin_of
from jamharness_protocols.common.unsatisfied import counts

RESTING = 1e-6
"""Minima count with a median overlap above this, in units of κ: below, they are what a minimiser left at its stop."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Margins of several networks, in the units in which they are fitted.

    Arguments:
        values: (n,) Δ.
        seeds: (n,) the seed of each.
        lower: samples with |Δ| up to here are left out.
    """

    values: Float64
    seeds: NDArray[np.integer]
    lower: float = 0.0


def minima(done: Sequence[FinishedCell]) -> dict[int, list[FinishedCell]]:
    """By seed, its minima that count, from the smallest load on."""
    by_seed: dict[int, list[FinishedCell]] = {}
    for item in _ordered(done, "minimum"):
        overlaps = overlaps_of(item)
        if counts(len(overlaps), 0, _number(item, "parameters")) and np.median(overlaps) > RESTING * _margin(item):
            by_seed.setdefault(_seed(item), []).append(item)
    return by_seed


def satisfied(done: Sequence[FinishedCell]) -> dict[int, list[FinishedCell]]:
    """By seed, its satisfied networks, from the largest load on."""
    by_seed: dict[int, list[FinishedCell]] = {}
    for item in reversed(_ordered(done, "satisfied")):
        by_seed.setdefault(_seed(item), []).append(item)
    return by_seed


def overlaps_of(item: FinishedCell) -> Float64:
    """Δ > 0 of the patterns that are not pinned."""
    assert item.result is not None
    margins, pinned = item.result.arrays["margins"], item.result.arrays["pinned"]
    return np.asarray(margins[(margins > 0) & ~pinned], dtype=np.float64)


def overlaps(items: Sequence[FinishedCell]) -> Samples:
    """Δ > 0 in units of each network's median, as forces between spheres are taken in units of their mean.

    The median, because a few patterns that are hardly learned at all have Δ of the order of κ however near the
    transition is. Overlaps so short that gaps of their length are as frequent are left out: at a finite distance from
    the transition P(Δ) is continuous at 0, and the two power laws begin beyond.
    """
    medians = [float(np.median(overlaps_of(item))) for item in items]
    pooled = _pool([(_seed(item), overlaps_of(item) / unit) for item, unit in zip(items, medians, strict=True)])
    gaps = [-_margins(item)[_margins(item) < 0] / unit for item, unit in zip(items, medians, strict=True)]
    lower = crossing(pooled.values, np.concatenate(gaps)) if items else 0.0
    return Samples(values=pooled.values, seeds=pooled.seeds, lower=lower)


def crossing(overlaps: Float64, gaps: Float64) -> float:
    """The longest gap, of those up to 1, at which as many gaps as overlaps are no longer than it; 0 without any.

    Arguments:
        overlaps: (n,) in units of their median.
        gaps: (m,) lengths in the same unit.
    """
    ends = np.sort(gaps[gaps <= 1])
    shorter = np.searchsorted(np.sort(overlaps), ends, side="right")
    as_many = np.flatnonzero(np.arange(1, len(ends) + 1) >= shorter)
    return float(ends[as_many[-1]]) if len(as_many) else 0.0


def gaps(items: Sequence[FinishedCell]) -> Samples:
    """Δ < 0 of minima in units of κ; those shorter than the typical overlap (the median over networks) are left out.

    At that scale a gap is closed by the overlaps of its neighbours: there the distribution crosses over to Δ > 0.
    """
    pooled = _pool([(_seed(item), _margins(item)[_margins(item) < 0] / _margin(item)) for item in items])
    scales = [float(np.median(overlaps_of(item))) / _margin(item) for item in items]
    return Samples(values=pooled.values, seeds=pooled.seeds, lower=float(np.median(scales)) if scales else 0.0)


def gaps_satisfied(items: Sequence[FinishedCell], smallest: float) -> Samples:
    """Δ < 0 of satisfied networks in units of κ, measured from the margin that the minimiser aimed at.

    Levenberg–Marquardt aims at ``PUSH`` κ, and its contacts end there: at Δ = −(PUSH − 1) κ, within a tolerance. The
    distribution of gaps begins beyond them.
    """
    parts = []
    for item in items:
        (minimisation,) = item.cell.needs
        aimed = PUSH - 1 if minimisation.coordinates["minimiser"] == "lm" else 0.0
        shifted = _margins(item) / _margin(item) + aimed
        parts.append((_seed(item), shifted[shifted < 0]))
    pooled = _pool(parts)
    return Samples(values=pooled.values, seeds=pooled.seeds, lower=smallest)


def _pool(parts: Sequence[tuple[int, Float64]]) -> Samples:
    values = [values for _, values in parts]
    seeds = [np.full(len(values), seed) for seed, values in parts]
    if not parts:
        return Samples(values=np.zeros(0), seeds=np.zeros(0, dtype=int))
    return Samples(values=np.concatenate(values), seeds=np.concatenate(seeds))


def _ordered(done: Sequence[FinishedCell], outcome: str) -> list[FinishedCell]:
    some = [item for item in done if item.result is not None and item.result.values["outcome"] == outcome]
    return sorted(some, key=lambda item: (_seed(item), float(item.cell.coordinates["relative"])))


def _margins(item: FinishedCell) -> Float64:
    assert item.result is not None
    return np.asarray(item.result.arrays["margins"], dtype=np.float64)


def _margin(item: FinishedCell) -> float:
    return margin_of(item.cell)


def _seed(item: FinishedCell) -> int:
    return int(item.cell.coordinates["seed"])


def _number(item: FinishedCell, name: str) -> float:
    assert item.result is not None
    return float(item.result.values[name])  # type: ignore[arg-type]
