"""What one backend computes to be compared number by number; everything here runs in a worker process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from jamharness.api import (
    Adam,
    Array,
    Fire,
    Float64,
    Network,
    NotSupported,
    Optimizer,
    Problem,
    QuadraticHinge,
    State,
    generator,
)
from jamharness.execution.job import Target, backend_of

ROWS = 256
"""Patterns whose row of J is compared."""
LARGEST_HESSIAN = 1200
"""N above which Hessians are left out: their comparison would hold dozens of N × N arrays."""
OPTIMIZERS: Mapping[str, Optimizer] = {"adam": Adam(learning_rate=1e-2), "fire": Fire()}
"""The rate of Adam is the one at which it solves fastest, 100 times the papers': that far sooner it shows its chaos."""
DAMPED = 60
"""Damped steps of a trajectory; each is recorded."""


def records(method: str, updates: int) -> tuple[int, ...]:
    """After which updates a trajectory is recorded: ten in every decade, and every damped step."""
    if method == "lm":
        return tuple(range(1, DAMPED + 1))
    decades = np.geomspace(1, updates, 1 + max(1, round(10 * np.log10(updates))))
    return tuple(int(each) for each in np.unique(np.rint(decades)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """A problem and a w.

    Arguments:
        network: the network.
        x: (P, d).
        y: (P,) of ±1.
        margin: κ.
        w: (N,).
    """

    network: Network
    x: Float64
    y: Float64
    margin: float
    w: Array


def problem_of(target: Target, point: Point) -> Problem:
    """The point's problem on the backend of this process."""
    return backend_of(target).problem(point.network, point.x, point.y, loss=QuadraticHinge(margin=point.margin))


def states(target: Target, point: Point) -> dict[str, Array]:
    """Where the backends are compared: at the initial w, after training, and near jamming (after damped steps)."""
    problem = problem_of(target, point)
    trained = problem.descend(State(w=point.w), 500, Adam(learning_rate=1e-3)).w
    near = _damped(problem, trained, DAMPED)[-1]
    return {"initial": np.array(point.w), "trained": trained, "near jamming": near}


def damping_at(target: Target, point: Point) -> float:
    """1% of the mean diagonal entry of JᵀJ: a λ whose step is a property of the problem and not of rounding."""
    problem = problem_of(target, point)
    rows = np.flatnonzero(problem.margins(point.w) > 0)
    squares = sum(float(np.sum(problem.jacobian(point.w, part) ** 2)) for part in np.array_split(rows, _parts(rows)))
    return 0.01 * squares / point.network.size or 1.0


def _parts(rows: np.ndarray) -> int:
    return 1 + len(rows) // ROWS


def quantities(target: Target, point: Point, damping: float) -> dict[str, Array]:
    """Everything that can be compared at a point, by name; what the backend does not have is left out."""
    problem, w = problem_of(target, point), point.w
    rows = np.arange(min(len(point.y), ROWS))
    loss, gradient = problem.loss_and_gradient(w)
    arrays: dict[str, Array] = {
        "margins": problem.margins(w),
        "loss": np.array([loss]),
        "gradient": gradient,
        "jacobian": problem.jacobian(w, rows),
        "damped step": problem.damped_step(w, damping).w - w,
    }
    if point.network.size <= LARGEST_HESSIAN:
        for names, compute in (
            (("H0", "Hp"), problem.hessian),
            (("eigenvalues of H", "eigenvalues of H0", "eigenvalues of Hp"), problem.hessian_eigenvalues),
        ):
            try:
                arrays |= zip(names, compute(w), strict=True)
            except NotSupported:
                continue
    return {name: np.asarray(values) for name, values in arrays.items()}


Shift = Callable[[np.random.Generator], Point]


def sensitivity(target: Target, point: Point, damping: float, samples: int, step: float) -> dict[str, Float64]:
    """For each quantity, the root mean square of its change per unit of independent relative changes of all w and x.

    Arguments:
        target: the reference, in float64.
        point: where.
        damping: λ, kept fixed.
        samples: draws of the signs of the changes.
        step: their size, small enough for first order and large against rounding.

    Returns:
        By name, of the quantity's shape.
    """
    centre = quantities(target, point, damping)
    total = {name: np.zeros(values.shape) for name, values in centre.items()}
    draw = generator("sensitivity", point.network.size, len(point.y))
    for _ in range(samples):
        for name, values in quantities(target, _shifted(point, draw, step), damping).items():
            total[name] += ((values - centre[name]) / step) ** 2
    return {name: np.sqrt(sums / samples) for name, sums in total.items()}


def halves(target: Target, point: Point, damping: float, samples: int) -> dict[str, Float64]:
    """For each sum over patterns, √(Σ_μ T_μ²) of its terms T_μ: the root mean square of Σ ± T_μ over random signs.

    A signed sum is the difference of the same quantity on the two parts of a random division of the patterns.
    """
    draw = generator("halves", point.network.size, len(point.y))
    total: dict[str, Float64] = {}
    for _ in range(samples):
        chosen = draw.random(len(point.y)) < 0.5
        signed: dict[str, Float64] = {}
        for part, sign in ((chosen, 1.0), (~chosen, -1.0)):
            if part.any():
                weight = sign * np.count_nonzero(part) / len(part)
                arrays = quantities(target, replace(point, x=point.x[part], y=point.y[part]), damping)
                for name in ("loss", "gradient", "H0", "Hp"):
                    if name in arrays:
                        signed[name] = signed.get(name, 0.0) + weight * arrays[name]
        for name, values in signed.items():
            total[name] = total.get(name, 0.0) + values**2 / samples
    return {name: np.sqrt(sums) for name, sums in total.items()}


def conditioning(target: Target, point: Point, damping: float) -> tuple[float, float]:
    """(σ_max² + λ)/(σ_min² + λ) of J over the unsatisfied patterns, and |s| of the damped step."""
    problem = problem_of(target, point)
    rows = np.flatnonzero(problem.margins(point.w) > 0)
    if not len(rows):
        return 1.0, 0.0
    J = problem.jacobian(point.w, rows)
    values = np.linalg.eigvalsh(J @ J.T if len(rows) <= J.shape[1] else J.T @ J)
    step = problem.damped_step(point.w, damping).w - point.w
    least = max(float(values[0]), 0.0)
    return (float(values[-1]) + damping) / (least + damping), float(np.linalg.norm(step))


def trajectories(target: Target, point: Point, methods: tuple[str, ...], updates: int) -> dict[str, Array]:
    """Compute w after each recorded update, (records, N), by method; a method that ends early keeps its last w."""
    problem = problem_of(target, point)
    paths: dict[str, Array] = {}
    for method in methods:
        if method == "lm":
            paths[method] = _damped(problem, point.w, DAMPED)
        else:
            state, path = State(w=point.w), []
            for before, now in pairwise((0, *records(method, updates))):
                state = problem.descend(state, now - before, OPTIMIZERS[method])
                path.append(np.array(state.w))
            paths[method] = np.array(path)
    return paths


def _damped(problem: Problem, w: Array, steps: int) -> Array:
    """Take damped steps; λ starts at 1, is divided by 3 after an accepted step and doubled after a refused one."""
    w, damping, path = np.array(w), 1.0, []
    loss = problem.loss_and_gradient(w)[0]
    for _ in range(steps):
        if loss > 0:
            step = problem.damped_step(w, damping)
            if step.loss < loss:
                w, loss, damping = step.w, step.loss, max(damping / 3, 1e-6)
            else:
                damping *= 2
        path.append(np.array(w))
    return np.array(path)


def _shifted(point: Point, draw: np.random.Generator, step: float) -> Point:
    def moved(values: Array) -> Float64:
        return np.asarray(values, dtype=np.float64) * (1 + step * draw.choice((-1.0, 1.0), size=values.shape))

    return replace(point, w=moved(point.w), x=moved(point.x))


def twin(point: Point, size: float, seed: int) -> Point:
    """The same point with every w changed by a relative ± ``size``."""
    signs = generator("twin", seed, point.network.size).choice((-1.0, 1.0), size=point.network.size)
    return replace(point, w=point.w * (1 + size * signs))


def first_updates(
    target: Target, point: Point, methods: tuple[str, ...], samples: int, step: float
) -> Mapping[str, float]:
    """By method, the largest standard deviation of w after one update, per unit of relative roundings on the way."""
    problem = problem_of(target, point)
    draw = generator("first", point.network.size)
    N = point.network.size
    total: dict[str, Float64] = {}

    def once(method: str, w: Array) -> Array:
        if method == "lm":
            return np.asarray(_damped(problem, w, 1)[0])
        return problem.descend(State(w=w), 1, OPTIMIZERS[method]).w

    for method in methods:
        centre = once(method, point.w)
        sums = np.zeros(point.network.size)
        for _ in range(samples):
            sums += ((once(method, _shifted(point, draw, step).w) - centre) / step) ** 2
        total[method] = np.sqrt(sums / samples)
    deviations = {method: float(values.max()) for method, values in total.items()}
    if "lm" in deviations:
        # The solution of a linear system has an error of its own.
        condition, length = conditioning(target, point, 1.0)
        deviations["lm"] = float(np.hypot(deviations["lm"], np.sqrt(len(point.y) + N) * condition * length))
    return deviations
