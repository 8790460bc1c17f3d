"""The figures of the avalanches protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import Findings
from jamharness_protocols.common.paper import DOUBLE, at_least

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANELS = (
    ("sizes", "patterns learned or forgotten between records", "part of the intervals with at least as many"),
    ("times", "times forgotten after having been learned", "part of the patterns with at least as many"),
)
"""The array, and what its two axes say."""


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``avalanches``: how often a change is at least so large, and a pattern forgotten at least so often."""
    from matplotlib.figure import Figure

    if not any(np.any(findings.arrays[name]) for name, _, _ in PANELS):
        return {}
    figure = Figure(figsize=(DOUBLE, 2.8), layout="constrained")
    for axes, (name, along, up) in zip(figure.subplots(1, 2), PANELS, strict=True):
        levels, part = at_least(findings.arrays[name])
        axes.plot(levels, part, "o", markersize=2.5, color="C0")
        if len(levels):
            axes.set_xscale("log")
            axes.set_yscale("log")
        axes.set_xlabel(along)
        axes.set_ylabel(up)
    return {"avalanches": figure}
