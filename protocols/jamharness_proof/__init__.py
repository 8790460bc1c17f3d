"""Checks of what a store says, by formulas that nothing else of jamharness uses. It imports NumPy alone."""
