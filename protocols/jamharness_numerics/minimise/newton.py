"""Damped Newton steps on the exact Hessian, which see the negative curvature that Levenberg–Marquardt leaves out."""

from collections import deque
from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from jamharness.api import Array, Problem
from jamharness_numerics.minimise.certificate import force_balance
from jamharness_numerics.minimise.outcome import OptimizeResult

STRETCH = 50
"""Steps over which the decline of L is measured; 100 end in the same verdicts, and later."""
RATE = 100
"""Steps that the decline of L is stated for."""
ZERO = 1e-20
"""A loss below this, in units of κ², is none: margins of 1e-10 κ that a push to a larger margin takes away."""
_ROUNDING = 1e-11
"""A predicted relative decrease of L below this drowns in the rounding of a sum over patterns."""


def newton(
    problem: Problem,
    w: Array,
    budget: int,
    *,
    tolerance: float,
    done: Callable[[Array], bool],
    enough: float = 0.0,
    damping: float | None = None,
    decay: float = 0.0,
) -> OptimizeResult:
    """Steps (H + μI) s = −∇L with μ large enough for a Cholesky factor, until the forces balance.

    H = H0 + Hp is exact, so steps near a minimum with fewer unsatisfied patterns than parameters converge, where JᵀJ
    alone is singular. μ is divided by 5 after a gain ratio above 3/4, doubled below 1/4, and multiplied by 4 after a
    failed factor or step (Nocedal and Wright, Numerical Optimization, ch. 4 and 6).

    Arguments:
        problem: needs the capability ``hessian``.
        w: (N,) where to start.
        budget: steps at most.
        tolerance: of ``force_balance``.
        done: called with each accepted w; True ends it.
        enough: it also ends, "settled", when the decline of L falls below this fraction.
        damping: the first μ; None: 1% of the mean eigenvalue of H0.
        decay: λ ≥ 0: L + (λ/2)|w|² takes the place of L.

    Returns:
        w: of the last stretch of steps the one whose forces balance best, as those of the others jump at kinks; the
        last one when ``done`` passed there. L(w) may be a little above that of the last step. ``decline``: the part of
        L that ``RATE`` steps take away at the pace of the last stretch; None when fewer than a stretch were made.
        ``why``: ``"balanced"``, ``"done"``, ``"zero"`` (L below ``ZERO``), ``"settled"``, ``"no step"``, ``"budget"``
        or ``"not finite"``.
    """
    loss, gradient = _decayed(problem, w, decay)
    losses = [loss]
    stretch: deque[tuple[float, float, Array]] = deque(maxlen=STRETCH)
    factorisations, mu, why, iteration = 0, damping, "", 0
    while not why:
        H0, Hp = problem.hessian(w)
        trace = float(np.trace(H0))
        mean = max(trace / len(w), float(np.finfo(np.float64).tiny))
        mu = 1e-2 * mean if mu is None else mu
        stretch.append((force_balance(gradient, loss, trace), loss, w))
        # Before all else: what another reason returns may be another w of the stretch.
        why = "done" if np.isfinite(loss) and done(w) else ""
        why = why or _reason(loss, losses, stretch[-1][0], iteration, budget, tolerance, enough, problem.loss.margin)
        H = np.asarray(H0 + Hp, dtype=np.float64)
        H[np.diag_indices_from(H)] += decay
        while not why:
            shifted = H.copy()
            shifted[np.diag_indices_from(shifted)] += mu
            factorisations += 1
            try:
                factor = cho_factor(shifted, overwrite_a=True, check_finite=False)
            except np.linalg.LinAlgError:
                mu = max(4 * mu, 1e-12 * mean)
                continue
            s = -cho_solve(factor, gradient, check_finite=False)
            predicted = -float(gradient @ s + 0.5 * s @ (H @ s))
            new_loss, new_gradient = _decayed(problem, w + s, decay)
            gain = (loss - new_loss) / predicted if predicted > 0 else -1.0
            if predicted < _ROUNDING * loss:  # L cannot tell any more: go by the gradient
                gain = 1.0 if np.linalg.norm(new_gradient) < 0.9 * np.linalg.norm(gradient) else -1.0
            if gain > 1e-3 and np.isfinite(new_loss):
                w, loss, gradient = w + s, new_loss, new_gradient
                mu = mu / 5 if gain > 0.75 else 2 * mu if gain < 0.25 else mu
                iteration += 1
                losses.append(loss)
                break
            mu *= 4
            if mu > 1e8 * mean:
                why = "no step"
    best = stretch[-1] if why in ("done", "zero", "not finite") else min(stretch, key=lambda at: at[0])
    return OptimizeResult(
        w=best[2],
        loss=best[1],
        iterations=iteration,
        factorisations=factorisations,
        balance=best[0],
        decline=_decline(losses),
        damping=mu or 1.0,
        finite=why != "not finite",
        why=why,
    )


def _decayed(problem: Problem, w: Array, decay: float) -> tuple[float, Array]:
    """L + (λ/2)|w|² and its gradient."""
    loss, gradient = problem.loss_and_gradient(w)
    return (loss + 0.5 * decay * float(w @ w), gradient + decay * w) if decay else (loss, gradient)


def _decline(losses: list[float]) -> float | None:
    return 1 - (losses[-1] / losses[-STRETCH - 1]) ** (RATE / STRETCH) if len(losses) > STRETCH else None


def _reason(
    loss: float, losses: list[float], balance: float, iteration: int, budget: int, tolerance: float, enough: float,
    margin: float,
) -> str:  # fmt: skip
    """Why to stop before the next step; empty to go on."""
    if not np.isfinite(loss):
        return "not finite"
    if loss < ZERO * margin**2:
        return "zero"
    if balance < tolerance:
        return "balanced"
    decline = _decline(losses)
    if enough and decline is not None and decline < enough:
        return "settled"
    return "budget" if iteration >= budget else ""
