"""Steps that are made again, shorter, until their error is small enough; and how large that error is."""

from abc import ABC, abstractmethod

import numpy as np

from jamharness.api import Array
from jamharness_numerics.flow.evaluation import Field
from jamharness_numerics.flow.outcome import Place

SAFETY, MOST, LEAST = 0.8, 5.0, 0.1
_AHEAD = 10.0
"""The longest step in units of the time before it: beyond, sums of the size of dt ∇L cancel to their rounding."""
_PRECISION = 0.01
"""To which part of a step the time is found at which the last pattern is satisfied."""
_SHORTEST = 1e-14
"""The shortest, likewise: shorter ones do not move time in float64."""


class Controlled(ABC):
    """An integrator that keeps a step if its error is below a tolerance.

    Arguments:
        field: the flow.
        tolerance: of a step.
    """

    default: float

    def __init__(self, field: Field, tolerance: float) -> None:
        self.field, self.tolerance = field, tolerance
        self.rejected = 0
        self._dt: float | None = None

    @abstractmethod
    def step(self, place: Place, dt: float) -> tuple[Place, float]:
        """The end of a step, and its error in units of what is allowed: below 1 it is kept."""

    @abstractmethod
    def next(self, dt: float, error: float) -> float:
        """The dt that should follow a step of this one with that error."""

    def advance(self, place: Place, reach: float) -> Place | None:
        """The end of one step that is kept, at ``reach`` at the latest; None where it would have to be too short."""
        left = reach - place.time
        dt = self._dt or self._first(place)
        if place.time > 0:
            dt = min(dt, _AHEAD * place.time)
        while dt > _SHORTEST * place.time:
            length = left if dt >= left * (1 - 1e-9) else dt
            new, error = self.step(place, length)
            following = self.next(length, error)
            if error < 1 and new.finite:
                self._dt = max(following, dt) if length < dt else following
                return new if length < left else new.moved(reach)
            self.rejected += 1
            dt = min(following, 0.9 * length)
        return None

    def crossing(self, place: Place, after: Place, level: float) -> Place:
        """The first time of a step at which every Δ is at most a level, within ``_PRECISION`` of the step.

        Arguments:
            place: where the step began, with some Δ above the level.
            after: where it ended, with none.
            level: of Δ.
        """
        low, high, best = 0.0, after.time - place.time, after
        above, below = float(place.margins.max()) - level, float(after.margins.max()) - level
        whole = high
        while high - low > _PRECISION * whole:
            # The secant, kept away from the ends so that the bracket shrinks from both sides.
            part = min(0.9, max(0.1, above / (above - below)))
            middle = low + part * (high - low)
            new, _ = self.step(place, middle)
            value = float(new.margins.max()) - level
            if value <= 0:
                high, below, best = middle, value, new
            else:
                low, above = middle, value
        return best

    def _first(self, place: Place) -> float:
        """The time in which L would fall by a thousandth: the same step whatever the units of time."""
        speed = self.field.rate * float(place.gradient @ place.gradient)
        return 1e-3 * place.loss / speed if speed and place.loss > 0 else 1.0


def error_of(field: Field, w: Array, margins: Array, difference: Array) -> float:
    """The difference between a step and a less accurate one, as seen in Δ and in w.

    The larger of max|Δ(w) − Δ(w − difference)| and |difference|/|w|. The first means the same in the lazy regime, where
    w hardly moves, and in that of features; the second sees what the training set does not.

    Arguments:
        field: the flow.
        w: (N,) where the step ended.
        margins: Δ (P,) there.
        difference: (N,).
    """
    margin_error = float(np.abs(field.margins(w - difference) - margins).max())
    own = float(np.linalg.norm(difference) / max(np.linalg.norm(w), np.finfo(np.float64).tiny))
    return max(margin_error, own)


def rescaled(dt: float, error: float, order: int) -> float:
    """The dt whose error would be ``SAFETY`` of the bound.

    Arguments:
        dt: of the last step.
        error: in units of the bound.
        order: p of an error ∝ dt^p.
    """
    if not np.isfinite(error):
        return dt * LEAST
    factor = SAFETY * max(error, 1e-12) ** (-1 / order)
    return float(dt * min(MOST, max(LEAST, factor)))
