"""What spectra of many cells say together. Minima beyond the transition count: where all is satisfied H = 0."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jamharness_numerics.statistics.bootstrap import estimate, few, interval
from jamharness_numerics.statistics.proportions import proportion

from jamharness.api import Estimate, Findings, FinishedCell, Float64
from jamharness_protocols.common.cells import SHORT
from jamharness_protocols.common.unsatisfied import counts

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    "seed", "relative", "patterns", "weights", "parameters", "outcome", "unsatisfied", "loss", "certificate", "balance",
    "pinned", "clarke", "hp_asymmetry", "negative_H", "zero_H", "positive_H", "gap_H", "negative_H0", "zero_H0",
    "positive_H0", "gap_H0", "negative_Hp", "zero_Hp", "positive_Hp", "gap_Hp", "seconds", "reason",
)  # fmt: skip
_LAST = (
    "largest_H", "largest_Hp", "method", "negative_error_H", "zero_error_H", "positive_error_H", "undecided_H",
    "refusal_H", "smallest_H", "converged_H", "cell",
)  # fmt: skip
_TEXTS = {"outcome", "reason", "method", "refusal_H", "converged_H", "cell"}


def analyse(relative: Sequence[float], done: Sequence[FinishedCell]) -> Findings:
    """Estimates over the minima, seed by seed.

    Arguments:
        relative: the loads, for the figures.
        done: finished cells in any order.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for item in sorted(done, key=lambda each: (each.cell.coordinates["seed"], each.cell.coordinates["patterns"])):
        at = item.cell.coordinates
        row: dict[str, Any] = {"seed": at["seed"], "relative": at["relative"], "patterns": at["patterns"]}
        row["cell"] = item.key[:SHORT]
        if item.result is None:
            row |= {"outcome": "failed", "reason": item.failure}
        else:
            row |= {**item.result.values, **row}
            if "H" in item.result.arrays:
                row |= {"method": "exact", "smallest_H": float(item.result.arrays["H"][0])}
                row["largest_H"] = float(item.result.arrays["H"][-1])
                row["largest_Hp"] = float(np.abs(item.result.arrays["Hp"]).max())
        rows.append(row)
    cells = pd.DataFrame(rows, columns=[*_COLUMNS, *_LAST])
    for name in cells.columns.difference(list(_TEXTS)):
        # A column of nothing but None, where Lanczos refused to count, say.
        cells[name] = pd.to_numeric(cells[name])
    every = cells[cells["outcome"] == "minimum"]
    minima = _counting(every)
    estimates = {name: _by_seed(minima, name) for name in _FORMULAS}
    estimates["hp_exponent"] = _exponent(minima)
    estimates["gap"] = _least_gap(minima)
    for name, number in (("minima", len(minima)), ("unclear", _unclear(minima))):
        estimates[name] = Estimate(value=float(number), count=len(cells))
    if len(minima) < len(every):
        small = f"{len(every) - len(minima)} more have N_Δ ≤ 0.1 N without pinned patterns: left out"
        estimates["minima"] = replace(estimates["minima"], note=small)
    loads = [value for value in relative if len(minima) and (minima["relative"] == value).any()]
    arrays = {
        f"{name} at {value:g}": np.concatenate(parts)
        for value in relative
        for name in ("H", "Hp", "nodes_H", "weights_H")
        if (parts := [item.result.arrays[name] for item in done if _at(item, value, name)])  # type: ignore[union-attr]
    }
    objection = (
        ""
        if loads
        else "No run ended in a minimum with N_Δ > 0.1 N: measure at jamming, with constraint=sphere and a smooth "
        "activation, or ask for larger loads, as in relative=1.2,1.5."
    )
    failed = any(item.result is None for item in done)
    samples = {name: _means(minima, formula) for name, formula in _FORMULAS.items() if len(minima)}
    tables = {"cells": cells, "phases": _phases(cells, relative)}
    return Findings(
        estimates=estimates,
        tables=tables,
        arrays=arrays,
        objection=objection,
        not_applicable=bool(objection and done) and not failed,
        samples=samples,
    )


def _at(item: FinishedCell, value: float, name: str) -> bool:
    return item.result is not None and item.cell.coordinates["relative"] == value and name in item.result.arrays


_FORMULAS: "Mapping[str, Callable[[pd.DataFrame], pd.Series[float]]]" = {
    "c0": lambda minima: minima["negative_Hp"] / minima["parameters"],
    "stable": lambda minima: (
        (minima["negative_Hp"] <= minima["unsatisfied"]).astype(float).where(minima["negative_Hp"].notna())
    ),
    "hp_asymmetry": lambda minima: minima["hp_asymmetry"],
    "negative_hp": lambda minima: minima["negative_Hp"],
    "negative_h": lambda minima: minima["negative_H"],
    "zero_h": lambda minima: minima["zero_H"],
    "zero_weight": lambda minima: minima["zero_H"] / minima["parameters"],
    "zero_excess": lambda minima: (
        minima["zero_H"] / minima["parameters"] - (1 - minima["unsatisfied"] / minima["parameters"]).clip(lower=0)
    ),
    "largest_h": lambda minima: minima["largest_H"],
}


def _phases(cells: "pd.DataFrame", relative: Sequence[float]) -> "pd.DataFrame":
    """One row per load: how its runs ended, and every estimate over its minima with its interval."""
    import pandas as pd

    rows = []
    for value in relative:
        some = cells[cells["relative"] == value]
        minima = _counting(some[some["outcome"] == "minimum"])
        row: dict[str, Any] = {"relative": value, "runs": len(some), "minima": len(minima)}
        row["satisfied"] = int((some["outcome"] == "satisfied").sum())
        row["gap"] = _least_gap(minima).value
        for name in _FORMULAS:
            mean = _by_seed(minima, name)
            row |= {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high}
        rows.append(row)
    return pd.DataFrame(rows)


def _counting(minima: "pd.DataFrame") -> "pd.DataFrame":
    """Those beyond the transition by the rule of ``unsatisfied``."""
    return minima[counts(minima["unsatisfied"], minima["pinned"].fillna(0), minima["parameters"])]


def _least_gap(minima: "pd.DataFrame") -> Estimate:
    """The smallest gap around zero of any minimum, of H or Hp; none where nothing lies inside."""
    gaps = minima[["gap_H", "gap_Hp"]].min(axis=1).dropna()
    return Estimate(value=float(gaps.min()) if len(gaps) else None, count=len(gaps))


def _by_seed(minima: "pd.DataFrame", name: str) -> Estimate:
    """The mean over seeds of the mean over a seed's minima; of ``stable`` the part of seeds with no minimum against."""
    if not len(minima):
        return Estimate(value=None, count=0)
    means: Float64 = np.array(list(_means(minima, _FORMULAS[name]).values()), dtype=np.float64)
    if name == "stable":
        return proportion(int(np.count_nonzero(means == 1)), len(means))
    return estimate(means, np.mean)


def _means(minima: "pd.DataFrame", formula: "Callable[[pd.DataFrame], pd.Series[float]]") -> dict[str, float]:
    """By seed, the mean over its minima."""
    means = formula(minima).groupby(minima["seed"]).mean().dropna()
    return {str(seed): float(value) for seed, value in means.items()}


def _exponent(minima: "pd.DataFrame") -> Estimate:
    """The slope of log max |λ(Hp)| against log L by least squares; the interval resamples seeds."""
    some = minima[(minima["loss"] > 0) & (minima["largest_Hp"] > 0)]
    if len(some) < 3 or some["loss"].nunique() < 3:
        return Estimate(value=None, count=len(some))
    pairs: Float64 = np.log(some[["loss", "largest_Hp"]].to_numpy(dtype=float))
    x, y = (pairs - pairs.mean(axis=0)).T
    _, seed = np.unique(some["seed"], return_inverse=True)
    parts = (np.ones(len(x)), x, y, x * x, x * y)
    sums: Float64 = np.stack([np.bincount(seed, weights=each) for each in parts], axis=1).astype(np.float64)

    def slope(chosen: Float64) -> float:
        n, sx, sy, sxx, sxy = chosen.sum(axis=0)
        spread = sxx - sx**2 / n
        return float((sxy - sx * sy / n) / spread) if spread > 1e-12 * sxx else float("nan")

    low, high = interval(sums, slope)
    return Estimate(value=slope(sums), low=low, high=high, count=len(some), note=few(len(sums)))


def _unclear(minima: "pd.DataFrame") -> int:
    from jamharness_numerics.spectra.counting import CLEAR

    refused = minima["method"].eq("lanczos") & minima["zero_H"].isna()
    return int(((minima[["gap_H", "gap_Hp"]].min(axis=1) < CLEAR) | refused).sum())
