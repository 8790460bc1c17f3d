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
    """``ageing``: L and Δ against t, raw; Δ against t/t_w^μ and Δ/D against t, collapsed. One colour for each t_w."""
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
        diffusion.text(0.5, 0.5, "no minibatch noise", ha="center", va="center", transform=diffusion.transAxes)
    diffusion.set_xlabel("$t$")
    raw.legend(title="$t_w$", fontsize="x-small", title_fontsize="x-small", loc="lower right")
    return {"ageing": figure}


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
    from matplotlib import colormaps

    waiting, lags, distance = (
        np.asarray(findings.arrays[name], dtype=float) for name in ("waiting", "lags", "distance")
    )
    colours = colormaps["viridis"](np.linspace(0, 0.9, len(waiting)))
    for index, wait in enumerate(waiting):
        has = np.isfinite(distance[index]) & (distance[index] > 0)
        if has.any():
            x, y = lags[has] / np.exp(shift[index]), distance[index][has] / scale[index]
            axes.loglog(x, y, "-", color=colours[index], linewidth=0.9, label=f"{wait:.3g}")
