"""What one run says by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jamharness_numerics.dynamics.ageing import (
    Curves,
    ageing_exponent,
    diffusion_exponent,
    end,
    onset,
    slope_with_age,
    spread,
)

from jamharness.api import CellResult, FinishedCell, Float64
from jamharness_protocols.ageing.flatness import Flatness

DOUBT = 0.1
"""The largest part of directions of which it may be open whether they are flat."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One run in units of time.

    Arguments:
        item: the finished cell.
        unit: the time of one step.
    """

    item: FinishedCell
    unit: float

    @property
    def result(self) -> CellResult:
        """What was measured."""
        assert self.item.result is not None
        return self.item.result

    @property
    def arrays(self) -> Mapping[str, Any]:
        """Its arrays."""
        return self.result.arrays

    @property
    def size(self) -> int:
        """N."""
        assert self.item.cell.system is not None
        return self.item.cell.system.size

    @property
    def satisfiable(self) -> bool:
        """Whether it has constraints, patterns or contacts; an energy has none."""
        assert self.item.cell.system is not None
        return self.item.cell.system.satisfiable

    @property
    def seed(self) -> int:
        """Of its draws."""
        return int(self.item.cell.coordinates["seed"])

    @property
    def curves(self) -> Curves:
        """Δ for every waiting time."""
        at = self.item.cell.coordinates
        waiting, lags = (self.unit * np.asarray(at[name], dtype=np.float64) for name in ("waiting", "lags"))
        return Curves(waiting=waiting, lags=lags, distance=np.asarray(self.arrays["distance"]))

    @property
    def times(self) -> Float64:
        """When the loss was written down, (K,)."""
        return self.unit * np.asarray(self.arrays["steps"], dtype=np.float64)

    @property
    def loss(self) -> Float64:
        """L, or E per spin, (K,)."""
        return np.asarray(self.arrays["loss"])

    def loss_at(self, step: int) -> float | None:
        """L after a number of steps at which it was written down."""
        (indices,) = np.nonzero(np.asarray(self.arrays["steps"]) == step)
        return float(self.loss[indices[0]]) if len(indices) else None


def measures(run: Run, flat: Flatness | None = None) -> dict[str, Any]:
    """Everything that a run decides, by the names of estimates; None for what it does not."""
    moving = run.curves.moving()
    alive = np.isin(run.curves.waiting, moving.waiting)
    noise = np.asarray(run.arrays["noise"])[alive]
    noisy = bool(len(noise)) and bool(np.all(noise > 0))
    explained = moving.over(noise) if noisy else moving
    first = onset(moving) if len(moving.waiting) else None
    last = end(explained) if len(moving.waiting) else None
    young = moving.some(moving.waiting <= first) if first is not None else moving
    until = np.inf if last is None else last
    ageing = moving.some((moving.waiting >= (np.inf if first is None else first)) & (moving.waiting <= until))
    old = explained.some(explained.waiting >= (np.inf if last is None else last))
    exponent = ageing_exponent(ageing) if len(ageing.waiting) >= 3 else None
    values = run.result.values
    squares, fourths = (np.asarray(run.arrays[name]) for name in ("distance", "fourth"))
    largest = np.unravel_index(int(np.nanargmax(np.where(np.isfinite(squares), squares, -1))), squares.shape)
    return {
        "seed": run.seed,
        "parameters": run.size,
        "patterns": values["patterns"],
        "kept": values["kept"],
        "at_rest": int(np.count_nonzero(~alive)),
        "ageing_slope": slope_with_age(moving) if alive[-1] else None,
        "unexplained_slope": slope_with_age(explained) if alive[-1] and noisy else None,
        # Where the second curve differs already, it is before all that was measured.
        "t1": None if first == run.curves.waiting[0] else first,
        "t2": last,
        "ageing_exponent": None if exponent is None else exponent[0],
        "collapse_identity": spread(young) if len(young.waiting) >= 2 else None,
        "collapse_ageing": None if exponent is None else exponent[1],
        "collapse_uncollapsed": None if exponent is None else spread(ageing),
        "collapse_diffusion": spread(old) if noisy and len(old.waiting) >= 2 else None,
        "diffusion_exponent": diffusion_exponent(moving),
        "loss_slope": _loss_slope(run, first, last),
        "participation": float(squares[largest] ** 2 / fourths[largest]) if fourths[largest] > 0 else None,
        "overlap": _overlap(np.asarray(run.arrays["overlap"])),
        "loss": values["loss"],
        "unsatisfied": values["unsatisfied"] / run.size if run.satisfiable else None,  # type: ignore[operator]
        **_flat(flat),
    }


def _flat(flatness: Flatness | None) -> dict[str, float | None]:
    """Flat directions at the last waiting time, and how many more they are than at the first, if that is resolved."""
    if flatness is None:
        return {"flat_directions": None, "flat_rise": None}
    sure = flatness.doubt <= DOUBT
    return {
        "flat_directions": float(flatness.flat[-1]) if sure[-1] else None,
        "flat_rise": float(flatness.flat[-1] - flatness.flat[0]) if sure[0] and sure[-1] else None,
    }


def _overlap(overlaps: Float64) -> float | None:
    """Of the last waiting time that any t follows, at the longest t."""
    finite = np.argwhere(np.isfinite(overlaps))
    return float(overlaps[tuple(finite[-1])]) if len(finite) else None


def _loss_slope(run: Run, first: float | None, last: float | None) -> float | None:
    """dL/d log10 t between t₁ and t₂; to the end where there is no t₂, and None without t₁."""
    if first is None:
        return None
    within = (run.times >= first) & (run.times <= (np.inf if last is None else last))
    if np.count_nonzero(within) < 3:
        return None
    return float(np.polyfit(np.log10(run.times[within]), run.loss[within], 1)[0])


def limit_of_power(run: Run, exponent: float) -> float | None:
    """E_∞ of E_∞ + a t^(−ν) over the last decade of a run, by least squares."""
    late = run.times >= run.times[-1] / 10
    if np.count_nonzero(late) < 4:
        return None
    slope, limit = np.polyfit(run.times[late] ** -exponent, run.loss[late], 1)
    return float(limit) if np.isfinite(slope) else None
