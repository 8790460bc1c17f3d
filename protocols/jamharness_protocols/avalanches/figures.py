"""The figures of the avalanches protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import Findings
from jamharness_protocols.common.paper import DOUBLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``avalanches``: how often a change is at least so large, and a pattern forgotten at least so often."""
    from matplotlib.figure import Figure

    panels = (
        ("sizes", "patterns learned or forgotten between records", "part of the intervals with at least as many"),
        ("times", "times forgotten after having been learned", "part of the patterns with at least as many"),
    )
    if not any(np.any(findings.arrays[name]) for name, _, _ in panels):
        return {}
    figure = Figure(figsize=(DOUBLE, 2.8), layout="constrained")
    for axes, (name, along, up) in zip(figure.subplots(1, 2), panels, strict=True):
        values = np.asarray(findings.arrays[name])
        levels = np.unique(values[values > 0])
        part = [np.count_nonzero(values >= level) / len(values) for level in levels]
        axes.plot(levels, part, "o", markersize=2.5, color="tab:blue")
        if len(levels):
            axes.set_xscale("log")
            axes.set_yscale("log")
        axes.set_xlabel(along)
        axes.set_ylabel(up)
    return {"avalanches": figure}
