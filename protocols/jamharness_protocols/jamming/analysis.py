"""From finished trials to thresholds, jumps and the scaling of N* with P."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from jamharness_numerics.search import Axis, bracket
from jamharness_numerics.statistics.bootstrap import PERCENTILES, estimate
from jamharness_numerics.statistics.proportions import crossover
from jamharness_numerics.statistics.scaling import scaling_exponent
from jamharness_numerics.statistics.thresholds import Thresholds, mean_threshold, spread

from jamharness.api import Estimate, Findings, FinishedCell, Float64
from jamharness_protocols.common.cells import SHORT
from jamharness_protocols.common.problem import system_of
from jamharness_protocols.common.unsatisfied import counts

Place = tuple[int, int | None]
"""A seed, and the P of a scan over widths."""

_ROW = (
    "seed", "patterns", "width", "weights", "parameters", "ratio", "ratio_parameters", "outcome", "unsatisfied",
    "unsatisfied_ratio", "loss", "certificate", "balance", "decline", "slope", "pinned", "kinks", "kinked", "clarke",
    "resting", "iterations", "factorisations", "seconds", "reason", "cell",
)  # fmt: skip

_LOADS = {"critical_load": "ratio", "critical_ratio": "ratio", "critical_ratio_parameters": "ratio_parameters"}


def analyse(scan: str, axes: Mapping[Place, Axis], done: Sequence[FinishedCell]) -> Findings:
    """Everything that the trials say.

    Arguments:
        scan: ``"patterns"`` or ``"width"``.
        axes: the axis of each search.
        done: finished trials in any order.
    """
    trials = trial_table(done)
    thresholds = threshold_table(scan, axes, trials)
    estimates: dict[str, Estimate] = {}
    counted = thresholds
    if scan == "width" and len(thresholds):
        counted = thresholds[thresholds["patterns"] == thresholds["patterns"].max()]
        estimates["scaling_exponent"] = _scaling(thresholds)
    ratios = _brackets(counted, "ratio")
    estimates["critical_load"] = estimates["critical_ratio"] = mean_threshold(ratios)
    estimates["critical_ratio_parameters"] = mean_threshold(_brackets(counted, "ratio_parameters"))
    estimates["transition_width"] = spread(ratios)
    if scan == "patterns":
        estimates |= _satisfied(trials)
    jumps = counted["jump"].dropna().to_numpy(dtype=float)
    first = int(counted["smallest"].notna().sum())
    small = f"{first - len(jumps)} of {first} first unsatisfied runs have N_Δ ≤ 0.1 N without pinned patterns: left out"
    none = "no seed has a minimum or an arrested run beyond its threshold"
    # Resamples of an extreme lie on one side of it: it has no interval.
    smallest = Estimate(value=float(jumps.min()) if len(jumps) else None, count=len(jumps))
    estimates["jump_smallest"] = replace(smallest, note="" if len(jumps) else none)
    estimates["jump_median"] = estimate(jumps, np.median, none=none, least=PERCENTILES)
    for name in ("jump_smallest", "jump_median"):
        if first > len(jumps):
            few_seeds = f"; {estimates[name].note}" if len(jumps) > 0 and estimates[name].note else ""
            estimates[name] = replace(estimates[name], note=small + few_seeds)
    for outcome in ("satisfied", "minimum", "arrested", "diverging", "undecided"):
        count = int((trials["outcome"] == outcome).sum())
        if outcome == "undecided":
            count += int((trials["outcome"] == "failed").sum())
        estimates[outcome] = Estimate(value=float(count), count=len(trials))
    return Findings(
        estimates=estimates,
        tables={"trials": trials, "thresholds": thresholds},
        objection=_failures(estimates["critical_ratio"], trials)
        or _objection(estimates["critical_ratio"], thresholds, trials, done),
        samples=_samples(counted, thresholds if scan == "width" else None),
        resolution={
            name: float((counted[f"{column}_unsatisfied"] - counted[f"{column}_satisfied"]).mean())
            for name, column in _LOADS.items()
            if counted[f"{column}_unsatisfied"].notna().any()
        },
    )


def of_a_design(findings: Findings) -> Findings:
    """The same, saying of loads that were fixed beforehand what their threshold is worth.

    Arguments:
        findings: of trials at the same loads for every seed.
    """
    count = findings.estimates["critical_ratio"].count
    note = (
        f"of the {count} seeds with a satisfied and an unsatisfied run at these loads alone, each in the middle of the "
        "two; half_satisfied rests on all runs"
    )
    noted = {
        name: replace(findings.estimates[name], note="; ".join(filter(None, (findings.estimates[name].note, note))))
        for name in _LOADS
        if findings.estimates[name].value is not None
    }
    return replace(findings, estimates={**findings.estimates, **noted})


def _samples(counted: pd.DataFrame, scanned: pd.DataFrame | None) -> dict[str, dict[str, float]]:
    """By seed: the middle of each closed bracket, and the exponent of a scan over widths."""
    samples: dict[str, dict[str, float]] = {}
    for name, column in _LOADS.items():
        middle = (counted[f"{column}_satisfied"] + counted[f"{column}_unsatisfied"]) / 2
        samples[name] = _by_seed(counted["seed"], middle)
    if scanned is not None:
        sizes, weights = critical_weights(scanned)
        seeds = sorted(set(scanned["seed"]))
        complete = [bool(np.isfinite(row).all()) for row in weights]
        if any(complete) and len(sizes) > 1:
            slopes = np.polyfit(np.log(sizes), np.log(weights[complete]).T, 1)[0]
            complete_seeds = [seed for seed, keep in zip(seeds, complete, strict=True) if keep]
            samples["scaling_exponent"] = {
                str(seed): float(slope) for seed, slope in zip(complete_seeds, slopes, strict=True)
            }
    return samples


def _by_seed(seeds: "pd.Series[Any]", values: "pd.Series[Any]") -> dict[str, float]:
    return {str(seed): float(value) for seed, value in zip(seeds, values, strict=True) if np.isfinite(value)}


def trial_table(done: Sequence[FinishedCell]) -> pd.DataFrame:
    """One row per minimisation, sorted by seed, P and width; failed cells are rows with their reason."""
    rows = []
    for finished in done:
        at = finished.cell.coordinates
        row: dict[str, Any] = {
            "seed": at["seed"],
            "patterns": at["patterns"],
            "width": _width(getattr(system_of(finished.cell), "width", None)),
            "cell": finished.key[:SHORT],
        }
        if finished.result is None:
            row |= {"outcome": "failed", "reason": finished.failure}
        else:
            row |= finished.result.values
            row["ratio"] = row["patterns"] / row["weights"]
            row["ratio_parameters"] = row["patterns"] / row["parameters"]
            row["unsatisfied_ratio"] = row["unsatisfied"] / row["weights"]
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(_ROW))
    return table.sort_values(["seed", "patterns", "width"], kind="stable", key=_sortable).reset_index(drop=True)


def _width(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else "×".join(str(h) for h in value)


def _sortable(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return column.astype(str) if column.name == "width" and column.dtype == object else column


def threshold_table(scan: str, axes: Mapping[Place, Axis], trials: pd.DataFrame) -> pd.DataFrame:
    """One row per search: the ends of its bracket, whether undecided trials lie inside, and N_Δ/N_w at the upper one.

    That is ``smallest``, where the bracket ends in a minimum or an arrested run and not in one that diverges; it is a
    ``jump`` too where it counts (``unsatisfied``).
    """
    value = "patterns" if scan == "patterns" else "width"
    rows = []
    for (seed, patterns), axis in axes.items():
        mine = trials[trials["seed"] == seed]
        if patterns is not None:
            mine = mine[mine["patterns"] == patterns]
        outcomes = {int(row[value]): str(row["outcome"]) for row in mine.to_dict("records")}
        ends = bracket(axis, outcomes)
        by_value = mine.set_index(value)
        row: dict[str, Any] = {"seed": seed, "patterns": patterns, "decided": not ends.undecided}
        row |= {"jump": np.nan, "smallest": np.nan, "pinned": 0}
        for end, at in (("satisfied", ends.satisfied), ("unsatisfied", ends.unsatisfied)):
            for name in ("ratio", "ratio_parameters", "weights"):
                row[f"{name}_{end}"] = np.nan if at is None else float(by_value.loc[at, name])  # type: ignore[arg-type]
        closed = ends.unsatisfied is not None and ends.satisfied is not None
        if closed and outcomes[ends.unsatisfied] in ("minimum", "arrested"):  # type: ignore[index]
            first = by_value.fillna({"pinned": 0}).loc[ends.unsatisfied].to_dict()
            row |= {"smallest": float(first["unsatisfied_ratio"]), "pinned": first["pinned"]}
            if counts(first["unsatisfied"], first["pinned"], first["parameters"]):
                row["jump"] = row["smallest"]
        rows.append(row)
    columns = ["seed", "patterns", "decided", "jump", "smallest", "pinned"]
    columns += [
        f"{name}_{end}" for end in ("satisfied", "unsatisfied") for name in ("ratio", "ratio_parameters", "weights")
    ]
    return pd.DataFrame(rows, columns=columns)


def _brackets(thresholds: pd.DataFrame, name: str) -> Thresholds:
    return Thresholds(
        low=thresholds[f"{name}_satisfied"].to_numpy(dtype=float),
        high=thresholds[f"{name}_unsatisfied"].to_numpy(dtype=float),
        decided=thresholds["decided"].to_numpy(dtype=bool),
    )


def critical_weights(thresholds: pd.DataFrame) -> tuple[Float64, Float64]:
    """P of shape (k,) and N* in weights of shape (seeds, k), the geometric middle of each bracket."""
    middle = np.sqrt(thresholds["weights_satisfied"] * thresholds["weights_unsatisfied"])
    table = thresholds.assign(middle=middle).pivot(index="seed", columns="patterns", values="middle")
    return table.columns.to_numpy(dtype=float), table.to_numpy(dtype=float)


def _satisfied(trials: pd.DataFrame) -> dict[str, Estimate]:
    """Where half of single runs are satisfied: every run that was made to its end counts, whatever planned it."""
    ended = trials[trials["ratio"].notna()]
    satisfied = (ended["outcome"] == "satisfied").to_numpy(dtype=bool)
    crossing = crossover(ended["ratio"].to_numpy(dtype=float), satisfied, ended["seed"].to_numpy(dtype=int))
    return {"half_satisfied": crossing.half, "satisfied_width": crossing.width}


def _scaling(thresholds: pd.DataFrame) -> Estimate:
    sizes, weights = critical_weights(thresholds)
    return scaling_exponent(sizes, weights)


def _failures(ratio: Estimate, trials: pd.DataFrame) -> str:
    """Why there is no estimate, where cells failed: nothing that another setting would help."""
    failed = trials[trials["outcome"] == "failed"]
    if ratio.value is not None or not len(failed):
        return ""
    return f"{len(failed)} of {len(trials)} minimisations failed. The first: {failed['reason'].iloc[0]}"


def _objection(ratio: Estimate, thresholds: pd.DataFrame, trials: pd.DataFrame, done: Sequence[FinishedCell]) -> str:
    """Why there is no jamming point, with what helps where it was tried (docs/minimisers.md)."""
    if ratio.value is not None:
        return ""
    if thresholds["ratio_satisfied"].isna().all():
        return "No run satisfied every pattern: lower start_ratio if possible, raise the budget, or use minimiser=lm."
    unsure = int(trials["outcome"].isin(["undecided", "failed"]).sum())
    if not unsure:
        return "No run ended in a minimum: raise highest_ratio (or patterns)."
    where = f" (P/N_w is above {ratio.low:.2g})" if ratio.low is not None else ""
    reason = f"No run ended unsatisfied{where}, and {unsure} beyond were not decided"
    if any(item.cell.coordinates.get("minimiser") != "lm" for item in done):
        return f"{reason}: first-order methods decide late; use minimiser=lm."
    return f"{reason}: raise the budget, or use a smaller width, whose runs are shorter."
