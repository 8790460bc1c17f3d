"""The spectrum of the Hessian below, at and beyond the transition."""
