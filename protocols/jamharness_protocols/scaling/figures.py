"""The figure of the scaling protocol, for paper and for a report."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import Findings, Plot, Series, series_of
from jamharness_protocols.common.paper import SINGLE
from jamharness_protocols.scaling.analysis import SUFFIX

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKS = {"data": "o", "random": "s"}
_WORDS = {"data": "labels of the data", "random": "random labels"}


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``scaling``: N* against P with intervals, and the power laws through them."""
    from matplotlib.figure import Figure

    sizes = findings.tables["sizes"]
    sizes = sizes[sizes["weights"].notna()]
    if not len(sizes):
        return {}
    figure = Figure(figsize=(SINGLE, 2.9), layout="constrained")
    axes = figure.subplots()
    for place, (labels, own) in enumerate(sizes.groupby("labels")):
        colour, weights = f"C{2 * place}", own["weights"].to_numpy(dtype=float)
        ends = [np.abs(weights - own[end].to_numpy(dtype=float)) for end in ("low", "high")]
        axes.errorbar(
            own["patterns"], weights, yerr=np.nan_to_num(np.stack(ends)), fmt=_MARKS[str(labels)], color=colour,
            markersize=3, linewidth=0.8,
        )  # fmt: skip
        exponent = findings.estimates[f"scaling_exponent{SUFFIX[str(labels)]}"]
        text = _WORDS[str(labels)]
        if exponent.value is not None:
            text += f": $N^* \\sim P^{{{exponent.value:.2f}}}$"
        if exponent.low is not None and exponent.high is not None:
            text += f" ({exponent.low:.2f} to {exponent.high:.2f})"
        line = findings.arrays.get(f"line {labels}")
        if line is None:
            axes.plot([], [], color=colour, label=text)
        else:
            axes.plot(line[:, 0], line[:, 1], color=colour, linewidth=0.8, label=text)
            axes.fill_between(
                np.asarray(line[:, 0], dtype=float), np.asarray(line[:, 2], dtype=float),
                np.asarray(line[:, 3], dtype=float), color=colour, alpha=0.15, linewidth=0,
            )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(r"patterns $P$")
    axes.set_ylabel(r"weights at the transition $N^*$")
    handles, labels_of = axes.get_legend_handles_labels()
    figure.legend(handles, labels_of, loc="outside upper center", ncols=1)
    return {"scaling": figure}


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``scaling``: one point for each search, and the lines."""
    thresholds = findings.tables["thresholds"]
    middle = np.sqrt(thresholds["weights_satisfied"] * thresholds["weights_unsatisfied"])
    points = series_of(thresholds.assign(middle=middle), "thresholds", "patterns", "middle", by="labels")
    lines = [
        Series(name=name, x=array[:, 0].astype(np.float64), y=array[:, 1].astype(np.float64), line=True)
        for name, array in findings.arrays.items()
        if name.startswith("line ")
    ]
    return {
        "scaling": Plot(
            title="Weights at the transition against the patterns: one point for each search",
            x_label="patterns P",
            y_label="weights at the transition N*",
            series=[*points, *lines],
            log_x=True,
            log_y=True,
        )
    }
