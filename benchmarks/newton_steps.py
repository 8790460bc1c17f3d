"""Approaches to jamming by Newton's method: with the factors of earlier Hessians, against a Hessian for every step.

``python benchmarks/newton_steps.py --widths 20 28`` brings softplus(8) networks of two hidden layers at fixed |w| from
κ = 0.2, P/N_w = 2, to jamming, both ways in turn, and prints how long each took, their ratio, and how many Hessians and
products with them there were.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import Any
from unittest.mock import patch

from jamharness_numerics.approach import approach
from jamharness_numerics.minimise import quadratic_model
from jamharness_numerics.minimise.quadratic_model import Dense, Products

from jamharness import load_backend
from jamharness.api import DataRequest, Network, QuadraticHinge, Spherical
from jamharness.plugins import load_data


def counted(method: Callable[..., Any], calls: Counter[str], name: str) -> Callable[..., Any]:
    """The method, whose calls are counted."""

    def call(*arguments: Any, **named: Any) -> Any:
        calls[name] += 1
        return method(*arguments, **named)

    return call


def row(width: int, seed: int) -> str:
    """Both ways for one network."""
    network = Network(inputs=width, width=width, depth=2, activation="softplus(8)")
    data = load_data(DataRequest(dataset="random", inputs=width, patterns=2 * network.weights, seed=seed))
    posed = {"x": data.x, "y": data.y}
    problem = load_backend("torch", threads=1).problem(
        Spherical(network=network), posed, loss=QuadraticHinge(margin=0.2)
    )
    w = problem.retract(network.initial(seed))
    cells = []
    for large in (1, 1 << 60):
        calls = Counter[str]()
        with (
            patch.object(quadratic_model, "LARGE", large),
            patch.object(Dense, "__init__", counted(Dense.__init__, calls, "H")),
            patch.object(Products, "times", counted(Products.times, calls, "Hv")),
        ):
            start = perf_counter()
            end = approach(problem, w)
            cells.append((perf_counter() - start, calls["H"], calls["Hv"], end))
    (short, few, times, reused), (long, many, _, whole) = cells
    return (
        f"| {width} | {network.size} | {short:.1f} | {few} | {times} | {long:.1f} | {many} | {long / short:.1f} "
        f"| {reused.critical:.4f} ({reused.ending}) | {whole.critical:.4f} ({whole.ending}) |"
    )


def main() -> None:
    """Print a row for each width."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", type=int, nargs="+", default=[15, 20, 28])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| h | N | s | Hessians | products | s, without | Hessians | ratio | κ_J | without |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for width in arguments.widths:
        print(row(width, arguments.seed), flush=True)


if __name__ == "__main__":
    main()
