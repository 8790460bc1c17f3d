"""The figures of the generalisation protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jamharness.api import Findings
from jamharness_protocols.common.paper import COLOURS, SINGLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 2.9
_WEIGHTS = r"weights $N$"


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``cusp``: errors against N, with N*; ``outputs``: √⟨f²⟩ and its fluctuation; ``ensembles``: errors of means."""
    from matplotlib.figure import Figure

    points, ensembles = findings.tables["points"], findings.tables["ensembles"]
    if not len(points):
        return {}
    figures = {}
    for name, panel in (("cusp", _cusp), ("outputs", _outputs), ("ensembles", _ensembles)):
        if name == "ensembles" and (not len(ensembles) or ensembles["networks"].max() < 2):
            continue
        figure = Figure(figsize=(SINGLE, _HEIGHT), layout="constrained")
        axes = figure.subplots()
        panel(axes, findings)
        handles, labels = axes.get_legend_handles_labels()
        if handles:
            columns = 2 if max(map(len, labels)) < 26 else 1
            figure.legend(handles, labels, loc="outside upper center", ncols=columns, columnspacing=1.0)
        figures[name] = figure
    return figures


def _cusp(axes: "Axes", findings: Findings) -> None:
    points, ensembles = findings.tables["points"], findings.tables["ensembles"]
    several = points["patterns"].nunique() > 1
    for place, (patterns, rows) in enumerate(points.groupby("patterns")):
        colour, of = f"C{place % COLOURS}", f", P = {patterns}" if several else ""
        _band(axes, rows, "test_error", "o-", colour, f"one network{of}")
        if "stopped_error" in rows:
            _band(axes, rows, "stopped_error", "^:", colour, f"stopped early{of}")
        own = ensembles[ensembles["patterns"] == patterns]
        most = own["networks"].max()
        if most > 1:
            means = own[own["networks"] == most]
            axes.plot(
                means["weights"], means["test_error"], "s--", color=colour, markersize=2.5, label=f"mean of {most}{of}"
            )
        relative = rows[rows["relative"].notna()]
        if len(relative):
            critical = float((relative["weights"] / relative["relative"]).iloc[0])
            axes.axvline(critical, color=colour, linewidth=0.8, linestyle="--", label=None if place else "$N^*$")
    _log(axes)
    axes.set_ylabel("test error")


def _outputs(axes: "Axes", findings: Findings) -> None:
    points = findings.tables["points"]
    for place, (patterns, rows) in enumerate(points.groupby("patterns")):
        colour = f"C{place % COLOURS}"
        of = f", P = {patterns}" if points["patterns"].nunique() > 1 else ""
        _band(axes, rows, "output", "o-", colour, rf"$\langle f^2\rangle^{{1/2}}${of}")
        if rows["fluctuation"].notna().any():
            _band(axes, rows, "fluctuation", "s--", colour, rf"fluctuation{of}")
    _log(axes)
    axes.set_yscale("log")
    axes.set_ylabel("output on the test set")


def _ensembles(axes: "Axes", findings: Findings) -> None:
    ensembles = findings.tables["ensembles"]
    own = ensembles[ensembles["patterns"] == ensembles["patterns"].max()]
    sizes = np.unique(own["networks"])
    shown = sizes[np.unique(np.linspace(0, len(sizes) - 1, 5).round().astype(int))]
    for place, size in enumerate(shown):
        rows = own[own["networks"] == size]
        axes.errorbar(
            rows["weights"], rows["test_error"], yerr=_bars(rows, "test_error", "low", "high"), fmt="o-",
            color=f"C{place}", markersize=2.5, linewidth=0.8, label=f"mean of {size}",
        )  # fmt: skip
    _log(axes)
    axes.set_ylabel("test error")


def _band(axes: "Axes", rows: pd.DataFrame, name: str, style: str, colour: str, label: str) -> None:
    axes.plot(rows["weights"], rows[name], style, color=colour, markersize=2.5, linewidth=0.8, label=label)
    low, high = (rows[f"{name}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
    axes.fill_between(rows["weights"], low, high, color=colour, alpha=0.15, linewidth=0)


def _bars(rows: pd.DataFrame, name: str, low: str, high: str) -> "np.ndarray":
    middle, ends = rows[name].to_numpy(dtype=float), (rows[low].to_numpy(dtype=float), rows[high].to_numpy(dtype=float))
    return np.asarray(np.nan_to_num(np.abs(np.stack([middle - ends[0], ends[1] - middle]))))


def _log(axes: "Axes") -> None:
    axes.set_xscale("log")
    axes.set_xlabel(_WEIGHTS)
