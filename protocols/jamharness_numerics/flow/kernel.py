"""The lazy limit: gradient flow with a kernel that stands still, Δ̇ = −K ℓ′(Δ)/P.

w − w₀ = −Jᵀq with q̇ = ℓ′(Δ₀ − Kq)/P: P equations, whatever N is. In closed form for the mean square and piece by piece
for the quadratic hinge, whose set of unsatisfied patterns is constant between events; by an implicit method otherwise.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from jamharness.api import Array, BadInput, Float64, Loss, MeanSquare, QuadraticHinge
from jamharness_numerics.flow.outcome import BEGUN, RESTING, Ending, Until

_GRID = 240
"""Times at which Δ is looked at between two events, evenly in log t: two events of one pattern within 10% of a
segment's time would be missed."""
_ROUNDING = 1e-12
"""Of Δ in units of its largest: below, a pattern is taken to be at its margin."""
_BALANCED = 1e-24
"""Of |Jᵀℓ′|² in units of its largest: below, the pulls of the patterns cancel to rounding."""
_RELATIVE = 1e-9
"""Tolerance of the implicit methods, on the scale of the moving w."""
_STIFF = 1e6
"""Times of the fastest mode after which LSODA is left for Radau: five times as fast before, it goes back to explicit
steps where hardly anything moves any more, and stands (seen from 1e10 on, beside the jamming line)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelFlowed:
    """Where a flow of a constant kernel ends.

    Arguments:
        time: t; infinite where the limit is meant.
        margins: Δ (P,) there.
        pulls: q (P,), with w = w₀ − Jᵀq: outputs elsewhere move by Θ(x, x_μ) (y q).
        ending: why it stopped.
        events: changes of the set of unsatisfied patterns on the way.
    """

    time: float
    margins: Float64
    pulls: Float64
    ending: Ending
    events: int = 0


def kernel_flow(kernel: Array, margins: Array, loss: Loss, until: Until) -> KernelFlowed:
    """Follow Δ̇ = −K ℓ′(Δ)/P from Δ₀ at t = 0.

    Arguments:
        kernel: K = ∂Δ ∂Δᵀ (P, P), with the signs of the labels: y y′ Θ.
        margins: Δ₀ (P,).
        loss: ℓ; in closed form for the mean square (which no margin stops, as its Δ all tend to zero), exactly by
            pieces for the quadratic hinge.
        until: when to stop; at an infinite time the closed forms give the limit.

    Raises:
        BadInput: a kernel that does not fit.
    """
    K, start = np.asarray(kernel, dtype=np.float64), np.asarray(margins, dtype=np.float64)
    if K.shape != (len(start), len(start)):
        raise BadInput(f"kernel has shape {K.shape} for {len(start)} patterns; give (P, P).")
    if isinstance(loss, MeanSquare):
        segment = _Segment.of(K, start, np.ones(len(start), dtype=bool))
        pulls = segment.pulls(until.time)
        ending: Ending = "time" if np.isfinite(until.time) else "resting"
        return KernelFlowed(time=until.time, margins=start - K @ pulls, pulls=pulls, ending=ending)
    if isinstance(loss, QuadraticHinge):
        return _by_pieces(K, start, until)
    return _implicit(K, start, loss, until)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Segment:
    """A flow in which the same patterns pull: Δ_A(t) = e^(−K_AA t/P) Δ_A."""

    active: NDArray[np.bool_]
    values: Float64
    vectors: Float64
    start: Float64
    patterns: int

    @classmethod
    def of(cls, K: Float64, margins: Float64, active: NDArray[np.bool_]) -> "_Segment":
        values, vectors = np.linalg.eigh(K[np.ix_(active, active)])
        least = values[-1] * len(values) * np.finfo(np.float64).eps if len(values) else 0.0
        values = np.where(values > least, values, 0.0)
        return cls(
            active=active, values=values, vectors=vectors, start=vectors.T @ margins[active], patterns=len(margins)
        )

    def pulls(self, time: float) -> Float64:
        """Q (P,) at a time of the segment; the limit where it is infinite, without what K does not see."""
        pulls = np.zeros(self.patterns)
        pulls[self.active] = self.vectors @ self.spectral(np.array([time]))[:, 0]
        return pulls

    def spectral(self, times: Float64) -> Float64:
        """(1 − e^(−λt/P))/λ of Δ, in the basis of eigenvectors, (n, k)."""
        positive = self.values > 0
        safe = np.where(positive, self.values, 1.0)[:, None]
        with np.errstate(over="ignore"):
            rising = -np.expm1(-safe * (times / self.patterns)) / safe
        flat = np.where(np.isfinite(times), times, 0.0) / self.patterns
        return np.asarray(np.where(positive[:, None], rising, flat) * self.start[:, None])

    def times(self, longest: float) -> Float64:
        """When to look: from well before the fastest mode moves until well after the slowest has."""
        positive = self.values[self.values > 0]
        if not len(positive):
            return np.array([longest]) if np.isfinite(longest) else np.zeros(0)
        first, last = 1e-6 * self.patterns / positive[-1], 60 * self.patterns / positive[0]
        last = min(last, longest)
        return np.geomspace(min(first, last), last, _GRID)


def _by_pieces(K: Float64, start: Float64, until: Until) -> KernelFlowed:
    """The quadratic hinge: event after event."""
    margins, pulls, time, events = start.copy(), np.zeros(len(start)), 0.0, 0
    active = margins > 0
    scale = float(np.abs(start).max(initial=0.0)) or 1.0
    stop = 0.0 if until.margin is None else until.margin
    while True:
        if until.margin is not None and np.all(margins <= -stop):
            return KernelFlowed(time=time, margins=margins, pulls=pulls, ending="satisfied", events=events)
        if not active.any() or np.max(margins[active]) <= _ROUNDING * scale:
            return KernelFlowed(time=time, margins=margins, pulls=pulls, ending="resting", events=events)
        segment = _Segment.of(K, margins, active)
        event = _event(K, margins, segment, until.time - time, _ROUNDING * scale)
        if until.margin is not None:
            moment = _satisfied(K, margins, segment, until.time - time if event is None else event[0], -stop)
            if moment is not None:
                step = segment.pulls(moment)
                return KernelFlowed(
                    time=time + moment, margins=margins - K @ step, pulls=pulls + step, ending="satisfied",
                    events=events,
                )  # fmt: skip
        if event is None:
            step = segment.pulls(until.time - time)
            ending: Ending = "time" if np.isfinite(until.time) else "resting"
            return KernelFlowed(
                time=until.time, margins=margins - K @ step, pulls=pulls + step, ending=ending, events=events
            )
        moment, pattern = event
        step = segment.pulls(moment)
        margins, pulls, time, events = margins - K @ step, pulls + step, time + moment, events + 1
        margins[pattern] = 0.0
        active = active.copy()
        active[pattern] = not active[pattern]


def _event(
    K: Float64, margins: Float64, segment: _Segment, longest: float, rounding: float
) -> tuple[float, int] | None:
    """When, and of which pattern, Δ next changes its sign; None if none does."""
    times, active = segment.times(longest), segment.active
    if not len(times):
        return None
    modes = K[:, active] @ segment.vectors
    course = margins[:, None] - modes @ segment.spectral(times)
    changed = np.where(active[:, None], course < -rounding, course > rounding)
    columns = np.flatnonzero(changed.any(axis=0))
    if not len(columns):
        return None
    column = int(columns[0])
    before, after = float(times[column - 1]) if column else 0.0, float(times[column])

    def at(time: float, pattern: int) -> float:
        return float(margins[pattern] - modes[pattern] @ segment.spectral(np.array([time]))[:, 0])

    moments = []
    patterns = [int(pattern) for pattern in np.flatnonzero(changed[:, column])]
    for pattern in patterns:
        ends = at(before, pattern), at(after, pattern)
        crossing = ends[0] * ends[1] < 0
        moments.append(brentq(at, before, after, args=(pattern,), xtol=1e-15 * after) if crossing else after)
    first = int(np.argmin(moments))
    return float(moments[first]), patterns[first]


def _satisfied(K: Float64, margins: Float64, segment: _Segment, longest: float, bound: float) -> float | None:
    """When the largest Δ first falls to a bound within a segment; None if it does not."""
    times = segment.times(longest)
    if not len(times):
        return None
    modes = K[:, segment.active] @ segment.vectors

    def largest(time: float) -> float:
        return float((margins - modes @ segment.spectral(np.array([time]))[:, 0]).max()) - bound

    course = (margins[:, None] - modes @ segment.spectral(times)).max(axis=0) - bound
    columns = np.flatnonzero(course <= 0)
    if not len(columns):
        return None
    column = int(columns[0])
    before, after = float(times[column - 1]) if column else 0.0, float(times[column])
    if largest(before) <= 0 or largest(after) >= 0:
        return after
    return float(brentq(largest, before, after, xtol=1e-15 * after))


def _implicit(K: Float64, start: Float64, loss: Loss, until: Until) -> KernelFlowed:
    """Other losses: SciPy's LSODA and then Radau, decade after decade of t.

    In coordinates a of the moving w, K = G Gᵀ and Δ = Δ₀ − G a: where K is singular q grows for ever and a does not.
    """
    count = len(start)
    values, vectors = np.linalg.eigh(K)
    positive = values > max(values[-1], 0.0) * count * np.finfo(np.float64).eps
    roots = np.sqrt(values[positive])
    G = vectors[:, positive] * roots
    if not len(roots):
        return KernelFlowed(time=until.time, margins=start, pulls=np.zeros(count), ending="resting")
    unit = count / float(roots[-1]) ** 2

    def slope(_t: float, a: Float64) -> Float64:
        return np.asarray(G.T @ loss.slope(start - G @ a) / count, dtype=np.float64)

    def bend(_t: float, a: Float64) -> Float64:
        return np.asarray(-(G.T * loss.curvature(start - G @ a)) @ G / count)

    def satisfied(_t: float, a: Float64) -> float:
        return float((start - G @ a).max()) + (until.margin or 0.0)

    def ended(time: float, a: Float64, ending: Ending) -> KernelFlowed:
        return KernelFlowed(time=time, margins=start - G @ a, pulls=vectors[:, positive] @ (a / roots), ending=ending)

    satisfied.terminal, satisfied.direction = True, -1  # type: ignore[attr-defined]
    watched = [] if until.margin is None else [satisfied]
    time, a, begun = 0.0, np.zeros(len(roots)), False
    while True:
        margins, speed = start - G @ a, slope(time, a)
        value, power = float(np.mean(loss.value(margins))), float(speed @ speed)
        decline = time * power / value if value > 0 else 0.0
        begun = begun or decline > BEGUN
        if until.margin is not None and margins.max() <= -until.margin:
            return ended(time, a, "satisfied")
        if time >= until.time:
            return ended(time, a, "time")
        pulling = loss.slope(margins) / count
        balanced = power <= _BALANCED * float(roots[-1]) ** 2 * float(pulling @ pulling)
        if balanced or (until.resting and begun and decline < RESTING):
            return ended(time, a, "resting")
        reach = min(until.time, max(10 * time, unit))
        least = _RELATIVE * max(float(np.abs(a).max()), 1e-3 * unit * float(np.abs(speed).max()))
        method: Any = "LSODA" if time < _STIFF * unit else "Radau"
        solution = solve_ivp(
            slope, (time, reach), a, method=method, jac=bend, events=watched, rtol=_RELATIVE, atol=least
        )  # fmt: skip
        if solution.status == 1 and solution.t_events is not None and solution.y_events is not None:
            return ended(float(solution.t_events[0][0]), solution.y_events[0][0], "satisfied")
        if not solution.success:
            return ended(time, a, "stuck")
        time, a = float(reach), solution.y[:, -1]
