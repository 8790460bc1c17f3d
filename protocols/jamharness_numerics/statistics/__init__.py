"""Estimates with intervals from a handful of seeds, and exponents of densities."""

from jamharness_numerics.statistics.power_law import PowerLaw, fit_power_law

__all__ = ["PowerLaw", "fit_power_law"]
