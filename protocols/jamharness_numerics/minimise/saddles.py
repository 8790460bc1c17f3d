"""Where forces balance at a saddle: its direction of negative curvature, and Newton's method beside it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.linalg import cho_factor

from jamharness.api import Array, Constraints
from jamharness_numerics.minimise.newton import newton
from jamharness_numerics.minimise.outcome import OptimizeResult
from jamharness_numerics.minimise.tangent_hessian import tangent_hessian

NEGATIVE = 1e3
"""An eigenvalue of H below minus so many units of rounding of the largest is negative."""
SYMMETRIC = 10.0
"""What is left of the gradient bends the directions of a symmetry of L, such as the scale between two layers, by about
|∇L|/|w_i|, w_i a typical component: so many times that is zero too."""
PUSH = 1e-5
"""How far beside a saddle Newton begins, in units of √N times a component of w."""
ROUNDS = 5
"""How often a saddle is left; a balanced w that is one after these is said to be none's minimum."""
_TINY = float(np.finfo(np.float64).tiny)


def downhill(problem: Constraints, w: Array) -> Array | None:
    """A direction (N,) of unit length along which L has negative curvature at a balanced w; None at a minimum.

    Near jamming it is so weak (of the order of the overlaps) that forces balance to rounding at a saddle too. A
    Cholesky factor of H, shifted by what counts as zero, shows that there is none; eigenvectors are computed only where
    that fails. Memory: two N × N matrices, five where there is one.
    """
    H0, Hp = problem.hessian(w)
    trace = float(np.trace(H0))
    H = tangent_hessian(problem, w, np.asarray(H0 + Hp, dtype=np.float64), trace)
    gradient = problem.tangent(w, problem.loss_and_gradient(w)[1])
    bent = SYMMETRIC * float(np.linalg.norm(gradient)) * np.sqrt(len(w)) / max(float(np.linalg.norm(w)), _TINY)
    rounding = NEGATIVE * float(np.finfo(problem.backend.dtype).eps)
    shifted = H.copy()
    # tr H0/N is at most the largest eigenvalue of H0: what is positive with this shift is so with the one below.
    shifted[np.diag_indices_from(shifted)] += rounding * trace / len(w) + bent
    try:
        cho_factor(shifted, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(H)
        if not values[-1] > 0 or values[0] > -rounding * values[-1] - bent:
            return None
        return np.asarray(vectors[:, 0])
    return None


def beside(w: Array, direction: Array) -> tuple[Array, Array]:
    """The two points (N,) from which a saddle at w is left along a direction (N,) of unit length."""
    push = PUSH * np.sqrt(len(w)) * direction
    return w + push, w - push


def rested(
    problem: Constraints,
    w: Array,
    budget: int,
    *,
    tolerance: float,
    done: Callable[[Array], bool],
    enough: float = 0.0,
) -> OptimizeResult:
    """Newton's method to rest at a minimum: where the forces balance at a saddle it goes on beside it.

    Arguments:
        problem: as for ``newton``, as all others.
        w: (N,) where to start.
        budget: steps at most, those beside saddles among them.
        tolerance: of ``force_balance``.
        done: called with each accepted w; True ends it.
        enough: it also ends when the decline of L falls below this fraction.

    Returns:
        As ``newton``; ``why`` is ``"saddle"`` where the forces still balance at one after ``ROUNDS``, or the budget is
        spent there.
    """
    end = newton(problem, w, budget, tolerance=tolerance, done=done, enough=enough)
    for _ in range(ROUNDS):
        direction = downhill(problem, end.w) if end.why == "balanced" else None
        if direction is None:
            return end
        left = budget - end.iterations
        if left <= 0:
            break
        tried = [
            newton(problem, problem.retract(start), left // 2, tolerance=tolerance, done=done, enough=enough)
            for start in beside(end.w, direction)
        ]
        best = min(tried, key=lambda each: (each.why != "done", each.loss))
        end = replace(
            best,
            iterations=end.iterations + sum(each.iterations for each in tried),
            factorisations=end.factorisations + sum(each.factorisations for each in tried),
        )
    return replace(end, why="saddle") if end.why == "balanced" and downhill(problem, end.w) is not None else end
