"""Damped Newton steps on the exact Hessian, which see the negative curvature that Levenberg–Marquardt leaves out."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from jamharness.api import Array, CellResult, Constraints
from jamharness_numerics.minimise import journal
from jamharness_numerics.minimise.certificate import force_balance, trace_h0
from jamharness_numerics.minimise.outcome import OptimizeResult
from jamharness_numerics.minimise.quadratic_model import (
    FIRST,
    STIFFEST,
    Dense,
    Factor,
    mean_of,
    model_at,
    renewed,
    reusable,
)
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
_DOUBTFUL = 10
"""Times the tolerance: where forces balance to less, by the trace of an H nearby, that at w itself is asked for."""
_MARGIN_ROUNDING = 1e-15
"""Of margins of order one; of L it is this over √(2L), the scale of the overlaps, which near jamming is more."""


class _Point(NamedTuple):
    """L + (λ/2)|w|² at w (N,), ∇L, and the tangent part of the gradient of both."""

    w: Array
    loss: float
    slope: Array
    gradient: Array


def _point(problem: Constraints, w: Array, decay: float) -> _Point:
    loss, slope = problem.loss_and_gradient(w)
    if decay:
        return _Point(w, loss + 0.5 * decay * float(w @ w), slope, problem.tangent(w, slope + decay * w))
    return _Point(w, loss, slope, problem.tangent(w, slope))


@dataclass(kw_only=True, eq=False)
class _Standing:
    """All that the next step depends on.

    Arguments:
        w: (N,).
        mu: μ; None before the first step.
        iteration: steps taken.
        factorisations: tried.
        losses: L after every step, and where the first began.
        stretch: force balance, L and w of the last steps.
        near: the factor of an H nearby; None where there is none.
    """

    w: Array
    mu: float | None
    iteration: int = 0
    factorisations: int = 0
    losses: list[float] = field(default_factory=list)
    stretch: deque[tuple[float, float, Array]] = field(default_factory=lambda: deque(maxlen=STRETCH))
    near: Factor | None = None

    def packed(self) -> CellResult:
        """What ``unpacked`` takes."""
        factor = packed_factor(self.near)
        return CellResult(
            values={
                "mu": self.mu,
                "iteration": self.iteration,
                "factorisations": self.factorisations,
                "losses": self.losses,
                "stretch": [[balance, loss] for balance, loss, _ in self.stretch],
                **factor.values,
            },
            arrays={
                "w": self.w,
                "stretch": np.array([w for *_, w in self.stretch]).reshape(-1, len(self.w)),
                **factor.arrays,
            },
        )

    @classmethod
    def unpacked(cls, problem: Constraints, state: CellResult) -> "_Standing":
        """What ``packed`` was made of."""
        values: Any = state.values
        pairs = zip(values["stretch"], state.arrays["stretch"], strict=True)
        return cls(
            w=state.arrays["w"],
            mu=values["mu"],
            iteration=values["iteration"],
            factorisations=values["factorisations"],
            losses=values["losses"],
            stretch=deque(((balance, loss, w) for (balance, loss), w in pairs), maxlen=STRETCH),
            near=factor_from(problem, state),
        )


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
    call = journal.begin("newton", problem.loss.margin, w, budget, tolerance, enough, damping, decay, zero, line_search)
    zero = ZERO * problem.loss.margin**2 if zero is None else zero
    steps = partial(
        _steps, problem, w, budget, call,
        tolerance=tolerance, done=done, enough=enough, damping=damping, decay=decay, zero=zero,
        line_search=line_search, near=near,
    )  # fmt: skip
    return call.through(steps, packed_result, partial(result_from, problem))


def _steps(
    problem: Constraints,
    w: Array,
    budget: int,
    call: journal.Call,
    *,
    tolerance: float,
    done: Callable[[Array], bool],
    enough: float,
    damping: float | None,
    decay: float,
    zero: float,
    line_search: bool,
    near: Factor | None,
) -> OptimizeResult:
    """As ``newton``, from the state of the call on where there is one."""
    again, why = reusable(problem), ""
    if call.state is None:
        # A copy: how worn it is by these steps is not seen by another minimisation that begins with it.
        near = replace(near) if again and near is not None else None
        at = _Standing(w=np.asarray(w, dtype=np.float64), mu=damping, near=near)
    else:
        at = _Standing.unpacked(problem, call.state)
    here = _point(problem, at.w, decay)
    at.losses = at.losses or [here.loss]
    while not why:
        call.keep(at.packed)
        place = problem, here.w, here.slope, decay
        # What is known of H is enough to judge where this stands; another is made for a step alone.
        hessian = at.near or model_at(*place, mu=at.mu)
        trace = hessian.trace
        if not isinstance(hessian, Dense) and force_balance(here.gradient, here.loss, trace) < _DOUBTFUL * tolerance:
            trace = trace_h0(problem, here.w)
        mu = at.mu = FIRST * mean_of(hessian.trace, len(w)) if at.mu is None else at.mu
        balance = force_balance(here.gradient, here.loss, trace)
        at.stretch.append((balance, here.loss, here.w))
        # Before all else: what another reason returns may be another w of the stretch.
        why = "done" if np.isfinite(here.loss) and done(here.w) else ""
        why = why or _reason(here.loss, at.losses, balance, at.iteration, budget, tolerance, enough, zero)
        if why:
            break
        model = model_at(*place, hessian, at.mu) if isinstance(hessian, Factor) else hessian
        mean = mean_of(model.trace, len(w))
        at.factorisations += model.fresh and not model.dense
        while not why:
            solved = model.step(here.gradient, mu)
            if solved is None and model.spent:
                model = Dense(*place) if model.fresh else renewed(*place, model.factor, mu)
                mean = mean_of(model.trace, len(w))
                at.factorisations += not model.dense
                continue
            at.factorisations += model.dense
            if solved is None:
                mu = max(4 * mu, 1e-12 * mean)
                why = "" if mu <= STIFFEST * mean else "no step"
                continue
            s, bent = solved
            predicted = -float(here.gradient @ s + 0.5 * s @ bent)
            there = _point(problem, problem.retract(here.w + s), decay)
            gain = (here.loss - there.loss) / predicted if predicted > 0 else -1.0
            drowned = predicted < max(_ROUNDING, _MARGIN_ROUNDING / np.sqrt(2 * here.loss)) * here.loss
            if drowned:  # L cannot tell any more: go by the gradient
                gain = 1.0 if np.linalg.norm(there.gradient) < 0.9 * np.linalg.norm(here.gradient) else -1.0
            elif line_search and gain < 0.25:
                shorter = _along(problem, here, s, there.gradient, decay)
                if shorter is not None:
                    t, there = shorter
                    gain = _SHORTENED if there.loss < here.loss and t > _LEAST else -1.0
            if gain > 1e-3 and np.isfinite(there.loss):
                here = there
                mu = mu / 5 if gain > 0.75 else 2 * mu if gain < 0.25 else mu
                at.w, at.iteration = here.w, at.iteration + 1
                at.losses.append(here.loss)
                break
            mu *= 4
            why = "" if mu <= STIFFEST * mean else "no step"
        at.mu = mu
        if again and model.factor is not None:
            at.near = model.factor
            at.near.used(model.made)
    balance, loss, w = at.stretch[-1] if why in ("done", "zero", "not finite") else min(at.stretch, key=itemgetter(0))
    if again and np.isfinite(loss):
        balance = force_balance(_point(problem, w, decay).gradient, loss, trace_h0(problem, w))
    return OptimizeResult(
        w=w,
        loss=loss,
        iterations=at.iteration,
        factorisations=at.factorisations,
        balance=balance,
        decline=_decline(at.losses),
        damping=at.mu or 1.0,
        finite=why != "not finite",
        why=why,
        factor=at.near,
    )


def _along(problem: Constraints, here: _Point, s: Array, end: Array, decay: float) -> tuple[float, _Point] | None:
    """The least L along w + t s, 0 < t < 1, by the Illinois rule on its slope: t, and what is there.

    None where it has none.

    Arguments:
        problem: the problem.
        here: where the step begins.
        s: (N,) the step.
        end: (N,) the gradient at w + s.
        decay: λ.

    Source:
        Dowell and Jarratt, BIT 11, 168 (1971).
    """
    low, high, left, right = 0.0, 1.0, float(here.gradient @ s), float(end @ s)
    enough, side = _FLAT * abs(left), 0
    if not (left < 0 < right):
        return None
    for _ in range(_EVALUATIONS):
        t = (low * right - high * left) / (right - left)
        there = _point(problem, problem.retract(here.w + t * s), decay)
        along = float(there.gradient @ s)
        if abs(along) < enough:
            break
        if along < 0:
            low, left, right, side = t, along, right / 2 if side < 0 else right, -1
        else:
            high, right, left, side = t, along, left / 2 if side > 0 else left, 1
    return t, there


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
