"""Minimise a system of smooth constraints: least-squares steps towards zero loss, then Newton to rest."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jamharness.api import Array, DerivedProblem
from jamharness_numerics.minimise.certificate import force_balance
from jamharness_numerics.minimise.levenberg_marquardt import levenberg_marquardt
from jamharness_numerics.minimise.newton import newton
from jamharness_numerics.minimise.outcome import OptimizeResult
from jamharness_numerics.minimise.quadratic_model import Factor

PUSHES = (0.02, 1e-4, 1e-7)
"""By how much more than κ least-squares steps aim at, so that zero loss is passed through and not only approached. A
push of 0.02 can rest in a minimum of its own where κ itself can be satisfied; then a smaller one is tried."""
TOLERANCE = 1e-9
"""Of the force balance at a minimum."""
FLAT = 1e-24
"""A loss below this is none: gaps of 1e-12, as near to zero as rounding lets sums of them come."""


def satisfied(problem: DerivedProblem, w: Array) -> bool:
    """N_Δ = 0, by exact comparison."""
    return bool(problem.loss.satisfied(problem.margins(w)).all())


def satisfy(problem: DerivedProblem, w: Array, budget: int, say: Callable[[str], None]) -> OptimizeResult:
    """Levenberg–Marquardt until every constraint is satisfied at κ, or no step helps.

    Arguments:
        problem: the problem at its margin κ.
        w: (N,) where to start.
        budget: steps at most.
        say: told where it stands.
    """
    result = OptimizeResult(w=w)
    for push in PUSHES:
        raised = problem.restated(problem.loss.shifted(push))
        end = levenberg_marquardt(
            raised,
            result.w,
            max(0, budget - result.iterations),
            done=lambda at, _: satisfied(problem, at),
            stall=1e-3,
        )
        result = replace(
            result, w=end.w, iterations=result.iterations + end.iterations,
            factorisations=result.factorisations + end.factorisations, finite=end.finite, why=end.why,
        )  # fmt: skip
        margins = problem.margins(result.w)
        violated = int(np.count_nonzero(~problem.loss.satisfied(margins)))
        say(f"{violated} violated, L = {problem.loss_of(margins):.2e} after {result.iterations} steps")
        # A push can be too large only where what it leaves over is of its own size.
        if not violated or not end.finite or problem.loss_of(margins) > push**2:
            break
    return result


def rest(
    problem: DerivedProblem,
    w: Array,
    budget: int,
    tolerance: float = TOLERANCE,
    zero: float = FLAT,
    damping: float | None = None,
    near: Factor | None = None,
) -> OptimizeResult:
    """Newton on the manifold of w until the forces balance.

    Arguments:
        problem: the problem.
        w: (N,) where to start.
        budget: steps at most.
        tolerance: of the force balance.
        zero: a loss that counts as none.
        damping: the first μ, such as that of a minimum nearby.
        near: the factor there.
    """
    return newton(
        problem, w, budget,
        tolerance=tolerance, done=lambda at: satisfied(problem, at), zero=zero, damping=damping, line_search=True,
        near=near,
    )  # fmt: skip


def balance_of(problem: DerivedProblem, w: Array) -> float:
    """The net force in the tangent space over the largest that its parts could add up to."""
    margins = problem.margins(w)
    rows = np.flatnonzero(problem.loss.curvature(margins))
    J = problem.tangent(w, problem.jacobian(w, rows))
    gradient = problem.tangent(w, problem.loss_and_gradient(w)[1])
    return force_balance(gradient, problem.loss_of(margins), float(np.sum(J**2)) / problem.constraints)
