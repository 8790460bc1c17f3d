"""The plots of the jamming protocol: what its figures show, point by point."""

from collections.abc import Mapping

import numpy as np

from jamharness.api import Findings, Plot, Series, series_of
from jamharness_protocols.jamming.analysis import critical_weights

OUTCOMES = ("satisfied", "minimum", "arrested", "diverging", "undecided")


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``jump``, and ``scaling`` of a scan over widths; of approaches in κ, ``approach``."""
    if "loads" in findings.tables:
        return {"loads": _loads(findings)}
    if "approaches" in findings.tables:
        return {"approach": _approach(findings)} if any(name.startswith("path ") for name in findings.arrays) else {}
    panels = {"jump": _jump(findings)}
    if "scaling_exponent" in findings.estimates:
        panels["scaling"] = _scaling(findings)
    return panels


def _jump(findings: Findings) -> Plot:
    trials = findings.tables["trials"]
    return Plot(
        title="Unsatisfied patterns against the load: one point for each minimisation",
        x_label="load P/N_w (patterns per weight)",
        y_label="unsatisfied patterns, N_Δ/N_w",
        series=series_of(trials, "trials", "ratio", "unsatisfied_ratio", by="outcome", order=OUTCOMES),
        verticals=("critical_ratio",),
    )


def _scaling(findings: Findings) -> Plot:
    thresholds = findings.tables["thresholds"]
    sizes, weights = critical_weights(thresholds)
    middle = np.sqrt(thresholds["weights_satisfied"] * thresholds["weights_unsatisfied"])
    table = thresholds.assign(middle=middle)
    points = series_of(table, "thresholds", "patterns", "middle")
    whole = weights[np.isfinite(weights).all(axis=1)]
    line = []
    if len(whole):
        mean = np.exp(np.log(whole).mean(axis=0))
        line = [Series(name="geometric mean over seeds", x=sizes, y=mean, line=True)]
    return Plot(
        title="Weights at the transition against the patterns: one point for each seed",
        x_label="patterns P",
        y_label="weights at the transition N*",
        series=[*points, *line],
        log_x=True,
        log_y=True,
    )


def _loads(findings: Findings) -> Plot:
    table = findings.tables["approaches"]
    there = table[table["outcome"] == "jammed"].assign(seed=lambda rows: rows["seed"].astype(str))
    return Plot(
        title="Margin at jamming against the load: one point for each approach",
        x_label="load P/N_w (patterns per weight)",
        y_label="margin at jamming κ_J",
        series=series_of(there, "approaches", "load", "critical_margin", by="seed"),
        verticals=("zero_margin_load",),
    )


def _approach(findings: Findings) -> Plot:
    series = []
    for name, array in findings.arrays.items():
        path = np.asarray(array, dtype=np.float64)
        if name.startswith("path "):
            points = path[(path[:, 0] > 0) & (path[:, 1] > 0)]
            series.append(Series(name=f"seed {name.removeprefix('path ')}", x=points[:, 0], y=points[:, 1], line=True))
    return Plot(
        title="Loss on the way to jamming: one line for each seed",
        x_label="distance from jamming κ − κ_J",
        y_label="loss L",
        series=series,
        log_x=True,
        log_y=True,
    )
