"""What one backend computes of a system that moves under a rule, to be compared number by number; run in a worker."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jamharness.agreement.points import records
from jamharness.api import Array, Float64, Loss, Optimizer, State, System, batch_of, generator
from jamharness.execution.job import Target, backend_of

KEPT = 2000
"""Components of w, drawn at random, whose trajectories are compared."""
BEFORE = 100
"""Updates, at most, after which numbers are compared again."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MovingPoint:
    """A system on its data at a w, and a rule.

    Arguments:
        system, loss, rule: as declared.
        x, y: its patterns and labels, (P, d) and (P,); None where it has none.
        w: (N,).
    """

    system: System
    loss: Loss
    rule: Optimizer
    x: Float64 | None
    y: NDArray[Any] | None
    w: Array

    @property
    def terms(self) -> int:
        """No sum of a pass has more terms: N, or the patterns."""
        return max(self.system.size, 0 if self.x is None else len(self.x))


def problem_of(target: Target, point: MovingPoint) -> Any:
    """The point's problem on the backend of this process."""
    data = () if point.x is None else (point.x, point.y)
    return backend_of(target).problem(point.system, *data, loss=point.loss)


def states(target: Target, point: MovingPoint, updates: int) -> dict[str, Array]:
    """Where the backends are compared: at the initial w, and after some updates."""
    after = min(BEFORE, updates)
    moved = problem_of(target, point).descend(State(w=point.w), after, point.rule).w
    return {"initial": np.array(point.w), f"after {after} updates": np.asarray(moved, dtype=np.float64)}


def quantities(target: Target, point: MovingPoint) -> dict[str, Float64]:
    """L, margins, ∇L, that of the rule's first batch, its first update, and H v in one direction drawn at random."""
    problem, w = problem_of(target, point), point.w
    loss, gradient = problem.loss_and_gradient(w)
    direction = generator("direction", point.system.size).choice((-1.0, 1.0), size=(point.system.size, 1))
    arrays = {
        "loss": np.array([loss]),
        "margins": problem.margins(w),
        "gradient": gradient,
        "first update": problem.descend(State(w=w), 1, point.rule).w - w,
        "Hessian times a vector": problem.hessian_vector(w, direction),
    }
    rows = batch_of(point.rule, 0, problem.constraints)
    if rows is not None:
        arrays["gradient of a minibatch"] = problem.batch_gradient(w, rows)
    return {name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()}


def sensitivity(target: Target, point: MovingPoint, samples: int, step: float) -> dict[str, Float64]:
    """For each quantity, the root mean square of its change per unit of independent relative changes of all w and x."""
    return _sensitivity(lambda at: quantities(target, at), point, samples, step)


def first_update(target: Target, point: MovingPoint, samples: int, step: float) -> float:
    """The largest root mean square of the change of w after one update, per unit of the same changes."""

    def moved(at: MovingPoint) -> dict[str, Float64]:
        return {"w": np.asarray(problem_of(target, at).descend(State(w=at.w), 1, at.rule).w, dtype=np.float64)}

    return float(_sensitivity(moved, point, samples, step)["w"].max())


def _sensitivity(
    compute: Callable[[MovingPoint], dict[str, Float64]], point: MovingPoint, samples: int, step: float
) -> dict[str, Float64]:
    centre = compute(point)
    total = {name: np.zeros(values.shape) for name, values in centre.items()}
    draw = generator("sensitivity", point.system.size, point.terms)
    for _ in range(samples):
        shifted = replace(
            point, w=_perturb(point.w, draw, step), x=None if point.x is None else _perturb(point.x, draw, step)
        )
        for name, values in compute(shifted).items():
            total[name] += ((values - centre[name]) / step) ** 2
    return {name: np.sqrt(sums / samples) for name, sums in total.items()}


def _perturb(values: Array, draw: np.random.Generator, step: float) -> Float64:
    return np.asarray(values, dtype=np.float64) * (1 + step * draw.choice((-1.0, 1.0), size=values.shape))


def twin(point: MovingPoint, size: float, seed: int) -> MovingPoint:
    """The same point with every w changed by a relative ± ``size``."""
    return replace(point, w=_perturb(point.w, generator("twin", seed, point.system.size), size))


def trajectory(target: Target, point: MovingPoint, updates: int) -> Array:
    """W after each recorded update, (records, at most ``KEPT``)."""
    problem, size = problem_of(target, point), point.system.size
    chosen = np.sort(generator("components compared", size).permutation(size)[:KEPT])
    state, path = State(w=point.w), []
    for before, now in pairwise((0, *records("rule", updates))):
        state = problem.descend(state, now - before, point.rule)
        state = replace(state, step=now)  # a rule that rests early stays where it is
        path.append(np.array(state.w, dtype=np.float64)[chosen])
    return np.array(path)
