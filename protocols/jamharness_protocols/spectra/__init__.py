"""Spectra: counting signs where rounding would decide, and estimates where no spectrum can be computed."""

from jamharness_protocols.spectra.counting import Counts, asymmetry, count
from jamharness_protocols.spectra.estimated_counts import EstimatedCounts, estimate_counts
from jamharness_protocols.spectra.extremes import Extremes, extremes
from jamharness_protocols.spectra.lanczos import Tridiagonal, lanczos
from jamharness_protocols.spectra.quadrature import Quadrature, quadrature, wasserstein

__all__ = [
    "Counts",
    "EstimatedCounts",
    "Extremes",
    "Quadrature",
    "Tridiagonal",
    "asymmetry",
    "count",
    "estimate_counts",
    "extremes",
    "lanczos",
    "quadrature",
    "wasserstein",
]
