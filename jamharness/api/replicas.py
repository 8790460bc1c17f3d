"""Several problems of one network side by side: seeds of a small network, which alone leaves a device idle."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from jamharness.api.arrays import Array
from jamharness.api.errors import BadInput
from jamharness.api.optimizers import Optimizer, State

if TYPE_CHECKING:
    from jamharness.api.backend import Problem


class Replicas:
    """R problems of one network, one margin and one number of patterns; each replica is as it would be alone.

    By default one after the other; a backend with the capability ``replicas`` computes along a leading axis.

    Arguments:
        problems: at least one, of the same backend.

    Raises:
        BadInput: problems that differ in network, κ, or P.
    """

    def __init__(self, problems: "Sequence[Problem]") -> None:
        kinds = {(problem.network, problem.loss, problem.patterns) for problem in problems}
        if len(kinds) != 1:
            raise BadInput(
                f"Replicas are of one network, one margin and one number of patterns; these are of {len(kinds)} kinds."
            )
        self.problems = tuple(problems)

    def __len__(self) -> int:
        """R."""
        return len(self.problems)

    def margins(self, w: Array) -> Array:
        """Δ of shape (R, P) at w (R, N)."""
        return np.stack([problem.margins(row) for problem, row in zip(self.problems, w, strict=True)])

    def loss_and_gradient(self, w: Array) -> tuple[Array, Array]:
        """L (R,) and ∇L (R, N) at w (R, N)."""
        pairs = [problem.loss_and_gradient(row) for problem, row in zip(self.problems, w, strict=True)]
        return np.array([loss for loss, _ in pairs]), np.stack([gradient for _, gradient in pairs])

    def descend(self, states: Sequence[State], steps: int, optimizer: Optimizer) -> list[State]:
        """Up to ``steps`` updates of each; a replica stops before an update at its first w with N_Δ = 0.

        Arguments:
            states: one for each replica; their steps may differ.
            steps: updates at most, of each.
            optimizer: the same rule for all.
        """
        return [problem.descend(state, steps, optimizer) for problem, state in zip(self.problems, states, strict=True)]
