"""The figures of the regimes protocol."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import Findings
from jamharness_protocols.common.paper import COLOURS, DOUBLE, SINGLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 2.9
_SCALED, _ALPHA = r"$\sqrt{h}\,\alpha$", r"$\alpha$"


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``phases``: test error over (h, α) with both lines; ``collapse``: ‖ΔΘ‖/‖Θ₀‖; ``errors``; ``fluctuations``."""
    from matplotlib.figure import Figure

    if not len(findings.tables["places"]):
        return {}
    figures = {"phases": Figure(figsize=(SINGLE, _HEIGHT), layout="constrained")}
    _phases(figures["phases"], findings)
    figures["collapse"] = Figure(figsize=(DOUBLE, _HEIGHT), layout="constrained")
    for axes, name, label in zip(
        figures["collapse"].subplots(1, 2), ("alpha", "scale"), (_ALPHA, _SCALED), strict=True
    ):
        _changes(axes, findings, name, label)
    for name, panel in (("errors", _errors), ("fluctuations", _fluctuations)):
        figures[name] = Figure(figsize=(SINGLE, _HEIGHT), layout="constrained")
        axes = figures[name].subplots()
        panel(axes, findings)
        handles, labels = axes.get_legend_handles_labels()
        figures[name].legend(handles, labels, loc="outside upper center", ncols=2, columnspacing=1.0)
    return figures


def _phases(figure: "Figure", findings: Findings) -> None:
    places, lines, jamming = (findings.tables[name] for name in ("places", "crossover", "jamming"))
    axes = figure.subplots()
    shown = axes.scatter(
        places["width"], places["alpha"], c=places["error"], s=26, marker="s", cmap="viridis", zorder=2
    )
    figure.colorbar(shown, ax=axes, label="test error")
    if len(lines):
        star = lines["alpha_star"].to_numpy(dtype=float)
        ends = [lines[name].to_numpy(dtype=float) for name in ("low", "high")]
        bars = np.nan_to_num(np.abs(np.stack([star - ends[0], ends[1] - star])))
        axes.errorbar(
            lines["width"], star, yerr=bars, fmt="o-", color="C1", markersize=3, label=r"$\alpha^*$", zorder=3
        )
    brackets = jamming.dropna(subset=["unsatisfied_width", "satisfied_width"])
    if len(brackets):
        low, high = (brackets[name].to_numpy(dtype=float) for name in ("unsatisfied_width", "satisfied_width"))
        middle = np.sqrt(low * high)
        alpha = brackets["scale"].to_numpy(dtype=float) / np.sqrt(middle)
        axes.errorbar(
            middle, alpha, xerr=np.stack([middle - low, high - middle]), fmt="s--", color="C3", markersize=3,
            label="jamming", zorder=3,
        )  # fmt: skip
    axes.set_yscale("log")
    _widths(axes, places["width"])
    axes.set_ylabel(_ALPHA)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside upper center", ncols=2)


def _widths(axes: "Axes", widths: Iterable[int]) -> None:
    """A logarithmic axis of widths, with ticks at those that leave room for their labels."""
    from matplotlib.ticker import NullLocator

    ticks: list[int] = []
    for width in sorted(set(widths)):
        if not ticks or width >= 1.5 * ticks[-1]:
            ticks.append(width)
    axes.set_xscale("log")
    axes.set_xticks(ticks, [str(width) for width in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(r"width $h$")


def _changes(axes: "Axes", findings: Findings, name: str, label: str) -> None:
    for place, (width, rows) in enumerate(findings.tables["places"].groupby("width")):
        rows = rows.sort_values(name)
        if len(rows) > 2:
            axes.plot(
                rows[name], rows["kernel_change"], "o-", color=f"C{place % COLOURS}", markersize=2.5, linewidth=0.8,
                label=f"$h$ = {width}",
            )  # fmt: skip
    axes.axhline(1.0, color="grey", linewidth=0.6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel(r"$\Vert\Delta\Theta\Vert/\Vert\Theta_0\Vert$")
    if name == "alpha":
        axes.legend()


def _errors(axes: "Axes", findings: Findings) -> None:
    """Of the largest width that has several √h α."""
    places = findings.tables["places"]
    counts = places["width"].value_counts()
    rows = places[places["width"] == counts[counts > 2].index.max()].sort_values("scale")
    styles = (
        ("error", "o-", "one network"), ("ensemble_error", "s--", "their mean"),
        ("initial_kernel_error", "^:", "initial kernel"), ("final_kernel_error", "v:", "final kernel"),
    )  # fmt: skip
    for place, (name, style, label) in enumerate(styles):
        axes.plot(rows["scale"], rows[name], style, color=f"C{place}", markersize=2.5, linewidth=0.8, label=label)
    axes.set_xscale("log")
    axes.set_xlabel(_SCALED)
    axes.set_ylabel("test error")


def _fluctuations(axes: "Axes", findings: Findings) -> None:
    """Var F against h, one line for each √h α that several widths share."""
    places = findings.tables["places"].dropna(subset=["variance"])
    shared = [(scale, rows) for scale, rows in places.groupby("scale") if rows["width"].nunique() > 1]
    for place, (scale, rows) in enumerate(shared):
        rows = rows.sort_values("width")
        axes.plot(
            rows["width"], rows["variance"], "o-", color=f"C{place % COLOURS}", markersize=2.5, linewidth=0.8,
            label=rf"$\sqrt{{h}}\,\alpha$ = {scale:g}",
        )  # fmt: skip
    axes.set_yscale("log")
    _widths(axes, places["width"])
    axes.set_ylabel(r"Var $F$ over initial weights")
