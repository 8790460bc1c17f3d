"""The referee: every quantity by an explicit formula in NumPy."""
