"""The physics: what is measured, and how. NumPy, SciPy and pandas; no framework."""
