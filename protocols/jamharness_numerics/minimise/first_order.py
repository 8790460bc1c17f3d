"""The papers' minimisers: Adam and FIRE inside the framework, in chunks."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from jamharness.api import Array, Optimizer, Problem, State
from jamharness_numerics.minimise import journal
from jamharness_numerics.minimise.certificate import force_balance, loss_of, trace_h0
from jamharness_numerics.minimise.levenberg_marquardt import levenberg_marquardt
from jamharness_numerics.minimise.outcome import OptimizeResult
from jamharness_numerics.minimise.states import packed_result, packed_state, result_from, state_from

CHUNK = 1000


def first_order(
    problem: Problem, w: Array, budget: int, optimizer: Optimizer, say: Callable[[str], None]
) -> OptimizeResult:
    """Updates until every pattern is satisfied or the budget is spent.

    The decline of L is measured over the last fifth of the budget. A loss at rounding level with a few patterns
    still at Δ ~ 1e-16 is an artefact of floating point (arXiv 1809.09349 reports it for float32): a few damped steps
    towards 1.000001 κ end it.

    Arguments:
        problem: the problem.
        w: (N,) where to start.
        budget: updates at most.
        optimizer: the rule.
        say: told the progress.

    Returns:
        ``why``: ``"done"``, ``"rounding"`` (the steps that end it were made), ``"budget"``, ``"no step"`` (no update
        was made) or ``"not finite"``.
    """
    call = journal.begin("first_order", problem.loss.margin, w, budget, str(optimizer))
    end = call.through(
        partial(_updates, problem, w, budget, optimizer, say, call), packed_result, partial(result_from, problem)
    )
    if end.why == "rounding":
        pushed, spent = _push(problem, end.w)
        return replace(end, w=pushed, factorisations=spent)
    return end


def _updates(
    problem: Problem, w: Array, budget: int, optimizer: Optimizer, say: Callable[[str], None], call: journal.Call
) -> OptimizeResult:
    state = State(w=w)
    earlier: Any = None
    if call.state is not None:
        state, earlier = state_from(call.state), call.state.values["earlier"]
    why = "budget"
    while state.step < budget:
        call.keep(partial(packed_state, state, {"earlier": earlier}))
        before = state.step
        state = problem.descend(state, min(CHUNK, budget - before), optimizer)
        margins = problem.margins(state.w)
        if not np.all(np.isfinite(margins)):
            return OptimizeResult(w=state.w, iterations=state.step, finite=False, why="not finite")
        unsatisfied = int(np.count_nonzero(margins > 0))
        if unsatisfied == 0 or state.step == before:
            why = "no step" if unsatisfied else "done"
            break
        if loss_of(margins) < _rounding(problem):
            return OptimizeResult(w=state.w, iterations=state.step, why="rounding")
        if earlier is None and state.step >= 0.8 * budget:
            earlier = loss_of(margins)
        say(f"update {state.step}: {unsatisfied} unsatisfied, L = {loss_of(margins):.2e}")
    loss, gradient = problem.loss_and_gradient(state.w)
    trace = trace_h0(problem, state.w)
    decline = 1 - loss / earlier if earlier else None
    return OptimizeResult(
        w=state.w, iterations=state.step, balance=force_balance(gradient, loss, trace), decline=decline, why=why
    )


def _rounding(problem: Problem) -> float:
    """The loss at which every Δ is within a thousand units of rounding of zero."""
    return float((1e3 * np.finfo(problem.backend.dtype).eps * problem.loss.margin) ** 2)


def _push(problem: Problem, w: Array) -> tuple[Array, int]:
    """Damped steps towards a margin raised by a millionth until all patterns are satisfied at κ; w and their number."""
    raised = problem.with_margin(problem.loss.margin * (1 + 1e-6))
    end = levenberg_marquardt(
        raised, w, 50, done=lambda at, _: not bool(np.any(problem.margins(at) > 0)), stall=0.0, damping=1e-3
    )
    return end.w, end.iterations
