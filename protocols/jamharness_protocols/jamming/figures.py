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

_MARKS = {"satisfied": "o", "minimum": "s", "arrested": "D", "diverging": "^", "undecided": "x"}
_LOAD = r"load $P/N_w$ (patterns per weight)"
_UNSATISFIED = r"unsatisfied patterns, $N_\Delta/N_w$"
_HEIGHT = 2.9
_PLANAR = (3, 5)
"""Columns of shapes in the plane: centre and radius, or centre, half axes and angle."""


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``jump``: N_Δ/N_w against P/N_w; ``scaling``: N* against P, when thresholds at several P are there.

    Of approaches in κ ``approach``: L and N_Δ on the way, or ``loads``: κ_J by load; ``packing``: one in the plane,
    with its contacts and forces.
    """
    from matplotlib.figure import Figure

    figures: dict[str, Figure] = {}
    if "approaches" in findings.tables:
        return _approached(findings)
    figure = Figure(figsize=(SINGLE, _HEIGHT), layout="constrained")
    _jump(figure.subplots(), findings)
    figures["jump"] = figure
    if "scaling_exponent" in findings.estimates:
        figure = Figure(figsize=(SINGLE, _HEIGHT), layout="constrained")
        _scaling(figure.subplots(), findings)
        figures["scaling"] = figure
    return figures


def _approached(findings: Findings) -> "Mapping[str, Figure]":
    from matplotlib.figure import Figure

    figures: dict[str, Figure] = {}
    if "critical_margin" in findings.arrays:
        figure = Figure(figsize=(SINGLE, _HEIGHT), layout="constrained")
        _loads(figure.subplots(), findings)
        figures["loads"] = figure
    paths = {name.removeprefix("path "): path for name, path in findings.arrays.items() if name.startswith("path ")}
    if paths:
        figure = Figure(figsize=(SINGLE, 1.4 * _HEIGHT), layout="constrained")
        upper, lower = figure.subplots(2, sharex=True)
        marks = colours(map(int, paths))
        for seed, drawn in paths.items():
            (colour, opacity), path = marks[int(seed)], np.asarray(drawn, dtype=np.float64)
            points = path[path[:, 0] > 0]
            upper.loglog(points[:, 0], points[:, 1], "o-", color=colour, alpha=opacity, markersize=2)
            lower.semilogx(points[:, 0], points[:, 2], "o-", color=colour, alpha=opacity, markersize=2)
        upper.set_ylabel(r"loss $L$")
        lower.set_ylabel(r"contacts $N_\Delta$")
        lower.set_xlabel(r"distance from jamming $\kappa - \kappa_J$")
        figures["approach"] = figure
    if "shapes" in findings.arrays and findings.arrays["shapes"].shape[1] in _PLANAR:
        figure = Figure(figsize=(SINGLE, SINGLE), layout="constrained")
        _packing(figure.subplots(), findings)
        figures["packing"] = figure
    return figures


def _loads(axes: "Axes", findings: Findings) -> None:
    """κ_J against P/N_w, and where it is zero."""
    load, middle, low, high = (
        np.asarray(findings.arrays[name], dtype=np.float64)
        for name in ("load", "critical_margin", "critical_margin_low", "critical_margin_high")
    )
    axes.errorbar(load, middle, np.abs([middle - low, high - middle]), fmt="o-", markersize=3, capsize=2)
    axes.axhline(0, color="0.6", linewidth=0.8)
    zero = findings.estimates["zero_margin_load"]
    if zero.low is not None and zero.high is not None:
        axes.axvspan(zero.low, zero.high, color="0.85", linewidth=0)
    axes.set_xlabel(r"load $P/N_w$")
    axes.set_ylabel(r"margin at jamming $\kappa_J$")


def _packing(axes: "Axes", findings: Findings) -> None:
    """Particles in their periodic box; contacts as lines as thick as their forces, rattlers pale."""
    from matplotlib.collections import EllipseCollection, LineCollection

    arrays = findings.arrays
    shapes, bonds, forces = (np.asarray(arrays[name]) for name in ("shapes", "bonds", "forces"))
    held = np.zeros(len(shapes), dtype=bool)
    held[bonds[np.asarray(arrays["backbone"])].ravel()] = True
    centres = shapes[:, :2]
    axes_of = (shapes[:, 2], shapes[:, 2], 0 * shapes[:, 2]) if shapes.shape[1] == 3 else tuple(shapes[:, 2:].T)
    offsets = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)])
    images = (centres[:, None] + offsets).reshape(-1, 2)
    repeated = [np.repeat(values, len(offsets)) for values in (*axes_of, held)]
    axes.add_collection(
        EllipseCollection(
            2 * repeated[0], 2 * repeated[1], np.degrees(repeated[2]), units="xy", offsets=images,
            offset_transform=axes.transData, facecolors=np.where(repeated[3][:, None], "0.85", "1.0").ravel(),
            edgecolors="0.5", linewidths=0.4,
        )
    )  # fmt: skip
    start = centres[bonds[:, 0]]
    apart = centres[bonds[:, 1]] - start
    apart -= np.rint(apart)
    # A contact across the border is drawn from both of its ends.
    ends = centres[bonds[:, 1]]
    lines = np.concatenate([np.stack([start, start + apart], axis=1), np.stack([ends, ends - apart], axis=1)])
    widths = np.minimum(3.0, 0.8 * np.concatenate([forces, forces]))
    axes.add_collection(LineCollection(list(lines), linewidths=list(widths), colors="C3", capstyle="round"))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])


def draw_comparison(findings: Mapping[str, Findings]) -> "Mapping[str, Figure]":
    """``jump``: N_Δ/N_w against P/N_w, run by run, with each run's critical ratio and its interval.

    Arguments:
        findings: by the name of the run.
    """
    from matplotlib.figure import Figure

    findings = {name: run for name, run in findings.items() if "trials" in run.tables}
    if not findings:
        return {}
    figure = Figure(figsize=(SINGLE, _HEIGHT), layout="constrained")
    axes = figure.subplots()
    for place, (name, run) in enumerate(findings.items()):
        trials, colour = run.tables["trials"], f"C{place % COLOURS}"
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
        _threshold(axes, run.estimates["critical_ratio"], colour, None)
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
        exponent = findings.estimates["scaling_exponent"]
        text = f"$N^* \\sim P^{{{gradient:.2f}}}$"
        if exponent.low is not None and exponent.high is not None:
            text += f" [{exponent.low:.2f}, {exponent.high:.2f}]"
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
