"""Time to zero loss: the default minimiser against full-batch Adam, on the same problem in the same run.

Run with ``pytest benchmarks --benchmark-enable -s``; it prints the ratio. The opponent is stopped at 20 times our time.
"""

from time import perf_counter

import numpy as np
import pytest
from jamharness_protocols.minimise import minimise

from jamharness import load_backend
from jamharness.api import Adam, DataRequest, Network, State
from jamharness.plugins import load_data

pytestmark = pytest.mark.torch
CAP = 20


@pytest.mark.parametrize("rate", [1e-4, 1e-3, 1e-2], ids=["published-rate", "1e-3", "1e-2"])
@pytest.mark.parametrize("load", [2.0, 2.5])
def test_against_adam(benchmark, load, rate):
    """P/N_w = 2.0 and 2.5, d = h = 12, depth 3, relu, float64, one thread."""
    network = Network(inputs=12, width=12, depth=3)
    patterns = 2 * round(load * network.weights / 2)
    data = load_data(DataRequest(dataset="random", inputs=12, patterns=patterns, seed=0))
    problem = load_backend("torch", threads=1).problem(network, data.x, data.y)
    w = network.initial(seed=0)

    found = benchmark.pedantic(lambda: minimise(problem, w), rounds=1, iterations=1)
    assert found.outcome == "satisfied"

    start, state = perf_counter(), State(w=w)
    while (spent := perf_counter() - start) < CAP * found.seconds:
        state = problem.descend(state, 200, Adam(learning_rate=rate))
        if not np.any(problem.margins(state.w) > 0):
            break
    unsatisfied = int(np.count_nonzero(problem.margins(state.w) > 0))
    end = f"not finished, {unsatisfied} unsatisfied" if unsatisfied else "finished"
    print(
        f"\nP/N_w = {load}, Adam at {rate:g}: {spent / found.seconds:.1f} times the {found.seconds:.2f} s of lm after "
        f"{state.step} steps ({end})"
    )
