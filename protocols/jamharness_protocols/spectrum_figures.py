"""The figures of the spectrum protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import Findings

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
            spectrum = np.asarray(findings.arrays[f"{name} at {load:g}"], dtype=float)
            reach = float(np.quantile(np.abs(spectrum), 0.99)) or 1e-12
            bins = np.linspace(-reach, reach, 81)
            for row, scale in enumerate(("linear", "log")):
                place = axes[row, column]
                place.hist(spectrum, bins=bins, density=True, histtype="step", color=colour, label=_NAMES[name])
                place.set_yscale(scale)
        axes[0, column].set_title(f"{load:g} of the threshold", fontsize="medium")
        axes[1, column].set_xlabel(r"eigenvalue $\lambda$")
    for row in range(2):
        axes[row, 0].set_ylabel(r"density (99% of $|\lambda|$)")
    axes[0, 0].legend(frameon=False, fontsize="small")
    return {"spectra": figure}
