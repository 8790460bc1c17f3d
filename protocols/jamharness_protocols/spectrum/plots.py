"""The plots of the spectrum protocol."""

from collections.abc import Mapping

import numpy as np

from jamharness.api import Findings, Plot, Series, series_of
from jamharness_protocols.spectrum.figures import NAMES, loads_of, near_density


def plots(findings: Findings) -> Mapping[str, Plot]:
    """``spectra``: densities on the scale of Hp, load by load; ``counts``: negative eigenvalues of Hp against N_Δ."""
    series = []
    for load in loads_of(findings):
        edges, heights = near_density(findings, load)
        for name, height in heights.items():
            # Two points for each bin: a staircase, as the figure has.
            steps = Series(
                name=f"{NAMES[name]} at {load:g}",
                x=np.repeat(edges, 2)[1:-1], y=np.repeat(height, 2), line=True,
            )  # fmt: skip
            series.append(steps)
    cells = findings.tables["cells"]
    minima = cells[cells["outcome"] == "minimum"]
    shown = cells.assign(share=minima["unsatisfied"] / minima["parameters"])
    shown["negative"] = minima["negative_Hp"] / minima["parameters"]
    counts = Plot(
        title="Stability: a minimum needs no fewer unsatisfied patterns than Hp has negative eigenvalues",
        x_label="unsatisfied patterns, N_Δ/N",
        y_label="negative eigenvalues of Hp, N_−/N",
        series=series_of(shown, "cells", "share", "negative", by="relative"),
    )
    panels = {"counts": counts} if counts.series else {}
    if series:
        title = "Density of eigenvalues on the scale of Hp, by load: over the threshold's, or κ − κ_J at jamming"
        panels["spectra"] = Plot(title=title, x_label="eigenvalue λ", y_label="density", series=series, log_y=True)
    return panels
