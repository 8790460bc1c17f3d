"""Times of a backend's methods, taken inside the process that computes."""

import time
from collections.abc import Callable

import numpy as np

from jamharness.api import Adam, Network, State, generator
from jamharness.execution.job import Target, backend_of

SPAN = 0.5
"""Seconds over which a method is repeated; the fastest repetition counts."""


def methods(target: Target, width: int, depth: int, load: float) -> dict[str, float]:
    """Seconds of each method at the initial w of a relu network with d = h on Gaussian patterns.

    Arguments:
        target: the backend and where it computes.
        width: h, units of each layer and inputs.
        depth: L, hidden layers.
        load: patterns per weight.
    """
    backend = backend_of(target)
    network = Network(inputs=width, width=width, depth=depth)
    patterns = max(2, 2 * round(load * network.weights / 2))
    draw = generator("bench", width, depth)
    x, y = draw.standard_normal((patterns, width)), np.where(np.arange(patterns) % 2, 1.0, -1.0)
    problem, w = backend.problem(network, x, y), network.initial(seed=0)
    rule, moved = Adam(learning_rate=1e-6), iter(range(1, 1 << 30))
    state = problem.descend(State(w=w), 10, rule)

    def elsewhere() -> np.ndarray[tuple[int], np.dtype[np.floating]]:
        return w * (1 + 1e-12 * next(moved))  # what a problem keeps of the last w must not help

    return {
        "margins": _best(lambda: problem.margins(elsewhere())),
        "loss_and_gradient": _best(lambda: problem.loss_and_gradient(elsewhere())),
        "Adam's update": _best(lambda: problem.descend(state, 100, rule)) / 100,
        "damped_step": _best(lambda: problem.damped_step(elsewhere(), 1.0)),
        "truncated_step": _best(lambda: problem.truncated_step(elsewhere(), 1.0, 0.1)),
    }


def products(threads: int, size: int = 1500) -> float:
    """The rate of float64 matrix products in NumPy, in GF/s."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    A = generator("products").standard_normal((size, size))
    with threadpool_limits(threads):
        return 2e-9 * size**3 / _best(lambda: A @ A)


def _best(call: Callable[[], object]) -> float:
    call()
    end = time.perf_counter() + SPAN
    times: list[float] = []
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
