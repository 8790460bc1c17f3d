"""The numerics: minimisers, spectra, statistics and searches, usable from a notebook without host or store."""
