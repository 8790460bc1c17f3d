"""Gradient flow ẇ = −∇L of any problem, by steps whose error is controlled."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from jamharness.api import Array, BadInput, DerivedProblem, Problem, unknown_name
from jamharness_numerics.flow.bounded_euler import BoundedEuler
from jamharness_numerics.flow.chebyshev import Chebyshev
from jamharness_numerics.flow.evaluation import Field
from jamharness_numerics.flow.exponential import Exponential
from jamharness_numerics.flow.outcome import BEGUN, RESTING, Ending, Flowed, Place, Until

_SAID = 50
"""Steps between two words on progress."""


class Integrator(Protocol):
    """One way to make steps; it counts those that it had to make again."""

    rejected: int

    def advance(self, place: Place, reach: float) -> Place | None:
        """The end of the next step, at ``reach`` at the latest; None where no step can be made."""

    def crossing(self, place: Place, after: Place, level: float) -> Place:
        """Where in a step the largest Δ falls to a level."""


INTEGRATORS: Mapping[str, Any] = {
    "authors": BoundedEuler, "chebyshev": Chebyshev, "exponential": Exponential
}  # fmt: skip
METHODS = tuple(INTEGRATORS)


def gradient_flow(
    problem: Problem | DerivedProblem,
    w: Array,
    method: str = "chebyshev",
    tolerance: float | None = None,
    until: Until | None = None,
    rate: float = 1.0,
    at: Sequence[float] = (),
    say: Callable[[str], None] = lambda _text: None,
) -> Flowed:
    """Follow ẇ = −rate ∇L(w) from w at t = 0.

    Arguments:
        problem: a network, or any other problem that gives gradients, under any loss.
        w: (N,) where to start; not modified.
        method: ``"authors"``: Euler steps with the two bounds of arXiv 1906.08034; ``"chebyshev"``: stabilised explicit
            steps; ``"exponential"``: on the tangent kernel.
        tolerance: of one step; None for the method's own: 1e-4 of the turn of ∇L (authors), of the error in Δ 1e-4
            (chebyshev) and 1e-2 (exponential, whose companion is two orders lower).
        until: when to stop; None for N_Δ = 0.
        rate: a constant factor of time.
        at: times at which w is kept; steps end there.
        say: told now and then where it stands.

    Raises:
        BadInput: an unknown method, or a tolerance or rate that is not positive.
    """
    if method not in INTEGRATORS:
        raise BadInput(unknown_name("method of flow", method, INTEGRATORS))
    tolerance = INTEGRATORS[method].default if tolerance is None else tolerance
    if not (0 < tolerance < float("inf") and 0 < rate < float("inf")):
        raise BadInput(f"tolerance = {tolerance}, rate = {rate}: both must be positive numbers.")
    until = until or Until()
    field = Field(problem, rate)
    integrator: Integrator = INTEGRATORS[method](field, tolerance)
    place = field.place(np.array(w, dtype=problem.backend.dtype), 0.0)
    landings = [time for time in sorted(set(at)) if 0 < time <= until.time]
    if np.isfinite(until.time) and until.time not in landings:
        landings.append(until.time)
    history, begun = [_record(field, place)], False
    snapshots: list[tuple[float, Array]] = []
    while True:
        decline = place.time * rate * float(place.gradient @ place.gradient) / place.loss if place.loss else 0.0
        begun = begun or decline > BEGUN
        ending = _ending(field, place, until, resting=begun and decline < RESTING)
        new = integrator.advance(place, landings[0] if landings else float("inf")) if ending is None else None
        if new is None:
            return _flowed(field, place, ending or "stuck", history, snapshots, integrator.rejected)
        if until.margin is not None and np.all(new.margins <= -until.margin):
            new = integrator.crossing(place, new, -until.margin)
        if landings and new.time == landings[0] and landings.pop(0) in at:
            snapshots.append((new.time, new.w))
        place = new
        history.append(_record(field, place))
        if len(history) % _SAID == 0:
            say(f"t = {place.time:.3g}: {history[-1][2]} unsatisfied, L = {place.loss:.2e}")


def _ending(field: Field, place: Place, until: Until, *, resting: bool) -> Ending | None:
    if place.loss <= until.loss or (until.margin is not None and bool(np.all(place.margins <= -until.margin))):
        return "satisfied"
    if place.time >= until.time:
        return "time"
    if field.gradients >= until.gradients:
        return "budget"
    if not np.any(place.gradient) or (until.resting and resting):
        return "resting"
    return None


def _record(field: Field, place: Place) -> tuple[float, float, int]:
    return place.time, place.loss, field.unsatisfied(place.margins)


def _flowed(
    field: Field,
    place: Place,
    ending: Ending,
    history: Sequence[tuple[float, float, int]],
    snapshots: Sequence[tuple[float, Array]],
    rejected: int,
) -> Flowed:
    times, losses, counts = zip(*history, strict=True)
    return Flowed(
        end=place,
        ending=ending,
        unsatisfied=counts[-1],
        steps=len(history) - 1,
        rejected=rejected,
        gradients=field.gradients,
        at=np.array([time for time, _ in snapshots]),
        kept=np.array([w for _, w in snapshots]).reshape(len(snapshots), len(place.w)),
        times=np.array(times),
        losses=np.array(losses),
        counts=np.array(counts),
    )
