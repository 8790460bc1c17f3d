"""Follow one run and measure how far it has moved from where it was at each waiting time.

Memory: w at each waiting time, or a random subset of its components, and nothing else that grows with the run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jamharness.api import Array, Float64, Minibatch, Optimizer, Progress, State, generator
from jamharness_protocols.ageing.flatness import Counter

_SAID = 25
"""Measurements between two lines of progress."""


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """What was measured.

    Arguments:
        steps: when the loss was written down (K,), in steps.
        loss, unsatisfied: there (K,).
        distance, fourth: means over components of δ² and δ⁴ between t_w and t_w + t, (W, L); NaN beyond the end.
        overlap: w(t_w)·w(t_w + t) over both lengths, of the components kept (W, L).
        noise: D(t_w) (W,), the variance of a component of a minibatch's gradient, in the mean over them; NaN without.
        curvatures: at t_w, as ``flatness.Counter`` gives them, (W, k, m, 2); (W, 0, 0, 2) without.
        kept: how many components of w were kept.
    """

    steps: Float64
    loss: Float64
    unsatisfied: Float64
    distance: Float64
    fourth: Float64
    overlap: Float64
    noise: Float64
    curvatures: Float64
    kept: int


def follow(
    problem: Any,
    start: Array,
    rule: Optimizer,
    updates: int,
    waiting: Sequence[int],
    lags: Sequence[int],
    extra: Sequence[int],
    steps: int,
    kept: int,
    noise_batches: int,
    progress: Progress,
    counter: Counter | None = None,
) -> History:
    """Run, and measure at every t_w and t_w + t.

    Arguments:
        problem: an objective.
        start: (N,).
        rule: of the updates.
        updates: of one step.
        waiting: t_w in steps, rising.
        lags: t in steps, rising.
        extra: further steps at which the loss is written down.
        steps: how many there are.
        kept: components that are kept at most.
        noise_batches: minibatches of which D is made.
        progress: told where it stands.
        counter: of flat directions at every t_w; None for none.

    Raises:
        FloatingPointError: w diverges.
    """
    size = len(start)
    every = generator("kept components", size, kept).permutation(size)
    chosen = np.sort(every[:kept]) if kept < size else None
    pairs: dict[int, list[tuple[int, int]]] = {}
    for one, wait in enumerate(waiting):
        for other, lag in enumerate(lags):
            if wait + lag <= steps:
                pairs.setdefault(wait + lag, []).append((one, other))
    times = sorted({0, steps, *waiting, *pairs, *(each for each in extra if each <= steps)})
    place = {wait: index for index, wait in enumerate(waiting)}
    distance, fourth, overlap = np.full((3, len(waiting), len(lags)), np.nan)
    noise = np.full(len(waiting), np.nan)
    curvatures = [np.empty((0, 0, 2))] * len(waiting)
    snapshots: dict[int, Array] = {}
    state, losses, broken = State(w=start), [], []
    for number, time in enumerate(times):
        missing = time * updates - state.step
        if missing > 0:
            # A rule that stops where every pattern is satisfied rests there: its w is that of all later times.
            state = problem.descend(state, missing, rule)
            resting = state.step < time * updates
            state = State(w=state.w, step=time * updates, moments=state.moments) if resting else state
        w = np.asarray(state.w if chosen is None else state.w[chosen], dtype=np.float64)
        if not np.isfinite(w).all():
            raise FloatingPointError(f"w is not finite after {state.step} updates; lower learning_rate or dt")
        loss = float(problem.loss_and_gradient(state.w)[0])
        losses.append(loss)
        broken.append(int(np.count_nonzero(~problem.loss.satisfied(problem.margins(state.w)))))
        for one, other in pairs.get(time, ()):
            square = (w - snapshots[one]) ** 2
            distance[one, other], fourth[one, other] = float(square.mean()), float((square * square).mean())
            overlap[one, other] = cosine(w, snapshots[one])
        if time in place:
            snapshots[place[time]] = w.copy()
            noise[place[time]] = gradient_noise(problem, state.w, rule, noise_batches)
            if counter is not None:
                curvatures[place[time]] = counter(state.w, progress)
        if number % _SAID == 0:
            progress(f"step {time} of {steps}: L = {loss:.3e}")
    return History(
        steps=np.array(times, dtype=np.float64), loss=np.array(losses), unsatisfied=np.array(broken, dtype=np.float64),
        distance=distance, fourth=fourth, overlap=overlap, noise=noise, curvatures=np.array(curvatures),
        kept=size if chosen is None else kept,
    )  # fmt: skip


def cosine(one: Array, other: Array) -> float:
    """The overlap w·w′/(|w||w′|); NaN at w = 0."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths else float("nan")


def gradient_noise(problem: Any, w: Array, rule: Optimizer, batches: int) -> float:
    """D: the variance of a component of the gradient over minibatches drawn by themselves; NaN for other rules.

    Where a minibatch is all there is, D is 0. Batches of one epoch have no pattern in common, so that D is too large by
    up to B/P of itself; that part is the same at every t_w.

    Arguments:
        problem: with patterns.
        w: (N,) where.
        rule: whose minibatches are meant.
        batches: how many are drawn.
    """
    if not isinstance(rule, Minibatch):
        return float("nan")
    if rule.batch >= problem.constraints and not rule.replacement:
        return 0.0  # in another order, whose roundings are no noise
    mean, squares = np.zeros(len(w)), np.zeros(len(w))
    order = Minibatch(rule=rule.rule, batch=rule.batch, seed=rule.seed + 1_000_003)
    for number in range(batches):
        gradient = np.asarray(problem.batch_gradient(w, order.rows(number, problem.constraints)), dtype=np.float64)
        # Welford's running mean and sum of squares: two arrays of N, however many batches.
        change = gradient - mean
        mean += change / (number + 1)
        squares += change * (gradient - mean)
    return float(squares.mean() / (batches - 1))
