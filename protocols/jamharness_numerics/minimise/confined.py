"""Minima on spheres |w| = R, for smooth activations, whose loss may have none at finite w.

With a free output scale the sum of Δ (κ − Δ) over unsatisfied patterns vanishes at every critical point of L, so
L ≥ κ²/2P there (``docs/minimisers.md``). Beyond the transition of a smooth network L falls towards a floor above that
while |w| runs away, and no descent ends. On a sphere there is a minimum. A minimum of L + (λ/2)|w|² is one of L on
|w| = R with ∂L/∂|w| = −λR: Newton's method finds it as any other, and λR²/L is the slope −d ln L / d ln R of the least
loss that a norm allows. Where it is small at small λ, larger weights do not help: no load is satisfied by them.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jamharness.api import Array, Problem
from jamharness_numerics.minimise.certificate import last_layer, loss_of
from jamharness_numerics.minimise.newton import newton
from jamharness_numerics.minimise.outcome import PUSH, OptimizeResult
from jamharness_numerics.minimise.saddles import rested
from jamharness_numerics.minimise.verdict import (
    DECLINE_TOLERANCE,
    MANY,
    SMOOTH_TOLERANCE,
    given_up,
    levelled,
    verdict_of,
)

FIRST = 10.0
"""λ|w|²/L on the first sphere: it draws w back from where Levenberg–Marquardt has stalled."""
COLLAPSED = 0.1
"""Of |w| at the start: a smaller sphere is one on which the network is given up, w = 0 being a critical point."""
FACTOR = 10.0
"""From one λ to the next."""
SPHERES = 6
"""At most; after these λ no longer tells."""
SHARE = 12
"""Part of the budget for each λ, and for the steps at λ = 0 after all of them: 500 of 6000."""
LOOSE = 0.05
"""−d ln L / d ln |w| below which a larger sphere is no other problem: L itself is next."""
ENOUGH = DECLINE_TOLERANCE / 5
"""The decline in 100 steps at which Newton's method leaves a sphere where L is large and hardly depends on |w|."""
STEEP = 0.75
"""−d ln L / d ln |w| above which a sphere is left only when its forces balance: there the next one may satisfy all."""
LEAST = 1e-6
"""In units of κ: outputs below it are not taken for a sign."""
REST = 200
"""Newton steps that look for a minimum at finite w, at the start and where L has levelled off."""


def confined(
    problem: Problem,
    search: OptimizeResult,
    budget: int,
    say: Callable[[str], None],
) -> OptimizeResult:
    """Newton on larger and larger spheres until every pattern is satisfied, L rests at a minimum, or it levels off.

    Arguments:
        problem: with a smooth activation, at its margin κ.
        search: where Levenberg–Marquardt has ended.
        budget: steps in all.
        say: told of each sphere.

    Returns:
        With ``slope`` where L has levelled off; ``balance`` is then that of the tangential forces.
    """
    start, loss = search.w, loss_of(problem.margins(search.w))
    if not loss > 0 or not search.finite:
        return search
    search = _rested(problem, search, budget)
    if search.balance is not None or not np.any(problem.margins(search.w) > 0):
        return search
    first, slope, damping = loss, FIRST, None
    decay = FIRST * loss / float(start @ start)
    for _ in range(SPHERES):
        if search.iterations >= budget:
            break
        sphere = newton(
            problem,
            search.w,
            min(max(REST, budget // SHARE), budget - search.iterations),
            tolerance=0.1 * SMOOTH_TOLERANCE,
            done=lambda w: separated(problem, w),
            enough=ENOUGH if slope < STEEP and given_up(problem, loss) > MANY else 0.0,
            damping=damping,
            decay=decay,
        )
        search, damping = _further(search, sphere), sphere.damping
        margins = problem.margins(search.w)
        loss = loss_of(margins)
        slope = decay * float(search.w @ search.w) / loss if loss else 0.0
        say(
            f"on the sphere |w| = {np.linalg.norm(search.w):.3g}: {int(np.count_nonzero(margins > 0))} unsatisfied, "
            f"L = {loss:.2e}, −d ln L/d ln |w| = {slope:.2g}"
        )
        if not search.finite:
            break
        if np.linalg.norm(search.w) < COLLAPSED * np.linalg.norm(start):
            search, damping, slope = replace(search, w=start), None, FIRST
        elif separated(problem, search.w):
            return replace(search, w=rescaled(problem, search.w))
        # On a smaller sphere and with a larger loss than at the start nothing is said of larger weights.
        elif (loss <= first or np.linalg.norm(search.w) >= np.linalg.norm(start)) and levelled(
            problem, loss, slope, sphere.balance, sphere.decline
        ):
            return _rested(
                problem, replace(search, balance=sphere.balance, decline=sphere.decline, slope=slope), budget
            )
        if slope < LOOSE:
            break
        decay /= FACTOR
    return search


def late(problem: Problem, search: OptimizeResult, budget: int) -> OptimizeResult:
    """A share of the budget for L itself where no sphere has decided; w separates the classes where ``separated``.

    Arguments:
        problem: as for ``confined``.
        search: where that has ended.
        budget: steps in all.
    """
    steps = min(max(REST, budget // SHARE), max(0, budget - search.iterations))
    tried = rested(problem, search.w, steps, tolerance=1e-3 * SMOOTH_TOLERANCE, done=lambda w: separated(problem, w))
    end = replace(_further(search, tried), balance=tried.balance, decline=tried.decline, why="late")
    if tried.why == "done":
        return replace(end, w=rescaled(problem, tried.w), balance=None, decline=None)
    return end


def separated(problem: Problem, w: Array) -> bool:
    """Whether every output has its label's sign, clearly: y f > 1e-6 κ."""
    return bool(np.max(problem.margins(w)) < (1 - LEAST) * problem.loss.margin)


def rescaled(problem: Problem, w: Array) -> Array:
    """The same network with its last layer multiplied so that the smallest y f is the margin that the search aims at.

    f is linear in its last layer, so that the scale of the outputs is free: a network that separates the classes at any
    margin does so at κ.

    Arguments:
        problem: whose patterns w separates.
        w: (N,).
    """
    smallest = problem.loss.margin - float(np.max(problem.margins(w)))
    scaled = np.array(w, dtype=np.float64)
    weight, bias = problem.network.slices[-1]
    for part in (weight, bias) if problem.network.bias else (weight,):
        scaled[part] *= PUSH * problem.loss.margin / smallest
    return scaled


def _rested(problem: Problem, search: OptimizeResult, budget: int) -> OptimizeResult:
    """The minimum at finite w where there is one nearby, or a w that satisfies all; otherwise the search as it was."""
    tried = rested(
        problem,
        search.w,
        min(REST, max(0, budget - search.iterations)),
        tolerance=1e-3 * SMOOTH_TOLERANCE,
        done=lambda w: separated(problem, w),
    )
    further = _further(search, tried)
    if tried.why == "done":
        return replace(further, w=rescaled(problem, tried.w), balance=None, decline=None, slope=None)
    certificate = last_layer(problem, problem.margins(tried.w))
    if verdict_of(smooth=True, certificate=certificate, resting=None, balance=tried.balance, decline=None):
        return replace(further, balance=tried.balance, decline=tried.decline, slope=None)
    return replace(search, iterations=further.iterations, factorisations=further.factorisations)


def _further(search: OptimizeResult, stage: OptimizeResult) -> OptimizeResult:
    w: Array = stage.w
    return replace(
        search,
        w=w,
        iterations=search.iterations + stage.iterations,
        factorisations=search.factorisations + stage.factorisations,
        finite=stage.why != "not finite",
    )
