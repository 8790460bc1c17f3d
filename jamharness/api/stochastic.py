"""Dynamics with noise: gradients of minibatches, and Langevin's equation.

What is random is drawn here, by the host's generator and for each update by its number: every framework, and every
division of a run into chunks, gets the same bits.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.api.arrays import Array
from jamharness.api.errors import BadInput
from jamharness.api.identity import generator
from jamharness.api.optimizers import Optimizer, Sgd, State


@dataclass(frozen=True, kw_only=True)
class Minibatch:
    """A rule whose gradient is that of B constraints alone, (1/B) Σ ∇ℓ; it makes every update that is asked for.

    Where P is no multiple of B, the rest of an epoch is left out; where B ≥ P, every update sees all.

    Arguments:
        rule: what is done with the gradient.
        batch: B; arXiv 1803.06969 has 100.
        seed: of the order.
        replacement: draw every batch by itself, with replacement, instead of an order for each epoch: its noise is
            independent from update to update, which closed forms assume.

    Raises:
        BadInput: a batch below 1.
    """

    rule: Optimizer = field(default_factory=lambda: Sgd(learning_rate=0.01))
    batch: int = 100
    seed: int = 0
    replacement: bool = False

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise BadInput(f"batch = {self.batch}: a minibatch holds at least 1 constraint.")

    def rows(self, step: int, constraints: int) -> NDArray[np.intp]:
        """The constraints of update number ``step``, counted from 0, (B,)."""
        if self.replacement:
            draw = generator("minibatch", "replacement", self.seed, step)
            return draw.integers(0, constraints, size=self.batch).astype(np.intp)
        size = min(self.batch, constraints)
        epoch, place = divmod(step, constraints // size)
        return _order(self.seed, epoch, constraints)[place * size : (place + 1) * size].copy()

    def update(self, state: State, gradient: Array) -> State:
        """One update of the rule, from the gradient of the batch."""
        return self.rule.update(state, gradient)


@lru_cache(maxsize=8)
def _order(seed: int, epoch: int, constraints: int) -> NDArray[np.intp]:
    order = generator("minibatch", seed, epoch).permutation(constraints).astype(np.intp)
    order.flags.writeable = False
    return order


@dataclass(frozen=True, kw_only=True)
class Langevin:
    """ẇ = −∇L + noise of ⟨ξξ⟩ = 2T, on a sphere in its tangent space; T = 0 is gradient flow.

    Heun's method (Kloeden and Platen, Numerical Solution of Stochastic Differential Equations, §15.1): a step of length
    dt takes two updates, a proposal and its correction with the same noise, so that w stands at times k dt after an
    even number of them. Without noise its error is of order dt².

    Arguments:
        temperature: T ≥ 0.
        dt: the length of a step, in units of time.
        seed: of the noise.

    Raises:
        BadInput: a negative temperature, or a step that is not positive.
    """

    temperature: float = 0.0
    dt: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        problems = []
        if not 0 <= self.temperature < float("inf"):
            problems.append(f"temperature = {self.temperature}: it must be 0 or a positive number.")
        if not 0 < self.dt < float("inf"):
            problems.append(f"dt = {self.dt}: the length of a step must be a positive number.")
        if problems:
            raise BadInput(*problems)

    def noise(self, step: int, size: int) -> Array:
        """√(2T dt) times standard normal numbers, (N,), of the step that update number ``step`` belongs to."""
        if not self.temperature:
            return np.zeros(size)
        draw = generator("langevin", self.seed, step // 2).standard_normal(size)
        return np.asarray(sqrt(2 * self.temperature * self.dt) * draw)

    def update(self, state: State, gradient: Array) -> State:
        """A proposal after an even number of updates, its correction after an odd one."""
        noise = self.noise(state.step, len(state.w)).astype(state.w.dtype)
        if state.step % 2 == 0:
            moments = {"base": np.array(state.w), "slope": np.array(gradient)}
            return State(w=state.w - self.dt * gradient + noise, step=state.step + 1, moments=moments)
        slope = (state.moments["slope"] + gradient) / 2
        return replace(state, w=state.moments["base"] - self.dt * slope + noise, step=state.step + 1)


def batch_of(optimizer: Any, step: int, constraints: int) -> NDArray[np.intp] | None:
    """The constraints that an update looks at; None for all of them."""
    return optimizer.rows(step, constraints) if isinstance(optimizer, Minibatch) else None
