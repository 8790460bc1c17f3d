"""∇L, Δ and the Jacobian of a problem, counted."""

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, DerivedProblem, Problem
from jamharness_numerics.flow.outcome import Place

ROWS = 32
"""Rows of a Jacobian that cost about as much as a gradient: measured with PyTorch, P = 100 to 400 and h = 10 to 100,
where a row costs 1/20 to 1/30 of a gradient of all patterns."""


class Field:
    """The vector field ẇ = −rate ∇L of a problem.

    Arguments:
        problem: the problem.
        rate: a constant factor of time, as the α^−k of the papers' losses.
    """

    def __init__(self, problem: Problem | DerivedProblem, rate: float = 1.0) -> None:
        self.problem, self.rate, self.gradients = problem, rate, 0
        self.loss = problem.loss

    def place(self, w: Array, time: float) -> Place:
        """Everything at w."""
        self.gradients += 1
        if isinstance(self.problem, DerivedProblem):
            margins, gradient = self.problem.margins_and_gradient(w)
            loss = self.problem.loss_of(margins)
        else:
            margins = self.problem.margins(w)
            loss, gradient = self.problem.loss_and_gradient(w)
        return Place(w=w, time=time, margins=margins, loss=loss, gradient=gradient)

    def velocity(self, w: Array) -> Array:
        """ẇ (N,)."""
        self.gradients += 1
        if isinstance(self.problem, DerivedProblem):
            return -self.rate * self.problem.margins_and_gradient(w)[1]
        return -self.rate * self.problem.loss_and_gradient(w)[1]

    def margins(self, w: Array) -> Array:
        """Δ (P,)."""
        return self.problem.margins(w)

    def jacobian(self, w: Array, rows: NDArray[np.integer]) -> Array:
        """∂Δ/∂w of some patterns, (n, N)."""
        self.gradients += -(-len(rows) // ROWS)
        return self.problem.jacobian(w, rows)

    def unsatisfied(self, margins: Array) -> int:
        """N_Δ."""
        return int(np.count_nonzero(~self.loss.satisfied(margins)))
