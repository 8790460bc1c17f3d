"""The figures of the margins protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from jamharness_numerics.statistics.tilted_power import cumulative

from jamharness.api import Findings, Float64
from jamharness_protocols.common.paper import DOUBLE, SINGLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANELS = {
    "theta": (r"$\Delta$ / median, minima", r"\theta", 1),
    "gamma": (r"$-\Delta/\kappa$, minima", r"\gamma", -1),
    "gamma_satisfied": (r"$-\Delta/\kappa$, satisfied", r"\gamma", -1),
    "forces": (r"$\Delta$ / mean, at jamming", r"\theta", 1),
    "gaps": (r"$-\Delta$, at jamming", r"\gamma", -1),
}
"""By name of the samples: the label, the symbol of the exponent and the side."""


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``margins``: cumulative distributions with their fits; ``windows``: exponents against the end of the window."""
    from matplotlib.figure import Figure

    fits = findings.tables["fits"].set_index("name")
    names = [name for name in _PANELS if fits["exponent"].notna().get(name, False)]
    if not names:
        return {}
    figures = {}
    for title, panel in (("margins", _cumulative), ("windows", _windows)):
        figure = Figure(figsize=(SINGLE if len(names) == 1 else DOUBLE, 2.5), layout="constrained")
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            panel(axes, findings, name)
        figures[title] = figure
    return figures


def _fit(findings: Findings, name: str) -> dict[str, float]:
    """The row of the fit."""
    (row,) = (row for row in findings.tables["fits"].to_dict("records") if row["name"] == name)
    return {str(key): np.nan if value is None else float(value) for key, value in row.items() if key != "name"}


def cumulated(findings: Findings, name: str) -> tuple[Float64, Float64]:
    """Margins of one kind beyond the lower end of the window, (n,), and how many are no larger, (n,)."""
    x = _PANELS[name][2] * np.asarray(findings.arrays[f"{name} values"], dtype=np.float64)
    x = np.sort(x[x > _fit(findings, name)["lower"]])
    return x, np.arange(1.0, len(x) + 1)


def fitted(findings: Findings, name: str) -> tuple[Float64, Float64]:
    """The fit of one kind of margins in its window: where, (200,), and how many it says are smaller, (200,)."""
    fit, (x, _) = _fit(findings, name), cumulated(findings, name)
    upper = fit["upper"]
    t = np.geomspace(x[0], upper, 200) / upper
    shape = cumulative(t, _PANELS[name][2] * fit["exponent"], fit["slope"], fit["lower"] / upper)
    return t * upper, fit["count"] * shape


def _cumulative(axes: "Axes", findings: Findings, name: str) -> None:
    """How many margins are smaller, beyond the lower end of the window."""
    label, symbol, _ = _PANELS[name]
    fit = _fit(findings, name)
    exponent, low, high = (fit[column] for column in ("exponent", "low", "high"))
    (x, count), (t, curve) = cumulated(findings, name), fitted(findings, name)
    axes.loglog(x, count, ".", color="0.5", markersize=2)
    text = f"${symbol}$ = {exponent:.2f}" + (f" [{low:.2f}, {high:.2f}]" if np.isfinite(low) else "")
    axes.loglog(t, curve, "-", color="C2", label=text)
    axes.axvspan(t[0], t[-1], color="C2", alpha=0.08)
    axes.set_ylim(0.7, 1.5 * len(x))
    axes.set_xlabel(label)
    axes.set_ylabel("margins that are smaller")
    axes.legend(loc="lower right")


def _windows(axes: "Axes", findings: Findings, name: str) -> None:
    """The exponent in every window, and the chosen one."""
    label, symbol, _ = _PANELS[name]
    fit = _fit(findings, name)
    table = findings.tables["windows"]
    some = table[(table["name"] == name) & table["exponent"].notna()].sort_values("upper")
    upper = some["upper"].to_numpy(dtype=float)
    axes.fill_between(upper, some["low"].to_numpy(dtype=float), some["high"].to_numpy(dtype=float), alpha=0.2)
    axes.semilogx(upper, some["exponent"].to_numpy(dtype=float), "o-", markersize=3)
    value = fit["exponent"]
    ends = [[value - fit["low"]], [fit["high"] - value]]
    # The smallest windows, and a chosen one that is as vague, say next to nothing, and would set the scale.
    width = some["high"].to_numpy(dtype=float) - some["low"].to_numpy(dtype=float)
    widest = 4 * np.nanmedian(width) if np.isfinite(width).any() else np.inf
    narrow = some[width <= widest]
    chosen = [fit["low"], fit["high"]] if fit["high"] - fit["low"] <= widest else [value]
    limits = np.array([*narrow["low"], *narrow["high"], *chosen], dtype=float)
    if np.isfinite(limits).any():
        bottom, top = np.nanmin(limits), np.nanmax(limits)
        axes.set_ylim(bottom - 0.05 * (top - bottom) - 1e-3, top + 0.05 * (top - bottom) + 1e-3)
    axes.errorbar([fit["upper"]], [value], yerr=ends, fmt="s", color="C2", label="chosen window")
    axes.set_xlabel(f"end of the window\n{label}")
    axes.set_ylabel(f"${symbol}$")
    axes.legend()
