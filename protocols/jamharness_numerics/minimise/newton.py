"""Damped Newton steps on the exact Hessian, which see the negative curvature that Levenberg–Marquardt leaves out."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from jamharness.api import Array, CellResult, Constraints
from jamharness_numerics.minimise import journal
from jamharness_numerics.minimise.certificate import force_balance, trace_h0
from jamharness_numerics.minimise.outcome import OptimizeResult
from jamharness_numerics.minimise.quadratic_model import Dense, Factor, mean_of, model_at, reusable
from jamharness_numerics.minimise.states import factor_from, packed_factor, packed_result, result_from

STRETCH = 50
"""Steps over which the decline of L is measured; 100 end in the same verdicts, and later."""
RATE = 100
"""Steps that the decline of L is stated for."""
ZERO = 1e-20
"""A loss below this, in units of κ², is none: margins of 1e-10 κ that a push to a larger margin takes away."""
_EVALUATIONS, _FLAT = 12, 0.1
"""Of a search along a step: at most so many, until the slope of L is this part of what it was at the start."""
_LEAST = 1e-3
"""Of a step: a shorter one is none, and μ grows."""
_SHORTENED = 0.5
"""The gain ratio that a step counts as whose length was searched for: μ stays."""
_ROUNDING = 1e-11
"""A predicted relative decrease of L below this drowns in the rounding of a sum over patterns."""
_STIFFEST = 1e8
"""μ over the mean eigenvalue of H0 at which no step is left."""
_DOUBTFUL = 10
"""Times the tolerance: where forces balance to less, by the trace of an H nearby, that at w itself is asked for."""
_MARGIN_ROUNDING = 1e-15
"""Of margins of order one; of L it is this over √(2L), the scale of the overlaps, which near jamming is more."""


def newton(
    problem: Constraints,
    w: Array,
    budget: int,
    *,
    tolerance: float,
    done: Callable[[Array], bool],
    enough: float = 0.0,
    damping: float | None = None,
    decay: float = 0.0,
    zero: float | None = None,
    line_search: bool = False,
    near: Factor | None = None,
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
        zero: it also ends, "zero", when L falls below; None: ``ZERO`` κ².
        line_search: a step on which L falls by less than a quarter of the prediction ends at the least L along it, and
            leaves μ where it is. Near jamming L is quadratic but for gaps that close and contacts that open on the way:
            there it takes a third of the steps (Madsen and Nielsen, BIT 30, 682, 1990, for piecewise quadratics).
        near: the factor of an H nearby, for a large system to begin with; the result has the last one.

    Returns:
        w: of the last stretch of steps the one whose forces balance best, as those of the others jump at kinks; the
        last one when ``done`` passed there. L(w) may be a little above that of the last step. ``decline``: the part of
        L that ``RATE`` steps take away at the pace of the last stretch; None when fewer than a stretch were made.
        ``why``: ``"balanced"``, ``"done"``, ``"zero"`` (L below ``ZERO``), ``"settled"``, ``"no step"``, ``"budget"``
        or ``"not finite"``.
    """
    call = journal.begin("newton", problem.loss.margin, w)
    if call.state is not None and call.ended:
        return result_from(problem, call.state)
    zero = ZERO * problem.loss.margin**2 if zero is None else zero
    stretch: deque[tuple[float, float, Array]] = deque(maxlen=STRETCH)
    factorisations, mu, why, iteration, again = 0, damping, "", 0, reusable(problem)
    near = near if again else None
    losses: list[float] = []
    if call.state is not None:
        w, mu, iteration, factorisations, losses, near = _gone_on(problem, call.state, stretch)
    loss, slope, gradient = _slope(problem, w, decay)
    losses = losses or [loss]
    while not why:
        call.keep(partial(_state, w, mu, iteration, factorisations, losses, stretch, near))
        model = model_at(problem, w, slope, decay, near)
        trace, mean = model.trace, mean_of(model.trace, len(w))
        if not model.dense and force_balance(gradient, loss, trace) < _DOUBTFUL * tolerance:
            trace = trace_h0(problem, w)
        mu = 1e-2 * mean if mu is None else mu
        stretch.append((force_balance(gradient, loss, trace), loss, w))
        # Before all else: what another reason returns may be another w of the stretch.
        why = "done" if np.isfinite(loss) and done(w) else ""
        why = why or _reason(loss, losses, stretch[-1][0], iteration, budget, tolerance, enough, zero)
        while not why:
            solved = model.step(gradient, mu)
            if solved is None and model.spent:
                model = Dense(problem, w, slope, decay)
                mean = mean_of(model.trace, len(w))
                continue
            factorisations += model.dense
            if solved is None:
                mu = max(4 * mu, 1e-12 * mean)
                why = "no step" if mu > _STIFFEST * mean else ""
                continue
            s, bent = solved
            predicted = -float(gradient @ s + 0.5 * s @ bent)
            moved = problem.retract(w + s)
            new_loss, new_slope, new_gradient = _slope(problem, moved, decay)
            gain = (loss - new_loss) / predicted if predicted > 0 else -1.0
            drowned = predicted < max(_ROUNDING, _MARGIN_ROUNDING / np.sqrt(2 * loss)) * loss
            if drowned:  # L cannot tell any more: go by the gradient
                gain = 1.0 if np.linalg.norm(new_gradient) < 0.9 * np.linalg.norm(gradient) else -1.0
            elif line_search and gain < 0.25:
                shorter = _along(problem, w, s, gradient, new_gradient, decay)
                if shorter is not None:
                    t, moved, new_loss, new_slope, new_gradient = shorter
                    gain = _SHORTENED if new_loss < loss and t > _LEAST else -1.0
            if gain > 1e-3 and np.isfinite(new_loss):
                w, loss, slope, gradient = moved, new_loss, new_slope, new_gradient
                mu = mu / 5 if gain > 0.75 else 2 * mu if gain < 0.25 else mu
                iteration += 1
                losses.append(loss)
                break
            mu *= 4
            if mu > _STIFFEST * mean:
                why = "no step"
        if again:
            near = model.factor
    best = stretch[-1] if why in ("done", "zero", "not finite") else min(stretch, key=lambda at: at[0])
    balance = best[0]
    if again and np.isfinite(best[1]):
        balance = force_balance(_slope(problem, best[2], decay)[2], best[1], trace_h0(problem, best[2]))
    result = OptimizeResult(
        w=best[2],
        loss=best[1],
        iterations=iteration,
        factorisations=factorisations,
        balance=balance,
        decline=_decline(losses),
        damping=mu or 1.0,
        finite=why != "not finite",
        why=why,
        factor=near,
    )
    call.end(partial(packed_result, result))
    return result


def _state(
    w: Array, mu: float | None, iteration: int, factorisations: int, losses: list[float],
    stretch: deque[tuple[float, float, Array]], near: Factor | None,
) -> CellResult:  # fmt: skip
    """All that the next step depends on."""
    factor = packed_factor(near)
    return CellResult(
        values={
            "mu": mu,
            "iteration": iteration,
            "factorisations": factorisations,
            "losses": losses,
            "stretch": [[balance, loss] for balance, loss, _ in stretch],
            **factor.values,
        },
        arrays={"w": w, "stretch": np.array([at for *_, at in stretch]).reshape(-1, len(w)), **factor.arrays},
    )


def _gone_on(
    problem: Constraints, state: CellResult, stretch: deque[tuple[float, float, Array]]
) -> tuple[Array, float | None, int, int, list[float], Factor | None]:
    """What ``_state`` was made of; its stretch is put into the one given."""
    values: Any = state.values
    stretch.extend(
        (balance, loss, w) for (balance, loss), w in zip(values["stretch"], state.arrays["stretch"], strict=True)
    )
    return (
        state.arrays["w"], values["mu"], values["iteration"], values["factorisations"], values["losses"],
        factor_from(problem, state),
    )  # fmt: skip


def _along(
    problem: Constraints, w: Array, s: Array, gradient: Array, end: Array, decay: float
) -> tuple[float, Array, float, Array, Array] | None:
    """The least L along w + t s, 0 < t < 1, by the Illinois rule on its slope: t, w, and what ``_slope`` finds there.

    None where it has none.

    Arguments:
        problem: the problem.
        w: (N,) where the step begins.
        s: (N,) the step.
        gradient: (N,) at w.
        end: (N,) the gradient at w + s.
        decay: λ.

    Source:
        Dowell and Jarratt, BIT 11, 168 (1971).
    """
    low, high, left, right = 0.0, 1.0, float(gradient @ s), float(end @ s)
    enough, side = _FLAT * abs(left), 0
    if not (left < 0 < right):
        return None
    for _ in range(_EVALUATIONS):
        t = (low * right - high * left) / (right - left)
        moved = problem.retract(w + t * s)
        loss, slope, there = _slope(problem, moved, decay)
        along = float(there @ s)
        if abs(along) < enough:
            break
        if along < 0:
            low, left, right, side = t, along, right / 2 if side < 0 else right, -1
        else:
            high, right, left, side = t, along, left / 2 if side > 0 else left, 1
    return t, moved, loss, slope, there


def _slope(problem: Constraints, w: Array, decay: float) -> tuple[float, Array, Array]:
    """L + (λ/2)|w|², ∇L, and the tangent part of the gradient of both."""
    loss, slope = problem.loss_and_gradient(w)
    if decay:
        return loss + 0.5 * decay * float(w @ w), slope, problem.tangent(w, slope + decay * w)
    return loss, slope, problem.tangent(w, slope)


def _decline(losses: list[float]) -> float | None:
    return 1 - (losses[-1] / losses[-STRETCH - 1]) ** (RATE / STRETCH) if len(losses) > STRETCH else None


def _reason(
    loss: float, losses: list[float], balance: float, iteration: int, budget: int, tolerance: float, enough: float,
    zero: float,
) -> str:  # fmt: skip
    """Why to stop before the next step; empty to go on."""
    if not np.isfinite(loss):
        return "not finite"
    if loss < zero:
        return "zero"
    if balance < tolerance:
        return "balanced"
    decline = _decline(losses)
    if enough and decline is not None and decline < enough:
        return "settled"
    return "budget" if iteration >= budget else ""
