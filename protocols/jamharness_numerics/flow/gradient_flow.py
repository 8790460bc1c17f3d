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

_SHORTEST = 1e-14
"""Of dt in units of t: shorter steps do not move time in float64."""
_SAID = 50
"""Steps between two words on progress."""


class Integrator(Protocol):
    """One way to make a step."""

    def step(self, place: Place, dt: float) -> tuple[Place, float]:
        """The end of a step and its error in units of what is allowed: below 1 it is kept."""

    def next(self, dt: float, error: float) -> float:
        """The dt that should follow a step of this one with that error."""


INTEGRATORS: Mapping[str, Any] = {"authors": BoundedEuler, "chebyshev": Chebyshev, "exponential": Exponential}
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
        tolerance: of one step; None for the method's own: 1e-4 of the turn of ∇L (authors), and of the error in Δ 1e-4
            and 1e-2, of which the last is of a companion one order lower.
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
    dt = _first_step(place, rate)
    history, rejected, begun = [_record(field, place)], 0, False
    kept: list[tuple[float, Array]] = []
    while True:
        decline = place.time * rate * float(place.gradient @ place.gradient) / place.loss if place.loss else 0.0
        begun = begun or decline > BEGUN
        ending = _ending(field, place, until, resting=begun and decline < RESTING)
        if ending is None and dt <= _SHORTEST * place.time:
            ending = "stuck"
        if ending is not None:
            return _flowed(field, place, ending, history, kept, rejected)
        reach = landings[0] - place.time if landings else float("inf")
        length = reach if dt >= reach * (1 - 1e-9) else dt
        new, error = integrator.step(place, length)
        following = integrator.next(length, error)
        if not (error < 1 and new.finite):
            rejected += 1
            dt = min(following, 0.9 * length)
            continue
        if length == reach:
            new = Place(w=new.w, time=landings.pop(0), margins=new.margins, loss=new.loss, gradient=new.gradient)
            if new.time in at:
                kept.append((new.time, new.w))
        dt = max(following, dt) if length < dt else following
        place = new
        history.append(_record(field, place))
        if len(history) % _SAID == 0:
            say(f"t = {place.time:.3g}: {history[-1][2]} unsatisfied, L = {place.loss:.2e}")


def _first_step(place: Place, rate: float) -> float:
    """The time in which L would fall by a thousandth: the same step whatever the units of time."""
    speed = rate * float(place.gradient @ place.gradient)
    return 1e-3 * place.loss / speed if speed and place.loss > 0 else 1.0


def _ending(field: Field, place: Place, until: Until, *, resting: bool) -> Ending | None:
    if until.margin is not None and bool(np.all(place.margins <= -until.margin)):
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
    kept: Sequence[tuple[float, Array]],
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
        at=np.array([time for time, _ in kept]),
        kept=np.array([w for _, w in kept]).reshape(len(kept), len(place.w)),
        times=np.array(times),
        losses=np.array(losses),
        counts=np.array(counts),
    )
