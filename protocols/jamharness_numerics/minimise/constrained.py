"""Minimise a system whose problem is derived from its formula: perceptrons, packings, a model of the user's own."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from jamharness.api import Array, DerivedProblem, Optimizer, State
from jamharness_numerics.minimise import journal
from jamharness_numerics.minimise.outcome import OptimizeResult
from jamharness_numerics.minimise.rest import balance_of, rest, satisfied, satisfy
from jamharness_numerics.minimise.states import packed_result, packed_state, result_from, state_from

CHUNK = 100
"""First-order updates between two looks at how far they are."""
BALANCED = 1e-6
"""Of the force balance at what is called a minimum: Newton goes on to ``rest.TOLERANCE`` where rounding lets it."""


def constrained(
    problem: DerivedProblem, w: Array, budget: int, say: Callable[[str], None], optimizer: Optimizer | None = None
) -> OptimizeResult:
    """Least-squares steps until all is satisfied, or Newton to rest; or first-order updates alone.

    A loss that is no sum of squares, or that no w satisfies (cross-entropy), goes to Newton at once.

    Arguments:
        problem: the problem at its margin κ.
        w: (N,) where to start.
        budget: steps or updates at most.
        say: told where it stands.
        optimizer: a first-order rule in place of these.

    Returns:
        With ``balance``; ``why`` is ``"balanced"`` at a minimum.
    """
    if optimizer is not None:
        end = _updates(problem, w, budget, optimizer, say)
    else:
        end = OptimizeResult(w=w)
        if problem.loss.least_squares and problem.loss.finite_range:
            end = satisfy(problem, w, budget, say)
        if end.finite and not satisfied(problem, end.w):
            newton = rest(problem, end.w, max(0, budget - end.iterations))
            end = replace(
                newton, iterations=end.iterations + newton.iterations,
                factorisations=end.factorisations + newton.factorisations,
            )  # fmt: skip
    if not end.finite or satisfied(problem, end.w):
        return replace(end, balance=None)
    balance = balance_of(problem, end.w)
    return replace(end, balance=balance, why="balanced" if balance < BALANCED else end.why)


def _updates(
    problem: DerivedProblem, w: Array, budget: int, optimizer: Optimizer, say: Callable[[str], None]
) -> OptimizeResult:
    call = journal.begin("first_order", problem.loss.margin, w, budget, str(optimizer))
    if call.state is not None and call.ended:
        return result_from(problem, call.state)
    state = State(w=w) if call.state is None else state_from(call.state)
    finite = True
    while state.step < budget:
        call.keep(partial(packed_state, state, {}))
        before = state.step
        state = problem.descend(state, min(CHUNK, budget - before), optimizer)
        margins = problem.margins(state.w)
        finite = bool(np.all(np.isfinite(margins)))
        if not finite or state.step == before or satisfied(problem, state.w):
            break
        say(f"update {state.step}: L = {problem.loss_of(margins):.2e}")
    result = OptimizeResult(w=state.w, iterations=state.step, finite=finite)
    call.end(partial(packed_result, result))
    return result
