"""Spectra: counting signs where rounding would decide."""

from jamharness_protocols.spectra.counting import Counts, count

__all__ = ["Counts", "count"]
