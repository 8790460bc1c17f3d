"""A problem that is looked at while second-order steps lower its loss."""

from collections.abc import Callable, Sequence
from typing import Any

from jamharness.api import Array, Problem


class Followed:
    """The problem itself, that also shows where a minimisation stands at some of its steps.

    Between two steps ``minimise`` asks the problem for its margins, to see whether every pattern is satisfied: each
    other w that it asks at is a step.

    Arguments:
        problem: that is minimised.
        steps: at which ``look`` is called, rising.
        look: given the step and w.
    """

    def __init__(self, problem: Problem, steps: Sequence[int], look: Callable[[int, Array], object]) -> None:
        self._problem, self._steps, self._look = problem, frozenset(steps), look
        self._taken, self._last = -1, b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._problem, name)

    def margins(self, w: Array) -> Array:
        """Δ (P,) at w, as the problem has it."""
        here = w.tobytes()
        if here != self._last:
            self._taken, self._last = self._taken + 1, here
            if self._taken in self._steps:
                self._look(self._taken, w)
        return self._problem.margins(w)
