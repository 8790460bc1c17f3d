"""κ_J at several loads P/N_w, and the load at which it is zero: where what has a free scale jams."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import estimate, resampled

from jamharness.api import Estimate, Float64

_DRAWS, _TAIL = 2000, 0.025
"""Resamples that tell whether an interval ends between the loads, and the part of them that may not."""
_MEANS = ("critical_margin", "contacts_weights")
"""What is averaged over the seeds at each load."""


def several(table: pd.DataFrame) -> bool:
    """Whether approaches were made at more than one load."""
    return bool(table["constraints"].nunique() > 1)


def load_table(table: pd.DataFrame) -> pd.DataFrame:
    """One row per load: the means over the seeds that came to jamming, with their intervals.

    Arguments:
        table: of approaches, as ``approached.approach_table`` makes it.
    """
    rows = []
    for patterns, at_load in table.assign(contacts_weights=table["contacts"] / table["weights"]).groupby("constraints"):
        there = at_load[at_load["outcome"] == "jammed"]
        row = {"load": at_load["load"].max(), "patterns": patterns, "jammed": len(there), "seeds": len(at_load)}
        for name in _MEANS:
            mean = estimate(there[name].to_numpy(dtype=np.float64), np.mean)
            row |= {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}
        rows.append(row)
    return pd.DataFrame(rows)


def zero_margin_load(table: pd.DataFrame, networks: bool) -> Estimate:
    """P/N_w at which the mean of κ_J over seeds is zero, between neighbouring loads by a straight line.

    The line is above a convex curve: with a spacing s the load is too large by up to s²/8 of its curvature over its
    slope. Seeds are resampled whole, as their loads share data. An end of the interval is None where more resamples
    than lie beyond it do not cross zero between these loads.

    Arguments:
        table: of approaches; those that did not come to jamming are left out.
        networks: whether w = 0 in the last layer gives f = 0 everywhere, so that the largest margin is never negative
            and κ_J tends to zero without a crossing.
    """
    there = table[table["outcome"] == "jammed"]
    margins = there.pivot_table(index="seed", columns="load", values="critical_margin", aggfunc="first", observed=True)
    loads = margins.columns.to_numpy(dtype=np.float64)
    values = margins.to_numpy(dtype=np.float64)
    note = ""
    if not len(values):
        note = "no seed came to jamming"
    elif networks:
        note = "κ_J of a network tends to zero and does not cross it: f = 0 has no negative margin"
    elif np.isnan(crossing(loads, values)):
        where = "above" if np.nansum(values) > 0 else "below"
        note = f"κ_J is {where} zero at these loads; ask for others"
    if note:
        return Estimate(value=None, count=len(values), note=note)
    zero = estimate(values, lambda sample: crossing(loads, sample))
    draws = resampled(len(values), lambda draw: _side(values[draw.astype(int)]), _DRAWS)
    low, high = (None if (draws == side).mean() > _TAIL else end for side, end in ((-1, zero.low), (1, zero.high)))
    beyond = "its interval reaches beyond these loads; ask for others" if None in (low, high) and not zero.note else ""
    return replace(zero, low=low, high=high, note=zero.note or beyond)


def _side(margins: Float64) -> float:
    """Where margins (n, k) that do not cross lie: −1 below zero at all loads, 1 above at the last; 0 if they cross."""
    if not np.isnan(crossing(np.arange(margins.shape[1], dtype=np.float64), margins)):
        return 0.0
    return 1.0 if np.nansum(margins[:, -1]) > 0 else -1.0


def crossing(loads: Float64, margins: Float64) -> float:
    """Where the mean of margins (n, k) over n seeds first falls through zero between loads (k,); NaN where it does not.

    Arguments:
        loads: rising.
        margins: NaN where a seed has none.
    """
    known = np.isfinite(margins)
    counts = known.sum(axis=0)
    there = counts > 0
    x, mean = loads[there], np.where(known, margins, 0.0).sum(axis=0)[there] / counts[there]
    falls = np.flatnonzero((mean[:-1] > 0) & (mean[1:] <= 0))
    if not len(falls):
        return float("nan")
    left = falls[0]
    return float(x[left] + (x[left + 1] - x[left]) * mean[left] / (mean[left] - mean[left + 1]))


def drawn(table: pd.DataFrame) -> Mapping[str, Float64]:
    """The columns that the figure shows: load, κ_J and the ends of its interval."""
    names = ("load", "critical_margin", "critical_margin_low", "critical_margin_high")
    return {name: pd.to_numeric(table[name]).to_numpy(dtype=np.float64) for name in names}
