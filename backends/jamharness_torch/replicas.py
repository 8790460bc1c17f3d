"""Problems of one network side by side: one program over a leading axis."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from jamharness.api import Array, Optimizer, Problem, Replicas, State
from jamharness_torch.compiled import constants, memory_of, program, state_of
from jamharness_torch.gradient import masked_gradient
from jamharness_torch.layers import forward, split

if TYPE_CHECKING:
    from jamharness_torch.backend import TorchBackend
    from jamharness_torch.problem import TorchProblem


class TorchReplicas(Replicas):
    """The functions of one problem, mapped by ``torch.vmap`` over w (R, N), x (R, P, d) and y (R, P)."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        mine = [cast("TorchProblem", problem) for problem in problems]
        self.backend = cast("TorchBackend", mine[0].backend)
        self.x, self.y = (torch.stack(data) for data in zip(*(problem.data for problem in mine), strict=True))
        self.network = mine[0].network
        self.margin = torch.tensor(mine[0].loss.margin, dtype=self.x.dtype, device=self.x.device)

    def _margins_of(self, w: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return self.margin - y * forward(self.network, split(self.network, w), x).outputs

    def margins(self, w: Array) -> Array:
        """Δ, (R, P)."""
        return _numpy(torch.vmap(self._margins_of)(self.backend.tensor(w), self.x, self.y))

    def loss_and_gradient(self, w: Array) -> tuple[Array, Array]:
        """L, (R,), and ∇L, (R, N)."""

        def both(w: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            hinge = torch.relu(self._margins_of(w, x, y))
            return hinge.square().sum() / (2 * len(y)), masked_gradient(self.network, w, x, y, self.margin)[0]

        loss, slope = torch.vmap(both)(self.backend.tensor(w), self.x, self.y)
        return _numpy(loss), _numpy(slope)

    def descend(self, states: Sequence[State], steps: int, optimizer: Optimizer) -> list[State]:
        """One update of all replicas at a time; those that have stopped go along without moving."""
        starts = [self.backend.tensor(state.w) for state in states]
        memories = [memory_of(optimizer, state, w) for state, w in zip(states, starts, strict=True)]
        w, memory = torch.stack(starts), tuple(torch.stack(parts) for parts in zip(*memories, strict=True))
        step = torch.tensor([state.step for state in states], device=w.device)
        last, rule = step + steps, constants(optimizer, w.device)
        update = torch.vmap(program(self.network, type(optimizer), 1), in_dims=(0, 0, 0, 0, None, 0, 0, None))
        with torch.no_grad():
            for _ in range(steps):
                before = step
                w, memory, step = update(w, memory, step, last, rule, self.x, self.y, self.margin)
                if torch.equal(step, before):
                    break
        return [state_of(optimizer, w[r], tuple(part[r] for part in memory), int(step[r])) for r in range(len(self))]


def _numpy(tensor: Tensor) -> Array:
    return np.asarray(tensor.cpu().numpy())
