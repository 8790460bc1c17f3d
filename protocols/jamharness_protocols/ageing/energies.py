"""The energy of a glass: at stated times, size by size and at 1/N = 0, and what it tends to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import LEAST, estimate
from jamharness_numerics.statistics.limits import large_size_limit

from jamharness.api import Estimate, Float64
from jamharness_protocols.ageing.seed import Run, limit_of_power
from jamharness_protocols.ageing.settings import AgeingSettings

DECAY = 2 / 3
"""The exponent of E(t) − E_threshold of the 3-spin (``dynamics.mode_coupling`` finds it)."""


def energies(runs: Sequence[Run], settings: AgeingSettings) -> tuple[pd.DataFrame, Estimate]:
    """E at the stated times, by N and at 1/N = 0; and the last of them.

    Arguments:
        runs: of all sizes.
        settings: of the protocol.
    """
    rows: list[dict[str, Any]] = []
    last = Estimate(value=None, count=0, note="no run reached a stated time")
    for step in settings.energy_steps:
        points = [(run.size, value) for run in runs if (value := run.loss_at(step)) is not None]
        if not points:
            continue
        sizes, values = np.array(points, dtype=np.float64).T
        time, different = step * settings.unit, np.unique(sizes)
        rows += [_row(time, size, estimate(values[sizes == size], np.mean)) for size in different]
        last = at_infinity(sizes, values)
        if len(different) > 1:
            rows.append(_row(time, np.inf, last))
    return pd.DataFrame(rows, columns=["time", "spins", "energy", "low", "high", "count"]), last


def _row(time: float, size: float, energy: Estimate) -> dict[str, Any]:
    return {
        "time": time, "spins": size, "energy": energy.value, "low": energy.low, "high": energy.high,
        "count": energy.count,
    }  # fmt: skip


def at_infinity(sizes: Float64, values: Float64) -> Estimate:
    """The limit 1/N → 0 where there are several sizes, else the mean of the one.

    Arguments:
        sizes: N of each sample.
        values: the samples.
    """
    different, counts = np.unique(sizes, return_counts=True)
    if len(different) == 1:
        mean = estimate(values, np.mean)
        note = "; ".join(filter(None, (mean.note, f"at N = {different[0]:.0f}; give sizes for the limit")))
        return replace(mean, note=note)
    if counts.min() < LEAST:
        note = f"a size with {counts.min()} seeds: {LEAST} are needed of each for the limit"
        return Estimate(value=None, count=len(values), note=note)
    limit = large_size_limit(sizes, values, self_averaging=True)
    low, high = limit.interval()
    return Estimate(value=limit.value, low=low, high=high, count=len(values))


def threshold(runs: Sequence[Run], settings: AgeingSettings) -> tuple[Estimate, dict[str, float]]:
    """E_∞ of E_∞ + a t^(−2/3), run by run, and its samples at the largest size.

    Arguments:
        runs: of all sizes.
        settings: of the protocol.
    """
    if settings.temperature:
        note = "the energy of a bath at T > 0 does not tend to the threshold of T = 0"
        return Estimate(value=None, count=0, note=note), {}
    limits = [(run, value) for run in runs if (value := limit_of_power(run, DECAY)) is not None]
    if not limits:
        return Estimate(value=None, count=0, note="no run has four energies in a decade"), {}
    sizes, values = (
        np.array([run.size for run, _ in limits], dtype=np.float64),
        np.array([value for _, value in limits]),
    )
    limit = at_infinity(sizes, values)
    note = "; ".join(filter(None, (limit.note, "the exponent 2/3 is assumed; its corrections are not in the interval")))
    samples = {str(run.seed): value for run, value in limits if run.size == sizes.max()}
    return replace(limit, note=note), samples
