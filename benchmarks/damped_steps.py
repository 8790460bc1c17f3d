"""Damped least-squares steps of networks at fixed |w|: in a Krylov space, against NumPy's QR of the same system.

``python benchmarks/damped_steps.py --widths 10 20 28`` times both in turn, the Jacobian apart, at the initial w of
softplus(8) networks of two hidden layers, κ = 0.2 and P/N_w = 2, and prints the medians and their ratio.
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

from jamharness import load_backend
from jamharness.api import DataRequest, Network, QuadraticHinge, Spherical
from jamharness.api.fallbacks import solve_damped
from jamharness.api.krylov import Bidiagonalisation
from jamharness.plugins import load_data

DAMPING, TOLERANCE = 1.0, 0.1
"""λ at which Levenberg–Marquardt begins, and the residual that it asks for."""


def seconds(call: Callable[[], object]) -> float:
    """Of one call."""
    start = perf_counter()
    call()
    return perf_counter() - start


def row(width: int, rounds: int) -> str:
    """N, n, the two medians and their ratio."""
    network = Network(inputs=width, width=width, depth=2, activation="softplus(8)")
    data = load_data(DataRequest(dataset="random", inputs=width, patterns=2 * network.weights, seed=0))
    system = Spherical(network=network)
    problem = load_backend("torch").derived_problem(system, {"x": data.x, "y": data.y}, QuadraticHinge(margin=0.2))
    w = system.initial(0)
    margins = problem.margins(w)
    rows = np.flatnonzero(margins > 0)
    delta, J = margins[rows], problem.tangent(w, problem.jacobian(w, rows))

    def krylov() -> None:
        Bidiagonalisation(lambda v: J @ v, lambda u: u @ J, delta).solve(DAMPING, TOLERANCE)

    times = [(seconds(krylov), seconds(lambda: solve_damped(J, delta, DAMPING))) for _ in range(rounds)]
    short, long = (median(column) for column in zip(*times, strict=True))
    return f"| {width} | {system.size} | {len(rows)} | {1e3 * short:.1f} | {1e3 * long:.1f} | {long / short:.0f} |"


def main() -> None:
    """Print a row for each width."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", type=int, nargs="+", default=[10, 15, 20, 28])
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print("| h | N | n | Krylov ms | QR ms | ratio |\n|---|---|---|---|---|---|")
    for width in arguments.widths:
        print(row(width, arguments.rounds), flush=True)


if __name__ == "__main__":
    main()
