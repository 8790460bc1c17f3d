"""Spectra: counting signs where rounding would decide, and estimates where no spectrum can be computed."""

from jamharness_numerics.spectra.counting import Counts, asymmetry, count
from jamharness_numerics.spectra.estimated_counts import EstimatedCounts, estimate_counts
from jamharness_numerics.spectra.extremes import Extremes, extremes
from jamharness_numerics.spectra.lanczos import Tridiagonal, lanczos
from jamharness_numerics.spectra.quadrature import Quadrature, quadrature, wasserstein

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
