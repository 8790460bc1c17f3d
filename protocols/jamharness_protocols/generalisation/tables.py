"""From finished cells to rows: one for each network, then curves over N with intervals over draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import means
from jamharness_numerics.statistics.ensembles import ensemble_outputs, errors, fluctuation

from jamharness.api import FinishedCell, Float64
from jamharness_protocols.common.problem import network_of
from jamharness_protocols.generalisation.cells import place_of
from jamharness_protocols.generalisation.settings import EFFECTIVE, EVALUATION, TRAJECTORY

_ROW = (
    "seed", "network", "patterns", "width", "weights", "parameters", "ratio", "outcome", "unsatisfied", "loss",
    "train_error", "test_error", "output", "stopped_error", "stopping", "updates", "seconds",
    "reason",
)  # fmt: skip
CURVES = ("test_error", "stopped_error", "train_error", "unsatisfied_ratio", "output", "fluctuation")
"""What is averaged over the networks of a draw, and then over draws."""


def network_table(done: Sequence[FinishedCell]) -> pd.DataFrame:
    """One row per tested network, by P, width, draw and network; failed cells are rows with their reason."""
    rows = []
    for item in done:
        place = place_of(item.cell)
        if place is None or item.cell.task not in (EVALUATION, TRAJECTORY):
            continue
        seed, network, patterns, width = place
        system = network_of(item.cell)
        row: dict[str, Any] = {"seed": seed, "network": network, "patterns": patterns, "width": width}
        row |= {"weights": system.weights, "parameters": system.size, "ratio": patterns / system.weights}
        row |= {"outcome": "failed", "reason": item.failure} if item.result is None else item.result.values
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(_ROW))
    return table.sort_values(["patterns", "width", "seed", "network"], kind="stable").reset_index(drop=True)


def effective_table(done: Sequence[FinishedCell]) -> pd.DataFrame:
    """One row per network whose N_eff was counted, by P, width and draw."""
    rows = []
    for item in done:
        place = place_of(item.cell)
        if place is None or item.cell.task != EFFECTIVE or item.result is None:
            continue
        seed, _, patterns, width = place
        rows.append({"seed": seed, "patterns": patterns, "width": width, **item.result.values})
    columns = ["seed", "patterns", "width", "weights", "parameters", "effective", "rows", "gap"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.assign(ratio=table["effective"] / table["parameters"])
    return table.sort_values(["patterns", "width", "seed"], kind="stable").reset_index(drop=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensembles:
    """What the networks of each draw do together, at one P and one width.

    Arguments:
        fluctuation: (n,) by draw, the standard deviation of the output over networks, root mean square over the test
            set; NaN with one network.
        square: (n,) by draw, ⟨f²⟩ over networks and the test set.
        errors: (n, K) by draw, the test error of the mean output of 1, …, K networks, averaged over subsets.
    """

    fluctuation: Float64
    square: Float64
    errors: Float64


def ensembles_of(done: Sequence[FinishedCell], draws: Sequence[int], networks: int) -> dict[tuple[int, int], Ensembles]:
    """By P and width, what the networks of the draws do together; only where every draw has them all.

    Arguments:
        done: finished cells.
        draws: the seeds of the data.
        networks: per draw.
    """
    places: dict[tuple[int, int], dict[tuple[int, int], FinishedCell]] = {}
    for item in done:
        place = place_of(item.cell)
        if place is not None and item.result is not None and item.cell.task in (EVALUATION, TRAJECTORY):
            seed, network, patterns, width = place
            places.setdefault((patterns, width), {})[seed, network] = item
    ensembles = {}
    for place_key, items in sorted(places.items()):
        if any((seed, network) not in items for seed in draws for network in range(networks)):
            continue
        rows = [[items[seed, network] for network in range(networks)] for seed in draws]
        ensembles[place_key] = _ensembles(rows)
    return ensembles


def _ensembles(rows: Sequence[Sequence[FinishedCell]]) -> Ensembles:
    spreads, squares, curves = [], [], []
    for items in rows:
        results = [item.result for item in items if item.result is not None]
        outputs = np.stack([np.asarray(result.arrays["outputs"], dtype=np.float64) for result in results])
        y = np.asarray(results[0].arrays["labels"], dtype=np.float64)
        spread = fluctuation(outputs)
        spreads.append(np.nan if spread is None else spread)
        squares.append(float(np.mean(outputs**2)))
        curves.append([float(errors(ensemble_outputs(outputs, size), y).mean()) for size in range(1, len(outputs) + 1)])
    return Ensembles(fluctuation=np.array(spreads), square=np.array(squares), errors=np.array(curves))


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """The means over each draw's networks at one P, for the draws that have them all.

    Arguments:
        draws: (n,) seeds of the data.
        widths: (m,) rising.
        weights: (m,) N_w.
        parameters: (m,) N.
        values: by name of ``CURVES``, (n, m).
        satisfied: (m,) the part of the networks with N_Δ = 0.
        ensembles: (m,) what the networks do together.
    """

    draws: tuple[int, ...]
    widths: tuple[int, ...]
    weights: Float64
    parameters: Float64
    values: Mapping[str, Float64]
    satisfied: Float64
    ensembles: Sequence[Ensembles]


def curve_of(table: pd.DataFrame, done: Sequence[FinishedCell], patterns: int, networks: int) -> Curve | None:
    """The curve at one P; None where no draw has all its networks at two widths or more.

    Arguments:
        table: of ``network_table``.
        done: finished cells.
        patterns: P.
        networks: per draw and width.
    """
    own = table[(table["patterns"] == patterns) & (table["outcome"] != "failed")]
    counted = own.pivot_table(index="seed", columns="width", values="network", aggfunc="count", fill_value=0)
    if counted.shape[1] < 2:
        return None
    # Draws that have as many widths as any: what is still missing of others, or has failed, leaves them out.
    complete = (counted == networks).to_numpy()
    best = complete.sum(axis=1).max()
    rows = complete.sum(axis=1) == best
    columns = complete[rows].all(axis=0)
    if columns.sum() < 2:
        return None
    draws = tuple(int(seed) for seed in counted.index[rows])
    widths = tuple(int(width) for width in counted.columns[columns])
    own = own[own["seed"].isin(draws) & own["width"].isin(widths)]
    own = own.assign(unsatisfied_ratio=own["unsatisfied"] / own["parameters"], satisfied=own["outcome"] == "satisfied")
    sizes = own.groupby("width")[["weights", "parameters", "satisfied"]].mean()
    together = ensembles_of(done, draws, networks)
    ensembles = [together[patterns, width] for width in widths]
    values = {
        name: own.pivot_table(index="seed", columns="width", values=name, aggfunc="mean").to_numpy(dtype=float)
        for name in CURVES
        if name in own and own[name].notna().all()
    }
    values["fluctuation"] = np.stack([each.fluctuation for each in ensembles], axis=1)
    return Curve(
        draws=draws,
        widths=widths,
        weights=sizes["weights"].to_numpy(dtype=float),
        parameters=sizes["parameters"].to_numpy(dtype=float),
        values=values,
        satisfied=sizes["satisfied"].to_numpy(dtype=float),
        ensembles=ensembles,
    )


def point_table(curves: Mapping[int, Curve], critical: Mapping[int, float]) -> pd.DataFrame:
    """One row per P and width: means over draws with their 95% intervals.

    Arguments:
        curves: by P.
        critical: N* by P, where it is known.
    """
    rows = []
    for patterns, curve in curves.items():
        averaged = {name: means(curve.values[name]) for name in CURVES if name in curve.values}
        for place, width in enumerate(curve.widths):
            row: dict[str, Any] = {"patterns": patterns, "width": width, "weights": int(curve.weights[place])}
            row |= {"parameters": int(curve.parameters[place]), "draws": len(curve.draws)}
            row["relative"] = curve.weights[place] / critical[patterns] if patterns in critical else np.nan
            row["satisfied"] = curve.satisfied[place]
            for name, each in averaged.items():
                mean = each[place]
                row |= {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}
            rows.append(row)
    first = ["patterns", "width", "weights", "parameters", "relative", "draws", "satisfied"]
    return pd.DataFrame(rows, columns=None if rows else [*first, "test_error"])


def ensemble_table(curves: Mapping[int, Curve]) -> pd.DataFrame:
    """One row per P, width and number of networks averaged: the test error of their mean output."""
    rows = []
    for patterns, curve in curves.items():
        for width, weights, each in zip(curve.widths, curve.weights, curve.ensembles, strict=True):
            for size, mean in enumerate(means(each.errors), start=1):
                row = {"patterns": patterns, "width": width, "weights": int(weights), "networks": size}
                rows.append({**row, "test_error": mean.value, "low": mean.low, "high": mean.high})
    return pd.DataFrame(rows, columns=["patterns", "width", "weights", "networks", "test_error", "low", "high"])
