"""The default minimiser: Levenberg–Marquardt towards zero loss, for relu through softplus, then Newton to rest.

Smooth networks rest on spheres first (``confined``), as beyond their transition L has no minimum at finite w.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jamharness.api import Array, Problem
from jamharness_numerics.minimise.certificate import force_balance, loss_of, trace_h0
from jamharness_numerics.minimise.confined import confined, late
from jamharness_numerics.minimise.kinks import SHARPEST
from jamharness_numerics.minimise.levenberg_marquardt import levenberg_marquardt
from jamharness_numerics.minimise.outcome import PUSH, OptimizeResult
from jamharness_numerics.minimise.saddles import rested
from jamharness_numerics.minimise.verdict import DECLINE_TOLERANCE, SMOOTH_TOLERANCE

SHARPNESS = tuple(2.0**k for k in range(1, 11))
"""β of the softplus networks that lead to relu (docs/minimisers.md says what else was tried)."""
NEARLY = 1e-5
"""Below this loss, in units of κ², a problem is all but solved: LM with its push finishes it."""
LAST_SHARPNESS = tuple(2.0**k for k in range(5, 15))
"""β for that: what is left may be the difference to relu itself, which shrinks as 1/β."""
STAGE = 200
"""LM steps at each β."""
ROUGH = 1000
"""N from which the first pass begins in float32: a step takes half to a seventh of the time (docs/minimisers.md).
Below, frameworks that round alike stay together for the whole search, which is worth more."""
ROUGHEST = 16.0
"""β up to which it stays in float32."""
CYCLES = 2
"""Passes through all β; the second starts from the end of the first, and revives patterns whose units are all off."""
_ENDS = {
    "balanced": "the forces balance",
    "done": "every pattern is satisfied",
    "zero": "all but nothing is left of L",
    "saddle": "the forces balance at a saddle",
    "settled": "L has settled",
    "no step": "stopped: no step lowers L",
    "budget": "the budget is spent",
    "not finite": "L is not finite",
}
"""What ended Newton's method, as a sentence's end."""
_ORDINALS = ("first pass", "second pass")
REST_SHARPNESS = (32.0, SHARPEST)
"""β at which Newton comes to rest."""


def second_order(problem: Problem, w: Array, budget: int, say: Callable[[str], None]) -> OptimizeResult:
    """Lower L until every pattern is satisfied, or rest at a minimum.

    Arguments:
        problem: the problem at its margin κ.
        w: (N,) where to start.
        budget: LM and Newton steps together.
        say: told now and then where the search stands.
    """
    search = OptimizeResult(w=w)
    if problem.network.nonlinearity.smooth or problem.network.depth == 0:
        search = _descend(problem, problem, search, budget)
        stages = [problem]
        possible = problem.can("hessian") and problem.network.depth > 0
        if possible and not satisfied(problem, search.w):
            search = confined(problem, search, budget, say)
            if search.slope is not None or search.balance is not None:
                return search
            return search if satisfied(problem, search.w) else late(problem, search, budget)
    else:
        search = _anneal(problem, search, budget, say)
        stages = [problem.with_activation(f"softplus({beta:g})") for beta in REST_SHARPNESS]
        search = _pushed(problem, stages[0], search, budget, say)
    for stage in stages:
        if satisfied(problem, search.w) or not search.finite:
            break
        search = _pushed(problem, stage, _rest(problem, stage, search, budget, say), budget, say)
    return search


def satisfied(problem: Problem, w: Array) -> bool:
    """N_Δ = 0, by exact comparison."""
    return not bool(np.any(problem.margins(w) > 0))


def _descend(problem: Problem, stand_in: Problem, search: OptimizeResult, budget: int) -> OptimizeResult:
    """LM on a stand-in network at the raised margin, until it or the problem itself is satisfied at κ."""
    raised = stand_in.with_margin(PUSH * problem.loss.margin)
    # Patterns satisfied at κ miss the raised margin by at most the push, so L is at most push² / 2 there.
    possible = 0.5 * ((PUSH - 1) * problem.loss.margin) ** 2

    def done(w: Array, loss: float) -> bool:
        if stand_in is not problem and satisfied(problem, w):
            return True
        return loss < possible and satisfied(stand_in, w)

    end = levenberg_marquardt(
        raised, search.w, min(budget - search.iterations, STAGE if stand_in is not problem else budget), done=done
    )
    return replace(
        search,
        w=end.w,
        iterations=search.iterations + end.iterations,
        factorisations=search.factorisations + end.iterations,
        finite=end.why != "not finite",
    )


def _anneal(problem: Problem, search: OptimizeResult, budget: int, say: Callable[[str], None]) -> OptimizeResult:
    """LM through ever sharper softplus networks until the relu network satisfies every pattern."""
    for cycle in range(CYCLES):
        rough = cycle == 0 and problem.network.size >= ROUGH
        search = _pass(problem, search, budget, say, name=_ORDINALS[cycle], rough=rough)
        if _ended(problem, search, budget):
            break
        if cycle + 1 < CYCLES and loss_of(problem.margins(search.w)) < NEARLY * problem.loss.margin**2:
            search = _pass(problem, search, budget, say, name="last patterns", sharpness=LAST_SHARPNESS)
            if _ended(problem, search, budget):
                break
    return search


def _pass(
    problem: Problem,
    search: OptimizeResult,
    budget: int,
    say: Callable[[str], None],
    *,
    name: str,
    sharpness: tuple[float, ...] = SHARPNESS,
    rough: bool = False,
) -> OptimizeResult:
    """LM at every β in turn, in float32 at first where rough."""
    for beta in sharpness:
        precise = problem.with_dtype("float32") if rough and beta <= ROUGHEST else problem
        search = _descend(problem, precise.with_activation(f"softplus({beta:g})"), search, budget)
        unsatisfied = int(np.count_nonzero(problem.margins(search.w) > 0))
        say(f"softplus β = {beta:g} ({name}): {unsatisfied} unsatisfied after {search.iterations} steps")
        if _ended(problem, search, budget):
            break
    return search


def _ended(problem: Problem, search: OptimizeResult, budget: int) -> bool:
    return search.iterations >= budget or not search.finite or satisfied(problem, search.w)


def _pushed(
    problem: Problem, stage: Problem, search: OptimizeResult, budget: int, say: Callable[[str], None]
) -> OptimizeResult:
    """Where all but nothing is left of the stage's loss, what ``_finish`` makes of it, if that satisfies every pattern.

    Where it does not, w is the result as it was: the push to a larger margin would take it from where it rests.
    """
    if satisfied(problem, search.w) or not loss_of(stage.margins(search.w)) < NEARLY * problem.loss.margin**2:
        return search
    tried = _finish(problem, stage, search, budget, say)
    w = tried.w if satisfied(problem, tried.w) else search.w
    return replace(search, w=w, iterations=tried.iterations, factorisations=tried.factorisations)


def _finish(
    problem: Problem, stage: Problem, search: OptimizeResult, budget: int, say: Callable[[str], None]
) -> OptimizeResult:
    """LM with its push from a w at which the stage's loss is nearly zero; for relu through the sharper networks."""
    if stage is problem:
        return _descend(problem, problem, search, budget)
    return _pass(problem, search, budget, say, name="last patterns", sharpness=LAST_SHARPNESS)


def _rest(
    problem: Problem, stage: Problem, search: OptimizeResult, budget: int, say: Callable[[str], None]
) -> OptimizeResult:
    """Newton on the exact Hessian, the backend's or derived; where there is none LM at κ, whose end is judged alike."""
    left = max(0, budget - search.iterations)
    if not problem.can("hessian"):
        end = levenberg_marquardt(stage, search.w, left, done=lambda w, _: satisfied(problem, w), stall=0.0)
        loss, gradient = stage.loss_and_gradient(end.w)
        balance = force_balance(gradient, loss, trace_h0(stage, end.w))
        spent = search.iterations + end.iterations
        return replace(
            search,
            w=end.w,
            iterations=spent,
            factorisations=search.factorisations + end.iterations,
            balance=balance,
        )
    enough = 0.0 if stage is problem else DECLINE_TOLERANCE / 2
    tolerance = 1e-3 * SMOOTH_TOLERANCE if stage is problem else 0.1 * SMOOTH_TOLERANCE
    rest = rested(stage, search.w, left, tolerance=tolerance, done=lambda w: satisfied(problem, w), enough=enough)
    at = f"{stage.network.activation} at rest" if stage is not problem else "at rest"
    say(f"{at}: L = {rest.loss:.2e}, |∇L| / √(2 L tr H0) = {rest.balance:.0e}, {_ENDS.get(rest.why, rest.why)}")
    return replace(
        search,
        w=rest.w,
        iterations=search.iterations + rest.iterations,
        factorisations=search.factorisations + rest.factorisations,
        balance=rest.balance,
        decline=rest.decline,
        finite=rest.why != "not finite",
    )
