"""Dynamics of mean-field glasses: the spherical p-spin's equations of motion, and what is exactly known of them."""

from jamharness_numerics.dynamics.exact import (
    quadratic_distance,
    threshold_energy,
    two_spin_correlation,
    two_spin_energy,
)
from jamharness_numerics.dynamics.mode_coupling import ModeCoupling, mode_coupling
from jamharness_numerics.dynamics.relaxation import Relaxation, relaxation
from jamharness_numerics.dynamics.series import energy_series, resummed

__all__ = [
    "ModeCoupling",
    "Relaxation",
    "energy_series",
    "mode_coupling",
    "quadratic_distance",
    "relaxation",
    "resummed",
    "threshold_energy",
    "two_spin_correlation",
    "two_spin_energy",
]
