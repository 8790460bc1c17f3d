"""Which cells of the (h, α) plane are known, and which are needed next."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import exp, log, sqrt
from typing import Any

import numpy as np
from jamharness_systems.parametrised import ParametrisedNetwork

from jamharness.api import CellResult, FinishedCell
from jamharness_protocols.regimes.settings import LIMIT, TASK, TOGETHER, RegimesSettings

Place = tuple[int, float]
"""The width h and √h α."""


def by_place(done: Sequence[FinishedCell]) -> dict[Place, dict[int, FinishedCell]]:
    """Finished flows by place and seed; those that were followed side by side each for itself."""
    flows: dict[Place, dict[int, FinishedCell]] = {}
    for item in done:
        system, at = item.cell.system, item.cell.coordinates
        if isinstance(system, ParametrisedNetwork) and item.cell.task in (TASK, TOGETHER):
            here = flows.setdefault((system.width, float(at["scale"])), {})
            here |= {int(at["seed"]): item} if item.cell.task == TASK else _apart(item)
    return flows


def _apart(item: FinishedCell) -> dict[int, FinishedCell]:
    """The flows of a cell that holds several, by seed; where the cell failed each of them did."""
    flows, result = {}, item.result
    for lane, seed in enumerate(item.cell.coordinates["seeds"]):
        own = None
        if result is not None:
            values = {name: each[lane] for name, each in result.values.items() if isinstance(each, list)}
            arrays = {name: each if name == "labels" else each[lane] for name, each in result.arrays.items()}
            own = CellResult(values=values, arrays=arrays)
        flows[int(seed)] = FinishedCell(cell=item.cell, result=own, failure=item.failure)
    return flows


def limits(done: Sequence[FinishedCell]) -> dict[int, dict[int, FinishedCell]]:
    """Finished flows of initial kernels by width and seed."""
    flows: dict[int, dict[int, FinishedCell]] = {}
    for item in done:
        if isinstance(item.cell.system, ParametrisedNetwork) and item.cell.task == LIMIT:
            flows.setdefault(item.cell.system.width, {})[int(item.cell.coordinates["seed"])] = item
    return flows


def wanted(settings: RegimesSettings, done: Sequence[FinishedCell]) -> list[Place]:
    """Every place that is asked for so far, the grid first, whether or not it is done.

    Places are added where two neighbours that are known for every seed bracket a line: in α where the mean of
    ln ‖ΔΘ‖/‖Θ₀‖ changes its sign, in h where half of the seeds are satisfied.
    """
    complete = {place: cells for place, cells in by_place(done).items() if set(cells) >= set(seeds_of(settings))}
    places = [(width, scale) for width in sorted(set(settings.widths)) for scale in sorted(set(settings.scales))]
    places += [place for place in sorted(complete) if place not in places]
    for width in sorted(set(settings.widths)):
        following = next_scale(settings, {scale: cells for (h, scale), cells in complete.items() if h == width})
        if following is not None:
            places.append((width, following))
    for scale in settings.jammed_at:
        mine = {h: satisfied(cells.values()) for (h, at), cells in complete.items() if at == scale}
        grid = [(width, scale) for width in sorted(set(settings.widths))]
        places += [place for place in grid if place not in places]
        if all(place in complete for place in grid):
            between = next_width(settings, mine)
            places += [] if between is None else [(between, scale)]
    return list(dict.fromkeys(places))


def seeds_of(settings: RegimesSettings) -> range:
    """The seeds of the initial weights."""
    return range(settings.seed, settings.seed + settings.seeds)


def next_scale(settings: RegimesSettings, known: Mapping[float, Mapping[int, FinishedCell]]) -> float | None:
    """The √h α that halves the bracket of ‖ΔΘ‖ = ‖Θ₀‖ at one width; None where it is narrow enough, or is none."""
    bracket = crossing({scale: mean_log(cells.values(), "kernel_change") for scale, cells in known.items()})
    if bracket is None or bracket[1] <= settings.resolution * bracket[0] * (1 + 1e-9):
        return None
    return float(f"{sqrt(bracket[0] * bracket[1]):.6g}")


def crossing(values: Mapping[float, float | None]) -> tuple[float, float] | None:
    """The neighbours between which a function of a scale changes from above 0 to below; the last such pair."""
    scales = sorted(scale for scale, value in values.items() if value is not None)
    bracket = None
    for low, high in pairwise(scales):
        if (values[low] or 0.0) > 0 >= (values[high] or 0.0):
            bracket = low, high
    return bracket


def crossing_at(values: Mapping[float, float | None]) -> float | None:
    """Where the function is 0, by a straight line in ln α between these neighbours."""
    bracket = crossing(values)
    if bracket is None:
        return None
    above, below = (values[scale] or 0.0 for scale in bracket)
    part = above / (above - below)
    return exp(log(bracket[0]) + part * log(bracket[1] / bracket[0]))


def mean_log(cells: Any, name: str) -> float | None:
    """The mean over networks of the logarithm of a value; None where none has one above 0."""
    values = [item.result.values[name] for item in cells if item.result is not None and item.result.values[name] > 0]
    return float(np.mean(np.log(values))) if values else None


def satisfied(cells: Any) -> float:
    """Which part of the networks of a place is satisfied; an undecided one is not."""
    outcomes = [item.result is not None and item.result.values["outcome"] == "satisfied" for item in cells]
    return float(np.mean(outcomes)) if outcomes else 0.0


def next_width(settings: RegimesSettings, parts: Mapping[int, float]) -> int | None:
    """The width that narrows the bracket of the jamming line at one √h α; None where neighbours enclose it.

    Arguments:
        settings: of the protocol.
        parts: by width, which part of the networks is satisfied.
    """
    low, high = jamming_bracket(parts)
    if high is None:
        largest = max(parts, default=1)
        return None if largest >= settings.highest_width else min(2 * largest, settings.highest_width)
    if low is None:
        return None if high == 1 else max(1, high // 2)
    return None if high - low <= 1 else (low + high) // 2


def jamming_bracket(parts: Mapping[int, float]) -> tuple[int | None, int | None]:
    """The smallest width from which on half are satisfied at every larger one, and the largest below it."""
    widths = sorted(parts)
    failing = [width for width in widths if parts[width] < 0.5]
    low = max(failing, default=None)
    high = min((width for width in widths if low is None or width > low), default=None)
    return low, high
