"""The figures of the ageing protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import Findings, Float64
from jamharness_protocols.common.paper import DOUBLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``ageing``: L and Δ against t, raw; Δ against t/t_w^μ and Δ/D against t, collapsed. One colour for each t_w.

    ``along``: N_Δ/N, the overlap and the participation of displacements, and directions that are not flat.
    """
    from matplotlib.figure import Figure

    if not moved(findings):
        return {}
    figure = Figure(figsize=(DOUBLE, 4.6), layout="constrained")
    (loss, raw), (collapsed, diffusion) = figure.subplots(2, 2)
    times, values = (np.asarray(findings.arrays[name], dtype=float) for name in ("times", "loss"))
    loss.semilogx(times[1:], values[1:], "-", color="tab:gray")
    loss.set_xlabel("$t$")
    loss.set_ylabel("loss, or energy per spin")
    _raw(raw, findings)
    _collapsed(collapsed, findings)
    noise = np.asarray(findings.arrays["noise"], dtype=float)
    if np.all(noise > 0):
        _curves(diffusion, findings, np.zeros(len(noise)), noise)
        diffusion.set_ylabel(r"$\Delta/D(t_w)$")
    else:
        _absent(diffusion, "no minibatch noise")
    diffusion.set_xlabel("$t$")
    raw.legend(title="$t_w$", fontsize="x-small", title_fontsize="x-small", loc="lower right")
    return {"ageing": figure, "along": _along(findings)}


def _along(findings: Findings) -> "Figure":
    """What else is measured along a run."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(DOUBLE, 4.6), layout="constrained")
    (unsatisfied, flat), (overlap, participation) = figure.subplots(2, 2)
    history, curves = findings.tables["history"], findings.tables["curves"]
    if "unsatisfied" in history:
        unsatisfied.semilogx(history["t"][1:], history["unsatisfied"][1:], "-", color="tab:gray")
    else:
        _absent(unsatisfied, "nothing to satisfy")
    unsatisfied.set_ylabel(r"$N_\Delta/N$")
    unsatisfied.set_xlabel("$t$")
    if "flat" in findings.tables:
        table = findings.tables["flat"]
        flat.errorbar(
            table["waiting"], 1 - table["flat"], yerr=table["error"], fmt="o-", markersize=3, label="not flat"
        )
        flat.plot(table["waiting"], table["negative"], "s--", markersize=3, label="negative")
        flat.set_xscale("log")
        flat.legend(fontsize="x-small")
    else:
        _absent(flat, "flat directions not counted")
    flat.set_ylabel("part of all directions")
    flat.set_xlabel("$t_w$")
    for axes, name, label in (
        (overlap, "overlap", r"$q(t_w, t_w + t)$"), (participation, "participation", "participation")
    ):  # fmt: skip
        for colour, (_, rows) in zip(_colours(curves["waiting"].nunique()), curves.groupby("waiting"), strict=True):
            axes.semilogx(rows["t"], rows[name].astype(float), "-", color=colour, linewidth=0.9)
        axes.set_ylabel(label)
        axes.set_xlabel("$t$")
    participation.axhline(1 / 3, color="tab:gray", linewidth=0.6, linestyle=":")
    return figure


def _absent(axes: "Axes", text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)


def draw_comparison(findings: Mapping[str, Findings]) -> "Mapping[str, Figure]":
    """``ageing``: run beside run, raw above and collapsed below."""
    from matplotlib.figure import Figure

    some = {name: each for name, each in findings.items() if moved(each)}
    if not some:
        return {}
    figure = Figure(figsize=(DOUBLE, 4.6), layout="constrained")
    axes = figure.subplots(2, len(some), squeeze=False)
    for column, (name, each) in enumerate(some.items()):
        axes[0][column].text(0.04, 0.95, name, fontsize="small", va="top", transform=axes[0][column].transAxes)
        _raw(axes[0][column], each)
        _collapsed(axes[1][column], each)
    return {"ageing": figure}


def moved(findings: Findings) -> bool:
    """Whether anything did."""
    distance = np.asarray(findings.arrays.get("distance", np.zeros(0)), dtype=float)
    return bool(np.any(distance[np.isfinite(distance)] > 0))


def _raw(axes: "Axes", findings: Findings) -> None:
    waiting = np.asarray(findings.arrays["waiting"], dtype=float)
    _curves(axes, findings, np.zeros(len(waiting)), np.ones(len(waiting)))
    axes.set_xlabel("$t$")
    axes.set_ylabel(r"$\Delta(t_w, t_w + t)$")


def _collapsed(axes: "Axes", findings: Findings) -> None:
    waiting, exponent = np.asarray(findings.arrays["waiting"], dtype=float), float(findings.arrays["exponent"])
    known = bool(np.isfinite(exponent))
    shift = np.log(waiting) * (exponent if known else 1.0)
    _curves(axes, findings, shift, np.ones(len(waiting)))
    power = f"{exponent:.2f}" if known else "1"
    axes.set_xlabel(f"$t/t_w^{{{power}}}$" + ("" if known else r" ($\mu$ not measured)"))
    axes.set_ylabel(r"$\Delta(t_w, t_w + t)$")


def _curves(axes: "Axes", findings: Findings, shift: Float64, scale: Float64) -> None:
    """Every curve, its abscissa divided by e^shift and its ordinate by a scale."""
    waiting, lags, distance = (
        np.asarray(findings.arrays[name], dtype=float) for name in ("waiting", "lags", "distance")
    )
    colours = _colours(len(waiting))
    for index, wait in enumerate(waiting):
        has = np.isfinite(distance[index]) & (distance[index] > 0)
        if has.any():
            x, y = lags[has] / np.exp(shift[index]), distance[index][has] / scale[index]
            axes.loglog(x, y, "-", color=colours[index], linewidth=0.9, label=f"{wait:.3g}")


def _colours(count: int) -> Float64:
    """One for each waiting time."""
    from matplotlib import colormaps

    return np.asarray(colormaps["viridis"](np.linspace(0, 0.9, count)))
