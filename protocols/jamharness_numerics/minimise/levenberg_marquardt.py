"""Levenberg–Marquardt on the unsatisfied patterns: damped steps with the damping set by the gain ratio."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from jamharness.api import Array, CellResult, Constraints
from jamharness_numerics.minimise import journal
from jamharness_numerics.minimise.certificate import loss_of
from jamharness_numerics.minimise.outcome import OptimizeResult
from jamharness_numerics.minimise.states import packed_result, result_from

TOLERANCE = 0.1
"""Of the linear systems' residuals, for backends that truncate them (large problems): see docs/minimisers.md."""
_STALL_WINDOW = 10
_GROWTH = 2.0
"""ν after an accepted step."""
SHRINK = 1 / 3
"""The least factor of λ after an accepted step. With 1/10 a third of all steps were rejected (docs/minimisers.md)."""


def levenberg_marquardt(
    problem: Constraints,
    w: Array,
    budget: int,
    *,
    done: Callable[[Array, float], bool],
    stall: float = 3e-3,
    damping: float = 1.0,
) -> OptimizeResult:
    """Damped steps until ``done``, a stall, or the budget.

    The damping λ follows the gain ratio ρ (actual over predicted decrease) by Nielsen's rule: λ max(1/3, 1 − (2ρ−1)³)
    after an accepted step, λν with ν doubled after a rejected one (Nielsen, IMM-REP-1999-05). In units of JᵀJ.

    Arguments:
        problem: whose loss is lowered.
        w: (N,) where to start.
        budget: damped steps at most.
        done: called with each accepted w and L there; True ends the descent.
        stall: it ends when ten accepted steps lowered L by less than this fraction. 3e-3 was measured at N_w = 444:
            smaller values spend iterations at kinks without changing verdicts.
        damping: the first λ.

    Returns:
        L(w) at the margin aimed at; one linear system for each iteration; ``why``: ``"done"`` (the caller's test
        passed), ``"stalled"``, ``"no step"`` (no damping gives a decrease), ``"budget"``, or ``"not finite"``.
    """
    call = journal.begin("levenberg_marquardt", problem.loss.margin, w, budget, stall, damping)
    return call.through(
        partial(_steps, problem, w, budget, done, stall, damping, call), packed_result, partial(result_from, problem)
    )


def _steps(
    problem: Constraints,
    w: Array,
    budget: int,
    done: Callable[[Array, float], bool],
    stall: float,
    damping: float,
    call: journal.Call,
) -> OptimizeResult:
    first, growth = 0, _GROWTH
    if call.state is None:
        loss = loss_of(problem.margins(w))
        history = [loss]
    else:
        values: Any = call.state.values
        w, first, damping = call.state.arrays["w"], values["iteration"], values["damping"]
        history = values["history"]
        loss = history[-1]
    for iteration in range(first, budget):
        # After a rejected step a Krylov space of w is at hand, on which the next step's truncation depends.
        if growth == _GROWTH:
            call.keep(partial(_state, w, iteration, damping, history))
        if not np.isfinite(loss):
            return _result(w, loss, iteration, "not finite")
        if loss == 0 or done(w, loss):
            return _result(w, loss, iteration, "done")
        step = problem.truncated_step(w, damping, TOLERANCE)
        gain = (loss - step.loss) / step.predicted_decrease if step.predicted_decrease > 0 else -1.0
        if gain > 1e-4 and np.isfinite(step.loss):
            w, loss, growth = step.w, step.loss, _GROWTH
            damping = max(damping * max(SHRINK, 1 - (2 * gain - 1) ** 3), 1e-14)
            history.append(loss)
            if len(history) > _STALL_WINDOW and loss > history[-_STALL_WINDOW - 1] * (1 - stall):
                return _result(w, loss, iteration + 1, "stalled")
        else:
            damping, growth = damping * growth, growth * 2
            if damping > 1e12:
                return _result(w, loss, iteration + 1, "no step")
    return _result(w, loss, budget, "budget")


def _state(w: Array, iteration: int, damping: float, history: list[float]) -> CellResult:
    """All that the next step from a new w depends on."""
    return CellResult(values={"iteration": iteration, "damping": damping, "history": history}, arrays={"w": w})


def _result(w: Array, loss: float, iterations: int, why: str) -> OptimizeResult:
    return OptimizeResult(
        w=w, loss=loss, iterations=iterations, factorisations=iterations, finite=why != "not finite", why=why
    )
