"""Gradient flows of one small network side by side: what they ask for is computed in one array.

Each flow is followed by ``gradient_flow`` itself, with its own steps, in a thread of its own. Where all that still go
on wait for Δ or ∇L at some w, the calling thread computes these for all of them along a leading axis: a small network
spends its time between the operations of a framework and not in them. No flow knows of the others, and each is as it
would be alone, to rounding.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

from jamharness.api import Array, BadInput, DerivedProblem, Float64, Output
from jamharness_numerics.flow.gradient_flow import gradient_flow
from jamharness_numerics.flow.outcome import Flowed, Until


def gradient_flows(
    problems: Sequence[DerivedProblem],
    starts: Sequence[Array],
    method: str = "chebyshev",
    tolerance: float | None = None,
    until: Until | None = None,
    say: Callable[[str], None] = lambda _text: None,
) -> list[Flowed]:
    """Follow ẇ = −∇L of several problems side by side, each as ``gradient_flow`` would alone.

    It pays where steps need gradients alone (``"chebyshev"``, ``"authors"``): Jacobians are computed one after the
    other (benchmarks/flow.py).

    Arguments:
        problems: of one system on the same data; their losses may differ, and the scale α of an ``Output``.
        starts: w (N,) of each.
        method: as of ``gradient_flow``, the same for all.
        tolerance: likewise.
        until: likewise.
        say: told now and then where the first of them stands.

    Raises:
        BadInput: problems of different systems or data, or what ``gradient_flow`` refuses.
    """
    together = _Together(problems, starts)
    flows: list[Any] = [None] * len(problems)

    def follow(lane: int) -> None:
        words = say if lane == 0 else (lambda _text: None)
        try:
            flows[lane] = gradient_flow(
                _Lane(problems[lane], together, lane), starts[lane], method, tolerance, until, say=words
            )
        except BaseException as error:  # noqa: BLE001  (raised again by the thread that waits)
            flows[lane] = error
        together.asked.put((lane, None))

    threads = [Thread(target=follow, args=(lane,), daemon=True) for lane in range(len(problems))]
    for thread in threads:
        thread.start()
    together.answer()
    for thread in threads:
        thread.join()
    for each in flows:
        if isinstance(each, BaseException):
            raise each
    return flows


class _Together:
    """Problems that differ in a factor of their gaps and in their losses, evaluated together.

    Arguments:
        problems: the problems.
        starts: w of each.
    """

    def __init__(self, problems: Sequence[DerivedProblem], starts: Sequence[Array]) -> None:
        kinds = {_kind(problem) for problem in problems}
        same = all(
            problem.given.keys() == problems[0].given.keys()
            and all(np.array_equal(values, problems[0].given[name]) for name, values in problem.given.items())
            for problem in problems
        )
        if len(kinds) != 1 or not same or len(starts) != len(problems):
            raise BadInput(
                f"Flows side by side are of one system on the same data, with a w each; these are {len(problems)} "
                f"problems of {len(kinds)} systems, on {'the same' if same else 'other'} data, with {len(starts)} w."
            )
        self._problems, self._first = tuple(problems), problems[0]
        scales = np.array([_scale(problem) for problem in problems])
        self._factors: Float64 = scales / scales[0]
        self._w = np.array([np.asarray(w, dtype=self._first.backend.dtype) for w in starts])
        self.asked: SimpleQueue[tuple[int, Array | None]] = SimpleQueue()
        self.answers: list[SimpleQueue[Any]] = [SimpleQueue() for _ in problems]

    def answer(self) -> None:
        """Serve all flows until the last has ended."""
        waiting: set[int] = set()
        running = len(self._problems)
        while running:
            lane, w = self.asked.get()
            if w is None:
                running -= 1
            else:
                waiting.add(lane)
                self._w[lane] = w
            if waiting and len(waiting) == running:
                try:
                    margins, gradients = self._evaluated()
                    replies: list[Any] = list(zip(margins, gradients, strict=True))
                except BaseException as error:  # noqa: BLE001  (every flow that waits must hear of it, or would for ever)
                    replies = [error] * len(self._problems)
                for each in waiting:
                    self.answers[each].put(replies[each])
                waiting.clear()

    def _evaluated(self) -> tuple[list[Array], Array]:
        """Δ (P,) and ∇L (N,) of each; those that have ended go along where they ended."""
        margins: list[Array] = []

        def slopes(gaps: Array) -> Array:
            margins.extend(
                problem.loss.margins(factor * row)
                for problem, factor, row in zip(self._problems, self._factors, gaps, strict=True)
            )
            pulls = [
                -factor * np.asarray(problem.loss.slope(own)) / len(own)
                for problem, factor, own in zip(self._problems, self._factors, margins, strict=True)
            ]
            return np.array(pulls)

        first = self._first
        _, gradients = first.differentiator.values_and_pulls(first.gaps, self._w, first.data, slopes)
        return margins, gradients


class _Lane(DerivedProblem):
    """One of several problems, which asks for Δ and ∇L together with the others."""

    def __init__(self, problem: DerivedProblem, together: _Together, lane: int) -> None:
        super().__init__(
            problem.backend, problem.system, problem.given, problem.loss, problem.differentiator, problem.data
        )
        self._together, self._lane = together, lane

    def margins(self, w: Array) -> Array:
        """Δ (P,)."""
        return self.margins_and_gradient(w)[0]

    def margins_and_gradient(self, w: Array) -> tuple[Array, Array]:
        """Δ (P,) and ∇L (N,)."""
        self._together.asked.put((self._lane, w))
        reply = self._together.answers[self._lane].get()
        if isinstance(reply, BaseException):
            raise reply
        margins, gradient = reply
        return margins, gradient


def _scale(problem: DerivedProblem) -> float:
    return problem.system.scale if isinstance(problem.system, Output) else 1.0


def _kind(problem: DerivedProblem) -> Any:
    """The system, whatever its α."""
    return replace(problem.system, scale=1.0) if isinstance(problem.system, Output) else problem.system
