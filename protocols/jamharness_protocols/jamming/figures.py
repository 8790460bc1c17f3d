"""The figures of the jamming protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from jamharness_numerics.statistics.scaling import slope

from jamharness.api import Estimate, Findings
from jamharness_protocols.common.paper import COLOURS, SINGLE, colours
from jamharness_protocols.jamming.analysis import critical_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKS = {"satisfied": "o", "minimum": "s", "diverging": "^", "undecided": "x"}
_LOAD = r"load $P/N_w$ (patterns per weight)"
_UNSATISFIED = r"unsatisfied patterns, $N_\Delta/N$"
_HEIGHT = 2.9


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``jump``: N_Δ/N against P/N_w; ``scaling``: N* against P, when thresholds at several P are there."""
    from matplotlib.figure import Figure

    figures: dict[str, Figure] = {}
    figure = Figure(figsize=(SINGLE, _HEIGHT), layout="constrained")
    _jump(figure.subplots(), findings)
    figures["jump"] = figure
    if "scaling_exponent" in findings.estimates:
        figure = Figure(figsize=(SINGLE, _HEIGHT), layout="constrained")
        _scaling(figure.subplots(), findings)
        figures["scaling"] = figure
    return figures


def draw_comparison(findings: Mapping[str, Findings]) -> "Mapping[str, Figure]":
    """``jump``: N_Δ/N against P/N_w, run by run, with each run's critical ratio and its interval.

    Arguments:
        findings: by the name of the run.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SINGLE, _HEIGHT), layout="constrained")
    axes = figure.subplots()
    for place, (name, found) in enumerate(findings.items()):
        trials, colour = found.tables["trials"], f"C{place % COLOURS}"
        for outcome, marker in _MARKS.items():
            rows = trials[trials["outcome"] == outcome]
            axes.plot(rows["ratio"], rows["unsatisfied_ratio"], marker, color=colour, markersize=2.5, alpha=0.35)
        # The line joins medians, because seeds try different loads.
        decided = trials[trials["unsatisfied_ratio"].notna()]
        if len(decided):
            steps = np.unique(np.quantile(decided["ratio"], np.linspace(0, 1, 9)))
            place_of = np.digitize(decided["ratio"], steps[1:-1])
            middle = decided[["ratio", "unsatisfied_ratio"]].groupby(place_of).median()
            axes.plot(middle["ratio"], middle["unsatisfied_ratio"], "-", color=colour, label=name)
        _threshold(axes, found.estimates["critical_ratio"], colour, None)
    _frame(axes)
    return {"jump": figure}


def _jump(axes: "Axes", findings: Findings) -> None:
    trials = findings.tables["trials"]
    marks = colours(trials["seed"])
    for outcome, marker in _MARKS.items():
        rows = trials[trials["outcome"] == outcome]
        for seed, own in rows.groupby("seed"):
            colour, opacity = marks[int(seed)]  # type: ignore[arg-type]
            axes.plot(own["ratio"], own["unsatisfied_ratio"], marker, color=colour, alpha=opacity)
        if len(rows):
            axes.plot([], [], marker, color="black", label=f"{outcome} ({len(rows)})")
    ratio = findings.estimates["critical_ratio"]
    text = "" if ratio.value is None else f"$P/N_w$ = {ratio.value:.2f}"
    if ratio.low is not None and ratio.high is not None:
        text += f" [{ratio.low:.2f}, {ratio.high:.2f}]"
    _threshold(axes, ratio, "black", text)
    _frame(axes)


def _threshold(axes: "Axes", ratio: Estimate, colour: str, label: str | None) -> None:
    if ratio.value is None:
        return
    if ratio.low is not None and ratio.high is not None:
        axes.axvspan(ratio.low, ratio.high, color=colour, alpha=0.12, linewidth=0)
    axes.axvline(ratio.value, color=colour, linewidth=0.8, linestyle="--", label=label)


def _frame(axes: "Axes") -> None:
    axes.set_xlabel(_LOAD)
    axes.set_ylabel(_UNSATISFIED)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        # Above the axes, where it covers no point.
        columns = 2 if max(map(len, labels)) < 34 else 1
        axes.figure.legend(handles, labels, loc="outside upper center", ncols=columns, columnspacing=1.0)


def _scaling(axes: "Axes", findings: Findings) -> None:
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator

    table = findings.tables["thresholds"]
    sizes, weights = critical_weights(table)
    marks = colours(table["seed"])
    for seed, row in zip(sorted(marks), weights, strict=True):
        colour, opacity = marks[seed]
        axes.loglog(sizes, row, "o", color=colour, markersize=2.5, alpha=opacity)
    usable = np.isfinite(weights).all(axis=1)
    if usable.any() and len(sizes) > 1:
        mean = np.log(weights[usable]).mean(axis=0)
        gradient, intercept = slope(np.log(sizes), mean)
        found = findings.estimates["scaling_exponent"]
        text = f"$N^* \\sim P^{{{gradient:.2f}}}$"
        if found.low is not None and found.high is not None:
            text += f" [{found.low:.2f}, {found.high:.2f}]"
        axes.loglog(sizes, np.exp(mean), "s", color="black")
        axes.loglog(sizes, np.exp(intercept) * sizes**gradient, "-", color="black", label=text)
        axes.legend()
    # Between decades the labels of minor ticks run into each other; the values of P are few.
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes.minorticks_off()
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.yaxis.set_minor_formatter(LogFormatterSciNotation(minor_thresholds=(10, 10)))
    axes.set_xlabel(r"patterns $P$")
    axes.set_ylabel(r"weights at the transition $N^*$")
