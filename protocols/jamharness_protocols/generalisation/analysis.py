"""From finished networks to N*, curves over N, and what these say."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import estimate
from jamharness_numerics.statistics.scaling import scaling_exponent
from jamharness_numerics.statistics.thresholds import Thresholds, mean_threshold

from jamharness.api import Estimate, Findings, FinishedCell
from jamharness_protocols.generalisation.reading import BEYOND, UNKNOWN, Reading, no_value
from jamharness_protocols.generalisation.settings import GeneralisationSettings
from jamharness_protocols.generalisation.tables import (
    Curve,
    curve_of,
    effective_table,
    ensemble_table,
    network_table,
    point_table,
)

Brackets = Mapping[tuple[int, int], tuple[int | None, int | None, bool]]
"""By draw and P, the largest unsatisfied width, the smallest satisfied one, and whether that is sure."""


def analyse(settings: GeneralisationSettings, brackets: Brackets, done: Sequence[FinishedCell]) -> Findings:
    """Everything that the networks say; estimates are those of the largest P.

    Arguments:
        settings: of the run.
        brackets: where N* lies.
        done: finished cells in any order.
    """
    networks = network_table(done)
    thresholds = _threshold_table(settings, brackets)
    curves = {
        patterns: curve
        for patterns in settings.sizes
        if (curve := curve_of(networks, done, patterns, settings.networks)) is not None
    }
    largest = max(settings.sizes)
    own = thresholds[thresholds["patterns"] == largest]
    estimates = {
        "critical_weights": mean_threshold(_sizes(own)),
        "critical_ratio": mean_threshold(_loads(own)),
    }
    if len(settings.sizes) > 1:
        estimates["scaling_exponent"] = _scaling(thresholds, settings.sizes)
    critical = {
        patterns: threshold.value
        for patterns in settings.sizes
        if (threshold := mean_threshold(_sizes(thresholds[thresholds["patterns"] == patterns]))).value is not None
    }
    if largest in curves:
        estimates |= Reading(curve=curves[largest], thresholds=own).estimates()
    counts = effective_table(done)
    if settings.effective:
        estimates["effective_ratio"] = _effective(counts[counts["patterns"] == largest], critical.get(largest))
    return Findings(
        estimates=estimates,
        tables={
            **({"effective": counts} if settings.effective else {}),
            "networks": networks,
            "thresholds": thresholds,
            "points": point_table(curves, critical),
            "ensembles": ensemble_table(curves),
        },
        objection=_objection(estimates["critical_weights"], curves, networks, thresholds),
        samples={"critical_weights": _middles(own)},
    )


def _threshold_table(settings: GeneralisationSettings, brackets: Brackets) -> pd.DataFrame:
    rows = []
    for (seed, patterns), (low, high, decided) in sorted(brackets.items()):
        ends = [np.nan if width is None else float(settings.scanned(width).weights) for width in (low, high)]
        rows.append({
            "seed": seed, "patterns": patterns, "decided": decided, "width_unsatisfied": low, "width_satisfied": high,
            "weights_unsatisfied": ends[0], "weights_satisfied": ends[1],
            "ratio_satisfied": patterns / ends[1], "ratio_unsatisfied": patterns / ends[0],
        })  # fmt: skip
    return pd.DataFrame(rows)


def _sizes(table: pd.DataFrame) -> Thresholds:
    """N*, which lies above the largest unsatisfied network."""
    return Thresholds(
        low=table["weights_unsatisfied"].to_numpy(dtype=float),
        high=table["weights_satisfied"].to_numpy(dtype=float),
        decided=table["decided"].to_numpy(dtype=bool),
        ends=("unsatisfied", "satisfied"),
    )


def _loads(table: pd.DataFrame) -> Thresholds:
    """P/N*, which lies above that of the smallest satisfied network."""
    return Thresholds(
        low=table["ratio_satisfied"].to_numpy(dtype=float),
        high=table["ratio_unsatisfied"].to_numpy(dtype=float),
        decided=table["decided"].to_numpy(dtype=bool),
    )


def _scaling(thresholds: pd.DataFrame, sizes: Sequence[int]) -> Estimate:
    middle = np.sqrt(thresholds["weights_unsatisfied"] * thresholds["weights_satisfied"])
    table = thresholds.assign(middle=middle).pivot(index="seed", columns="patterns", values="middle")
    return scaling_exponent(np.array(sizes, dtype=float), table[list(sizes)].to_numpy(dtype=float))


def _effective(counts: pd.DataFrame, critical: float | None) -> Estimate:
    """N_eff/N just beyond N*, of the draws whose patterns could have shown a larger rank."""
    beyond = counts[counts["weights"] >= BEYOND * critical] if critical is not None else counts[:0]
    there = beyond[beyond["weights"] == beyond["weights"].min()]
    enough = there[there["rows"] > there["effective"]]
    if len(there) and not len(enough):
        return no_value("fewer patterns, tests among them, than parameters: the rank is only theirs")
    return estimate(enough["ratio"].to_numpy(dtype=float), np.mean, none=UNKNOWN)


def _middles(own: pd.DataFrame) -> dict[str, float]:
    middle = (own["weights_unsatisfied"] + own["weights_satisfied"]) / 2
    return {str(seed): float(value) for seed, value in zip(own["seed"], middle, strict=True) if np.isfinite(value)}


def _objection(
    critical: Estimate, curves: Mapping[int, Curve], networks: pd.DataFrame, thresholds: pd.DataFrame
) -> str:
    """Why there is no curve or no N*, in one sentence with advice; empty where there are both."""
    failed = networks[networks["outcome"] == "failed"]
    if not curves and len(failed):
        return f"{len(failed)} of {len(networks)} networks failed. The first: {failed['reason'].iloc[0]}"
    if critical.value is None and thresholds["weights_satisfied"].isna().all():
        return "No network satisfied every pattern: raise the budget, widths or highest_width, or use minimiser=lm."
    if critical.value is None and thresholds["weights_unsatisfied"].isna().all():
        return "No network stayed unsatisfied: ask for more patterns or smaller widths."
    if not curves:
        return "No draw has all its networks at two widths: resume the run, or ask for more widths."
    return ""
