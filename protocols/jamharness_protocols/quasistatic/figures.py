"""The figures of the quasistatic protocol."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api import Findings, Float64
from jamharness_protocols.common.paper import DOUBLE, at_least

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE, PART = "contacts exchanged, S", "part of the avalanches with at least S"
LOAD, WHERE = "load: κ, or patterns", "contacts exchanged, S"


def avalanches(findings: Findings) -> tuple[Float64, Float64]:
    """The load at each avalanche of every seed, and its size, (k,) each."""
    happened = np.asarray(findings.arrays["avalanche"]) > 0
    return np.asarray(findings.arrays["load"])[happened], np.asarray(findings.arrays["size"])[happened]


def draw(findings: Findings) -> "Mapping[str, Figure]":
    """``avalanches``: how often one is at least so large, and where on the way they were."""
    from matplotlib.figure import Figure

    loads, sizes = avalanches(findings)
    levels, part = at_least(sizes)
    if not len(levels):
        return {}
    figure = Figure(figsize=(DOUBLE, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.loglog(levels, part, "o", markersize=2.5, color="C0")
    left.set_xlabel(SIZE)
    left.set_ylabel(PART)
    right.plot(loads, sizes, "o", markersize=2.5, color="C0")
    right.set_xlabel(LOAD)
    right.set_ylabel(WHERE)
    return {"avalanches": figure}
