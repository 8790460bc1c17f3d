"""What the benchmarks measure, as functions that a worker process calls: one framework per process."""

import os
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from jamharness_numerics.minimise import minimise

from jamharness.api import Adam, DataRequest, Network, Problem, State
from jamharness.plugins import load_backend, load_data

FULL = bool(os.environ.get("JAMHARNESS_FULL"))
"""Whether the benchmarks run at their full size."""


def pose(backend: str, threads: int, width: int, depth: int, load: float, seed: int, activation: str = "relu") -> Any:
    """A problem on random data with d = h at P/N_w = load, and its initial w."""
    network = Network(inputs=width, width=width, depth=depth, activation=activation)
    patterns = 2 * round(load * network.weights / 2)
    data = load_data(DataRequest(dataset="random", inputs=width, patterns=patterns, seed=seed))
    problem = load_backend(backend, threads=threads).problem(network, data.x, data.y)
    return problem, network.initial(seed=seed)


def products(threads: int, size: int = 2000) -> float:
    """The machine's own rate of float64 matrix products, in GF/s: the best of several."""
    from threadpoolctl import threadpool_limits

    A = np.random.default_rng(0).standard_normal((size, size))
    with threadpool_limits(threads):
        return 2e-9 * size**3 / best(lambda: A @ A, 5)


def best(call: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest of several calls, after one that does not count."""
    call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def verdict(
    backend: str, threads: int, width: int, depth: int, load: float, seed: int, activation: str = "relu"
) -> dict[str, Any]:
    """One minimisation from the initial w; programs are traced before, on another seed, for a few steps."""
    warm, w = pose(backend, threads, width, depth, load, seed + 1000, activation)
    minimise(warm, w, budget=8)
    problem, w = pose(backend, threads, width, depth, load, seed, activation)
    minimisation = minimise(problem, w)
    return {
        "outcome": minimisation.outcome, "seconds": minimisation.seconds, "iterations": minimisation.iterations,
        "factorisations": minimisation.factorisations, "unsatisfied": minimisation.unsatisfied,
        "parameters": problem.network.size, "patterns": problem.patterns, "weights": problem.network.weights,
        "certificate": minimisation.certificate, "resting": minimisation.resting, "kinks": minimisation.kinks,
        "balance": minimisation.balance,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }  # fmt: skip


def adam(backend: str, threads: int, width: int, depth: int, load: float, seed: int, rate: float, cap: float) -> Any:
    """Full-batch Adam at a constant rate until every pattern is satisfied or the time is up."""
    problem, w = pose(backend, threads, width, depth, load, seed)
    rule, state = Adam(learning_rate=rate), State(w=w)
    state = problem.descend(state, 1, rule)
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < cap:
        state = problem.descend(state, 500, rule)
        if not np.any(problem.margins(state.w) > 0):
            spent = time.perf_counter() - start
            break
    return {"seconds": spent, "updates": state.step, "unsatisfied": int(np.count_nonzero(problem.margins(state.w) > 0))}


def library(backend: str, threads: int, width: int, depth: int, load: float, seed: int, cap: float) -> dict[str, Any]:
    """scipy.optimize.least_squares (trust region reflective) on max(0, Δ) with the exact Jacobian."""
    from scipy.optimize import least_squares

    problem, w = pose(backend, threads, width, depth, load, seed)
    start, state = time.perf_counter(), {"w": w}
    rows = np.arange(problem.patterns)

    class Over(Exception):
        pass

    def residuals(at: Any) -> Any:
        state["w"] = at
        if time.perf_counter() - start > cap:
            raise Over
        return np.maximum(problem.margins(at), 0.0)

    def jacobian(at: Any) -> Any:
        return problem.jacobian(at, rows) * (problem.margins(at) > 0)[:, np.newaxis]

    ended = "finished"
    try:
        state["w"] = least_squares(residuals, w, jacobian, method="trf", xtol=1e-15, ftol=1e-15, gtol=1e-15).x
    except Over:
        ended = "stopped"
    unsatisfied = int(np.count_nonzero(problem.margins(state["w"]) > 0))
    return {"seconds": time.perf_counter() - start, "unsatisfied": unsatisfied, "ended": ended}


def steps(backend: str, threads: int, width: int, depth: int, load: float) -> dict[str, Any]:
    """Times of single steps at the initial w: an LM step in full and truncated, and an update of Adam."""
    problem, w = pose(backend, threads, width, depth, load, 0)
    n, size = int(np.count_nonzero(problem.margins(w) > 0)), problem.network.size
    widths = sum(out + fan for out, fan in problem.network.shapes)
    moved = iter(range(1, 10_000))
    full = best(lambda: problem.damped_step(w * (1 + 1e-9 * next(moved)), 1.0), 3)
    truncated = best(lambda: problem.truncated_step(w * (1 + 1e-9 * next(moved)), 1.0, 0.1), 3)
    # Counted as operations that the result needs: half of a symmetric product, a third of a cube for its factor.
    needed = min(n * n * widths + n**3 / 3, n * size**2 + size**3 / 3)
    update = updates(problem, w)
    return {
        "parameters": size, "unsatisfied": n, "full": full, "truncated": truncated, "update": update,
        "full_rate": 1e-9 * needed / full,
        "update_rate": 1e-9 * 2 * problem.network.weights * (problem.patterns + 2 * n) / update,
    }  # fmt: skip


def updates(problem: Problem, w: Any) -> float:
    """Seconds of one update of Adam, from the 20 000th on: where a framework compiles long runs, it has."""
    rule = Adam(learning_rate=1e-5)
    state = problem.descend(State(w=w, step=20_000), 8, rule)
    start = time.perf_counter()
    problem.descend(state, 8, rule)
    count = max(8, min(4000, int(1.0 / (time.perf_counter() - start) * 8)))
    times = []
    for _ in range(3):
        start = time.perf_counter()
        problem.descend(state, count, rule)
        times.append((time.perf_counter() - start) / count)
    return statistics.median(times)
