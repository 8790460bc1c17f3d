"""The figures of the jamming protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from jamharness_numerics.statistics.scaling import slope

from jamharness.api import Findings
from jamharness_protocols.jamming.analysis import critical_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKS = {
    "satisfied": ("o", "tab:green"),
    "minimum": ("s", "tab:red"),
    "diverging": ("^", "tab:orange"),
    "undecided": ("x", "tab:gray"),
}


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``jump``: N_Δ/N against P/N_w; ``scaling``: N* against P, when thresholds at several P are there."""
    from matplotlib.figure import Figure

    figures: dict[str, Figure] = {}
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    _jump(figure.subplots(), findings)
    figures["jump"] = figure
    if "scaling_exponent" in findings.estimates:
        figure = Figure(figsize=(5.2, 4.2), layout="constrained")
        _scaling(figure.subplots(), findings)
        figures["scaling"] = figure
    return figures


def _jump(axes: "Axes", findings: Findings) -> None:
    trials = findings.tables["trials"]
    for outcome, (marker, colour) in _MARKS.items():
        some = trials[trials["outcome"] == outcome]
        if len(some):
            axes.plot(
                some["ratio"],
                some["unsatisfied_ratio"],
                marker,
                color=colour,
                markersize=5,
                alpha=0.7,
                label=f"{outcome} ({len(some)})",
            )
    ratio = findings.estimates["critical_ratio"]
    if ratio.value is not None:
        text = f"$P/N_w$ = {ratio.value:.2f}"
        if ratio.low is not None and ratio.high is not None:
            axes.axvspan(ratio.low, ratio.high, color="tab:blue", alpha=0.15)
            text += f" [{ratio.low:.2f}, {ratio.high:.2f}]"
        axes.axvline(ratio.value, color="tab:blue", label=text)
    axes.set_xlabel(r"load $P/N_w$ (patterns per weight)")
    axes.set_ylabel(r"unsatisfied $N_\Delta/N$ (patterns per parameter)")
    axes.set_title("The jump at the jamming transition", fontsize="medium")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize="small", frameon=False)


def _scaling(axes: "Axes", findings: Findings) -> None:
    sizes, weights = critical_weights(findings.tables["thresholds"])
    for row in weights:
        axes.loglog(sizes, row, "o", color="tab:gray", markersize=4, alpha=0.5)
    usable = np.isfinite(weights).all(axis=1)
    if usable.any() and len(sizes) > 1:
        mean = np.log(weights[usable]).mean(axis=0)
        gradient, intercept = slope(np.log(sizes), mean)
        found = findings.estimates["scaling_exponent"]
        text = f"$N^* \\sim P^{{{gradient:.2f}}}$"
        if found.low is not None and found.high is not None:
            text += f" [{found.low:.2f}, {found.high:.2f}]"
        axes.loglog(sizes, np.exp(mean), "s", color="tab:blue")
        axes.loglog(sizes, np.exp(intercept) * sizes**gradient, "-", color="tab:blue", label=text)
        axes.legend(fontsize="small", frameon=False)
    axes.set_xlabel(r"patterns $P$")
    axes.set_ylabel(r"weights at the transition $N^*$")
