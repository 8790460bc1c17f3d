"""The papers' minimisers: Adam and FIRE inside the framework, in chunks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jamharness.api import Array, Optimizer, Problem, State
from jamharness_protocols.minimise.certificate import force_balance, loss_of, trace_h0

CHUNK = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class Walk:
    """Where a first-order minimisation ended: w, updates done, and the evidence of rest."""

    w: Array
    iterations: int
    balance: float | None
    decline: float | None
    finite: bool


def first_order(problem: Problem, w: Array, budget: int, optimizer: Optimizer, say: Callable[[str], None]) -> Walk:
    """Updates until every pattern is satisfied or the budget is spent.

    The decline of L is measured over the last fifth of the budget.

    Arguments:
        problem: the problem.
        w: (N,) where to start.
        budget: updates at most.
        optimizer: the rule.
        say: told the progress.
    """
    state = State(w=w)
    earlier: float | None = None
    while state.step < budget:
        before = state.step
        state = problem.descend(state, min(CHUNK, budget - before), optimizer)
        margins = problem.margins(state.w)
        if not np.all(np.isfinite(margins)):
            return Walk(w=state.w, iterations=state.step, balance=None, decline=None, finite=False)
        unsatisfied = int(np.count_nonzero(margins > 0))
        if unsatisfied == 0 or state.step == before:
            break
        if earlier is None and state.step >= 0.8 * budget:
            earlier = loss_of(margins)
        say(f"step {state.step}: {unsatisfied} unsatisfied, loss {loss_of(margins):.2e}")
    loss, gradient = problem.loss_and_gradient(state.w)
    trace = trace_h0(problem, state.w)
    decline = 1 - loss / earlier if earlier else None
    return Walk(
        w=state.w, iterations=state.step, balance=force_balance(gradient, loss, trace), decline=decline, finite=True
    )
