"""Minimise the loss of one problem and say honestly how it ended."""

from collections.abc import Callable, Mapping
from time import perf_counter

import numpy as np

from jamharness.api import Adam, Array, BadInput, DerivedProblem, Fire, Flow, Optimizer, Problem, Sgd, unknown_name
from jamharness_numerics.minimise.certificate import last_layer, loss_of, pinned
from jamharness_numerics.minimise.constrained import constrained
from jamharness_numerics.minimise.first_order import first_order
from jamharness_numerics.minimise.kinks import SHARPEST, Kinks, kinks
from jamharness_numerics.minimise.outcome import Minimisation, OptimizeResult, Outcome, silent
from jamharness_numerics.minimise.saddles import downhill
from jamharness_numerics.minimise.second_order import second_order
from jamharness_numerics.minimise.verdict import verdict_of

BUDGETS = {"lm": 6000, "adam": 2_000_000, "fire": 200_000, "sgd": 2_000_000, "flow": 2_000_000}
"""Default budgets. lm: steps, measured to decide at N_w = 444 (few searches need 3000); adam: updates, the least of
arXiv 1809.09349 (2 to 10 million); the others: updates."""
METHODS = tuple(BUDGETS)
RULES: Mapping[str, Optimizer] = {"adam": Adam(), "fire": Fire(), "sgd": Sgd(), "flow": Flow()}
"""First-order methods, with the papers' constants where they used them."""

__all__ = ["BUDGETS", "METHODS", "Minimisation", "Outcome", "minimise"]


def minimise(
    problem: Problem | DerivedProblem,
    w: Array,
    method: str = "lm",
    budget: int | None = None,
    say: Callable[[str], None] = silent,
) -> Minimisation:
    """Lower L from w until every pattern is satisfied, it rests at a minimum or hardly falls, or the budget is spent.

    Arguments:
        problem: the problem at its margin κ; of a network, or of any system (``constrained``).
        w: (N,) where to start; not modified.
        method: ``"lm"`` second order (for relu by continuation in a softplus), ``"adam"`` or ``"fire"`` with the
            papers' constants, ``"sgd"`` (full-batch gradient descent) or ``"flow"`` (gradient flow).
        budget: second-order steps or first-order updates; None: ``BUDGETS``.
        say: told now and then where it stands.

    Raises:
        BadInput: an unknown method or a budget below 1.
    """
    if method not in METHODS:
        raise BadInput(unknown_name("minimiser", method, METHODS))
    allowed = BUDGETS[method] if budget is None else budget
    if allowed < 1:
        raise BadInput(f"budget = {budget}: give at least 1 step, or none for the default of {BUDGETS[method]}.")
    start = perf_counter()
    if isinstance(problem, DerivedProblem):
        return _of_system(problem, w, method, allowed, say)
    if method == "lm":
        end = second_order(problem, w, allowed, say)
    else:
        end = first_order(problem, w, allowed, RULES[method], say)
    w, iterations, balance, decline = end.w, end.iterations, end.balance, end.decline
    margins = problem.margins(w)
    unsatisfied = int(np.count_nonzero(margins > 0))
    certificate = last_layer(problem, margins)
    finite = end.finite and bool(np.all(np.isfinite(margins)))
    smooth = problem.network.nonlinearity.smooth or problem.network.depth == 0
    stage = problem if smooth else problem.with_activation(f"softplus({SHARPEST:g})")
    evidence = finite and unsatisfied > 0 and end.slope is None
    resting = last_layer(stage, stage.margins(w)) if evidence and not smooth else None
    rests = verdict_of(smooth=smooth, certificate=certificate, resting=resting, balance=balance, decline=decline)
    unstable = evidence and rests == "minimum" and stage.can("hessian") and downhill(stage, w) is not None
    outcome, reason = _judge(finite, unsatisfied, "saddle" if unstable else rests, end, allowed, method)
    stopped = outcome in ("minimum", "arrested")
    at = kinks(problem, w) if stopped and not smooth else Kinks(units=0, patterns=0, balance=None)
    return Minimisation(
        w=w,
        outcome=outcome,
        loss=loss_of(margins),
        unsatisfied=unsatisfied,
        certificate=certificate,
        balance=balance,
        decline=decline,
        slope=end.slope if outcome == "diverging" else None,
        pinned=pinned(problem, w) if finite and unsatisfied else 0,
        kinks=at.units,
        kinked=at.patterns,
        clarke=at.balance,
        resting=resting if stopped else None,
        iterations=iterations,
        factorisations=end.factorisations,
        seconds=perf_counter() - start,
        reason=reason,
    )


def _of_system(
    problem: DerivedProblem, w: Array, method: str, allowed: int, say: Callable[[str], None]
) -> Minimisation:
    """A minimisation of what has no layers: its certificate is the balance of its forces."""
    start = perf_counter()
    end = constrained(problem, w, allowed, say, RULES.get(method))
    margins = problem.margins(end.w)
    finite = end.finite and bool(np.all(np.isfinite(margins)))
    violated = int(np.count_nonzero(~problem.loss.satisfied(margins)))
    rests = "minimum" if end.why == "balanced" else None
    if finite and violated and rests and downhill(problem, end.w) is not None:
        rests = "saddle"
    outcome, reason = _judge(finite, violated, rests, end, allowed, method)
    balance = end.balance or 0.0
    return Minimisation(
        w=end.w,
        outcome=outcome,
        loss=problem.loss_of(margins),
        unsatisfied=violated,
        certificate=balance,
        balance=end.balance,
        iterations=end.iterations,
        factorisations=end.factorisations,
        seconds=perf_counter() - start,
        reason=reason,
    )


def _judge(
    finite: bool, unsatisfied: int, rests: str | None, end: OptimizeResult, allowed: int, method: str
) -> tuple[Outcome, str]:
    if not finite:
        return "undecided", "The loss became NaN or infinite: use float64, another seed, or initial=orthogonal."
    if unsatisfied == 0:
        return "satisfied", "Every pattern is satisfied."
    if end.slope is not None:
        return (
            "diverging",
            f"L has levelled off while |w| grows: −d ln L/d ln |w| = {end.slope:.2g} at a minimum for its norm.",
        )
    if rests == "minimum":
        return "minimum", "The forces balance with patterns left unsatisfied."
    if rests == "saddle":
        return "arrested", "The forces balance at a saddle, whose direction of negative curvature leads nowhere lower."
    if rests == "arrested":
        return "arrested", "L hardly falls with patterns left unsatisfied, and the forces do not balance: no minimum."
    if end.why == "late":
        return "undecided", f"L still falls, with few patterns given up: raise the budget, as in budget={4 * allowed}."
    if end.iterations >= allowed:
        return "undecided", f"The budget of {allowed} steps was spent: raise it with budget={4 * allowed}."
    advice = "try another minimiser" if method == "lm" else "try minimiser=lm"
    return "undecided", f"No step lowered the loss further, but the forces do not balance: {advice} or float64."
