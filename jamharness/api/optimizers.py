"""First-order optimizers as values, each with its update rule in NumPy: the referee for every backend's ``descend``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from jamharness.api.arrays import Array
from jamharness.api.errors import BadInput


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """Where a first-order minimisation stands; everything that the next update depends on.

    Arguments:
        w: (N,) parameters.
        step: updates done so far.
        moments: the optimizer's own arrays, empty at the start.
    """

    w: Array
    step: int = 0
    moments: Mapping[str, Array] = field(default_factory=dict)


class Optimizer(Protocol):
    """An update rule w, ∇L → w' that keeps its memory in a ``State``."""

    def update(self, state: State, gradient: Array) -> State:
        """One update from ∇L(w) of shape (N,)."""
        ...


def _positive(owner: str, **values: float) -> None:
    wrong = [f"{owner}: {name} = {value} must be a positive number." for name, value in values.items() if not value > 0]
    if wrong:
        raise BadInput(*wrong)


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adam (arXiv 1412.6980, algorithm 1) with the papers' schedule (arXiv 1809.09349, Methods).

    Arguments:
        learning_rate: at step 0; the papers start at 1e-4.
        decay_every: updates between two divisions of the rate; the papers use 250 000.
        decay_factor: by which the rate is divided, 10.
        floor: the rate never falls below it, 1e-7.
        beta1, beta2, epsilon: the defaults of arXiv 1412.6980.
    """

    learning_rate: float = 1e-4
    decay_every: int = 250_000
    decay_factor: float = 10.0
    floor: float = 1e-7
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        _positive(
            "Adam", learning_rate=self.learning_rate, decay_every=self.decay_every, decay_factor=self.decay_factor
        )

    def rate(self, step: int) -> float:
        """The learning rate of update number ``step``, counted from 0."""
        decayed = float(self.learning_rate / self.decay_factor ** (step // self.decay_every))
        return max(decayed, min(self.floor, self.learning_rate))

    def update(self, state: State, gradient: Array) -> State:
        """One update."""
        zero = np.zeros_like(state.w)
        first = self.beta1 * state.moments.get("first", zero) + (1 - self.beta1) * gradient
        second = self.beta2 * state.moments.get("second", zero) + (1 - self.beta2) * gradient * gradient
        step = state.step + 1
        unbiased = np.sqrt(second / (1 - self.beta2**step)) + self.epsilon
        w = state.w - self.rate(state.step) / (1 - self.beta1**step) * first / unbiased
        return State(w=w, step=step, moments={"first": first, "second": second})


@dataclass(frozen=True, kw_only=True)
class Fire:
    """FIRE, the fast inertial relaxation engine (Bitzek et al., PRL 97, 170201), constants of arXiv 1809.09349.

    Arguments:
        dt: first time step; dt_max: the largest.
        alpha_start: first mixing of the velocity with the force; f_alpha: its decrease.
        n_min: updates downhill before the time step grows by f_inc; uphill it shrinks by f_dec and the velocity is 0.
    """

    dt: float = 0.01
    dt_max: float = 0.1
    alpha_start: float = 0.1
    n_min: int = 10
    f_inc: float = 1.1
    f_dec: float = 0.5
    f_alpha: float = 0.99

    def __post_init__(self) -> None:
        _positive("Fire", dt=self.dt, dt_max=self.dt_max, f_inc=self.f_inc, f_dec=self.f_dec)

    def update(self, state: State, gradient: Array) -> State:
        """One update (mass 1, semi-implicit Euler)."""
        start = {"velocity": np.zeros_like(state.w), "control": np.array([self.dt, self.alpha_start, 0.0])}
        memory = {**start, **state.moments}
        velocity, (dt, alpha, downhill) = memory["velocity"], (float(c) for c in memory["control"])
        power = -float(gradient @ velocity)
        norm = float(np.linalg.norm(gradient))
        if power > 0:
            turn = alpha * float(np.linalg.norm(velocity)) / norm if norm else 0.0
            velocity = (1 - alpha) * velocity - turn * gradient
            downhill += 1
            if downhill > self.n_min:
                dt, alpha = min(dt * self.f_inc, self.dt_max), alpha * self.f_alpha
        elif state.step:
            velocity, dt, alpha, downhill = np.zeros_like(velocity), dt * self.f_dec, self.alpha_start, 0.0
        velocity = velocity - dt * gradient
        control = np.array([dt, alpha, downhill], dtype=np.float64)
        return State(w=state.w + dt * velocity, step=state.step + 1, moments={"velocity": velocity, "control": control})


@dataclass(frozen=True, kw_only=True)
class Sgd:
    """Full-batch gradient descent with heavy-ball momentum (Polyak 1964).

    Arguments:
        learning_rate: the step; momentum: the part of the last velocity that is kept.
    """

    learning_rate: float = 0.1
    momentum: float = 0.0

    def __post_init__(self) -> None:
        _positive("Sgd", learning_rate=self.learning_rate)

    def update(self, state: State, gradient: Array) -> State:
        """One update."""
        velocity = self.momentum * state.moments.get("velocity", np.zeros_like(state.w)) + gradient
        w = state.w - self.learning_rate * velocity
        return replace(state, w=w, step=state.step + 1, moments={"velocity": velocity})


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Gradient flow ẇ = −∇L by Euler steps whose length follows the bend of the path.

    A step is kept if |g' − g|² / (|g| |g'|) stays below a tolerance, g and g' being the gradients at its ends. dt grows
    by a tenth when the bend is below half the tolerance; a step that is not kept is made again with dt / 10. This is
    the rule of the papers' authors (github.com/mariogeiger/feature_lazy, dynamics.py and gradientflow/backprop.py),
    without their second bound, on the change of outputs. Across a kink of relu ∇L jumps, however short the step, and
    with few patterns by more than the tolerance: so a step shorter than ``least`` |w| is kept whatever its bend. One
    gradient per update, kept or not: w is always a proposal.

    Arguments:
        tolerance: of the bend; the authors' 1e-3.
        dt: the first length of a step, in units of time; theirs is 1.
        grow, shrink: factors of dt.
        least: the length of a step, in units of |w|, below which it is always kept; ours.
    """

    tolerance: float = 1e-3
    dt: float = 1.0
    grow: float = 1.1
    shrink: float = 0.1
    least: float = 1e-3

    def __post_init__(self) -> None:
        _positive("Flow", tolerance=self.tolerance, dt=self.dt, grow=self.grow, shrink=self.shrink)

    def update(self, state: State, gradient: Array) -> State:
        """Judge the last proposal by ∇L at its end, and make the next one; ``control`` is (dt, time, 1)."""
        dt, time, begun = (float(c) for c in state.moments.get("control", np.array([self.dt, 0.0, 0.0])))
        if not begun:
            base, slope = state.w, gradient
        else:
            base, slope = state.moments["base"], state.moments["slope"]
            size = float(np.linalg.norm(gradient)) * float(np.linalg.norm(slope))
            bend = float(np.linalg.norm(gradient - slope)) ** 2 / size if size else 0.0
            least = self.least * float(np.linalg.norm(base))
            if bend < self.tolerance or dt * float(np.linalg.norm(slope)) < least:
                base, slope, time = state.w, gradient, time + dt
                dt = dt * self.grow if bend < self.tolerance / 2 else dt
            else:
                dt *= self.shrink
        moments = {"base": np.array(base), "slope": np.array(slope), "control": np.array([dt, time, 1.0])}
        return State(w=base - dt * slope, step=state.step + 1, moments=moments)
