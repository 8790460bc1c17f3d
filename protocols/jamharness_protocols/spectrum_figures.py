"""The figures of the spectrum protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import Findings, Float64

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMES = {"H": "$H$", "Hp": "$H_p$"}


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``spectra``: densities of H and Hp side by side for each load, linear above and logarithmic below."""
    from matplotlib.figure import Figure

    loads = sorted({float(name.partition(" at ")[2]) for name in findings.arrays})
    if not loads:
        return {}
    figure = Figure(figsize=(3.0 * len(loads) + 0.6, 5.6), layout="constrained")
    axes = figure.subplots(2, len(loads), squeeze=False)
    for column, load in enumerate(loads):
        for name, colour in (("H", "tab:blue"), ("Hp", "tab:orange")):
            spectrum, weights = _sample(findings, name, load)
            if not len(spectrum):
                continue
            reach = _reach(np.abs(spectrum), weights) or 1e-12
            bins = np.linspace(-reach, reach, 81)
            for row, scale in enumerate(("linear", "log")):
                place = axes[row, column]
                place.hist(
                    spectrum, bins=bins, weights=weights, density=True, histtype="step", color=colour,
                    label=_NAMES[name],
                )  # fmt: skip
                place.set_yscale(scale)
        axes[0, column].set_title(f"{load:g} of the threshold", fontsize="medium")
        axes[1, column].set_xlabel(r"eigenvalue $\lambda$")
    for row in range(2):
        axes[row, 0].set_ylabel(r"density (99% of $|\lambda|$)")
    axes[0, 0].legend(frameon=False, fontsize="small")
    return {"spectra": figure}


def _sample(findings: Findings, name: str, load: float) -> tuple[Float64, Float64]:
    """Eigenvalues, each counting 1, and the nodes of estimated spectra, those of one spectrum adding up to N."""
    none: Float64 = np.zeros(0)
    exact, nodes, weights = (
        np.asarray(findings.arrays.get(f"{part}{name} at {load:g}", none), dtype=np.float64)
        for part in ("", "nodes_", "weights_")
    )
    return np.concatenate([exact, nodes]), np.concatenate([np.ones(len(exact)), weights])


def _reach(size: Float64, weights: Float64) -> float:
    """The |λ| below which 99% lie."""
    order = np.argsort(size)
    part = np.cumsum(weights[order])
    return float(size[order][np.searchsorted(part, 0.99 * part[-1])])
