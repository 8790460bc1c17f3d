"""Agreement to a horizon: when two trajectories part, and how fast."""

from collections.abc import Mapping, Sequence

import numpy as np

from jamharness.agreement.rows import HorizonRow
from jamharness.api import Array, Float64


def distances(one: Array, two: Array) -> Float64:
    """The largest difference of any parameter at each record, (records,), for trajectories (records, N)."""
    return np.asarray(np.abs(np.asarray(one, dtype=np.float64) - two).max(axis=1, initial=0.0))


def parting(apart: Float64, updates: Sequence[int], bound: float) -> int | None:
    """The first recorded update at which a difference exceeds what roundings add up to without being amplified.

    Arguments:
        apart: (records,) from ``distances``.
        updates: (records,) numbers of updates.
        bound: the most that the rounding of one update may contribute.
    """
    beyond = np.flatnonzero(~(apart <= bound * np.asarray(updates)))
    return int(updates[beyond[0]]) if len(beyond) else None


def growth_rate(apart: Float64, updates: Sequence[int], bound: float, size: float) -> float | None:
    """E-foldings per update: the slope of log distance from just before parting until 1% of w or the largest distance.

    Arguments:
        apart: (records,).
        updates: (records,).
        bound: as for ``parting``.
        size: the largest |w|, at which differences stop growing.
    """
    begun = parting(apart, updates, bound)
    if begun is None:
        return None
    at = np.asarray(updates, dtype=float)
    start = max(int(np.flatnonzero(at == begun)[0]) - 1, 0)  # the last record before they parted
    grown = np.flatnonzero(~(apart < 0.01 * size))
    stop = int(grown[0]) if len(grown) else int(np.argmax(apart))
    chosen = np.arange(start, stop + 1)
    chosen = chosen[(apart[chosen] > 0) & np.isfinite(apart[chosen])]
    if len(chosen) < 2:
        return None
    return float(np.polyfit(at[chosen], np.log(apart[chosen]), 1)[0])


def compare(
    trajectory: Array,
    reference: Array,
    twins: Sequence[Array],
    updates: Sequence[int],
    bound: float,
    labels: Mapping[str, str],
) -> HorizonRow:
    """One method's row.

    Arguments:
        trajectory: (records, N) of the backend.
        reference: (records, N) of the reference.
        twins: trajectories of the reference from starts one rounding beside, each (records, N).
        updates: (records,) numbers of updates.
        bound: the most that the rounding of one update may contribute to any parameter.
        labels: backend, reference, comparison_point and method.
    """
    apart = distances(trajectory, reference)
    own = [parting(distances(each, reference), updates, bound) for each in twins]
    twin = min((each for each in own if each is not None), default=None)
    parted = parting(apart, updates, bound)
    # A backend's roundings act at every update and a twin's only at the first: it may part somewhat sooner.
    allowed = updates[-1] if twin is None else twin / 3
    soon = parted is not None and parted < allowed
    return HorizonRow(
        **labels,
        updates=int(updates[-1]),
        parted=parted,
        bound=bound,
        growth=growth_rate(apart, updates, bound, float(np.abs(reference).max(initial=0.0))),
        twin=twin,
        verdict="differ" if soon else "agree",
    )
