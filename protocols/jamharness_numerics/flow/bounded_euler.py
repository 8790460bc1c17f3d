"""Euler steps with the two bounds of the papers' authors."""

import numpy as np

from jamharness_numerics.flow.control import Controlled
from jamharness_numerics.flow.outcome import Place

GROW, SHRINK = 1.1, 0.1
LARGEST_CHANGE = 0.1
"""Of any Δ in a step, in units of the margin."""


class BoundedEuler(Controlled):
    """w − dt ∇L, kept if the gradient turns little and no output changes much; dt grows by a tenth or shrinks tenfold.

    The bounds are |g′ − g|²/(|g||g′|) < tolerance and max|Δ′ − Δ| < ``LARGEST_CHANGE``; dt grows where both are met
    twice over. github.com/mariogeiger/gradientflow, _flow.py and _backprop.py; tolerance 1e-4 and a change of .1 in
    F = α (f − f₀) are the defaults of feature_lazy, main.py.

    Arguments:
        field: the flow.
        tolerance: of the turn of the gradient.
    """

    default = 1e-4

    def step(self, place: Place, dt: float) -> tuple[Place, float]:
        """The end of a step, and the larger of the two in units of its bound: below 1 it is kept."""
        new = self.field.place(place.w - dt * self.field.rate * place.gradient, place.time + dt)
        size = float(np.linalg.norm(new.gradient) * np.linalg.norm(place.gradient))
        turn = float(np.linalg.norm(new.gradient - place.gradient)) ** 2 / size if size else 0.0
        change = float(np.abs(new.margins - place.margins).max())
        return new, max(turn / self.tolerance, change / LARGEST_CHANGE)

    def next(self, dt: float, error: float) -> float:
        """The next dt after a step of this one."""
        if not error < 1:
            return dt * SHRINK
        return dt * GROW if error < 0.5 else dt
