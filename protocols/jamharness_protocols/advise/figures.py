"""The figure of the advise protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import Findings
from jamharness_protocols.common.paper import DOUBLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``advice``: N* and the test error of the parts, and what is foretold of all patterns."""
    from matplotlib.figure import Figure

    if "threshold" not in findings.arrays:
        return {}
    figure = Figure(figsize=(DOUBLE, 2.9), layout="constrained")
    panels = figure.subplots(1, 2)
    _threshold(panels[0], findings)
    _error(panels[1], findings)
    for axes in panels:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(r"patterns $P$")
        axes.legend()
    return {"advice": figure}


def _threshold(axes: "Axes", findings: Findings) -> None:
    table = findings.tables["brackets"].dropna(subset=["low", "high"])
    middle = np.sqrt(table["low"] * table["high"])
    axes.errorbar(
        table["patterns"], middle, yerr=np.stack([middle - table["low"], table["high"] - middle]), fmt="o", color="C0",
        markersize=2.5, linewidth=0.6, alpha=0.6, label="$N^*$ of the parts, by draw",
    )  # fmt: skip
    _band(axes, findings, "threshold", "C0", "critical_weights", "$N^*$ of all")
    weights, patterns = findings.estimates["weights"].value, findings.estimates["patterns"].value
    if weights is not None and patterns is not None:
        axes.plot([patterns], [weights], "*", color="C2", markersize=7, label="advised")
    axes.set_ylabel(r"weights $N_w$")


def _error(axes: "Axes", findings: Findings) -> None:
    errors = findings.tables["errors"]
    factors = sorted(errors["factor"].unique())
    sizes = {1, int(findings.estimates["networks"].value or 1)}
    for place, factor in enumerate(factors):
        for size in sorted(sizes):
            own = errors[(errors["factor"] == factor) & (errors["networks"] == size) & (errors["test_error"] > 0)]
            style = "s--" if size > 1 else "o:"
            words = f"mean of {size}" if size > 1 else "one network"
            axes.plot(
                own["patterns"], own["test_error"], style, color=f"C{1 + 3 * place}", markersize=2.5, linewidth=0.8,
                label=f"{words} at {factor:g} $N^*$",
            )  # fmt: skip
    _band(axes, findings, "error", "C2", "test_error", "advised, all")
    axes.set_ylabel("test error")


def _band(axes: "Axes", findings: Findings, name: str, colour: str, estimate: str, words: str) -> None:
    band, forecast = findings.arrays.get(name), findings.estimates[estimate]
    if band is None:
        return
    at, low, high = (np.asarray(band[:, column], dtype=float) for column in (0, 2, 3))
    axes.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
    patterns = findings.estimates["patterns"].value
    if forecast.value is not None and forecast.low is not None and forecast.high is not None and patterns is not None:
        axes.errorbar(
            [patterns], [forecast.value], yerr=[[forecast.value - forecast.low], [forecast.high - forecast.value]],
            fmt="D", color=colour, markersize=3.5, label=words,
        )  # fmt: skip
