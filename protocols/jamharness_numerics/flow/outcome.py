"""When a gradient flow stops, and what it gives."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, BadInput, Float64

Ending = Literal["satisfied", "time", "resting", "budget", "stuck"]
RESTING = 1e-3
"""A flow rests where d ln L/d ln t has risen above −RESTING again: in another tenfold time L would fall by 0.2%."""
BEGUN = 0.1
"""It has begun once −d ln L/d ln t was that large: before, L stands still as no time has passed yet."""


@dataclass(frozen=True, kw_only=True)
class Until:
    """When a flow stops, whichever comes first.

    Arguments:
        margin: once every Δ ≤ −margin: 0 is N_Δ = 0; None never stops a flow for that.
        loss: once L is that small, as under the mean square, which satisfies no pattern in a finite time.
        time: at that time.
        gradients: as soon as so many gradients (or their worth) are spent.
        resting: whether to stop where L hardly falls any more in ln t, by ``RESTING``.

    Raises:
        BadInput: a time or a number of gradients that is not positive.
    """

    margin: float | None = 0.0
    loss: float = 0.0
    time: float = float("inf")
    gradients: int = 1_000_000
    resting: bool = True

    def __post_init__(self) -> None:
        wrong = [
            f"{name} = {value}: it must be positive."
            for name, value in (("time", self.time), ("gradients", self.gradients))
            if not value > 0
        ]
        if wrong:
            raise BadInput(*wrong)


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """A point of a flow.

    Arguments:
        w: (N,).
        time: t.
        margins: Δ (P,).
        loss: L.
        gradient: ∇L (N,).
    """

    w: Array
    time: float
    margins: Array
    loss: float
    gradient: Array

    def moved(self, time: float) -> "Place":
        """The same at a time that differs by rounding."""
        return replace(self, time=time)

    @property
    def finite(self) -> bool:
        """Whether all of it is a number."""
        return bool(np.isfinite(self.loss) and np.isfinite(self.gradient @ self.gradient))


@dataclass(frozen=True, kw_only=True, eq=False)
class Flowed:
    """What a gradient flow gives.

    Arguments:
        end: where it stopped.
        ending: why: every pattern satisfied (to the margin), the time, L at rest, the budget, or a step that had to
            become shorter than rounding.
        unsatisfied: N_Δ at the end.
        steps: steps that were kept; rejected: those that were not.
        gradients: evaluations of ∇L; a Jacobian of P rows counts as P/``ROWS`` of them.
        at: the times that were asked for and reached (k,), and ``kept`` w there (k, N).
        times: of every step (steps + 1,), with ``losses`` and ``counts`` of unsatisfied patterns there.
    """

    end: Place
    ending: Ending
    unsatisfied: int
    steps: int
    rejected: int
    gradients: int
    at: Float64 = field(default_factory=lambda: np.zeros(0))
    kept: Array = field(default_factory=lambda: np.zeros((0, 0)))
    times: Float64 = field(default_factory=lambda: np.zeros(0))
    losses: Float64 = field(default_factory=lambda: np.zeros(0))
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
