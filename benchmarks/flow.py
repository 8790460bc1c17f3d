"""The error of a gradient flow against its tolerance, and what it costs beside the authors' rule.

Usage: python benchmarks/flow.py [--width H] [--patterns P] [--scales A…] [--side-by-side R [--widths H…]]

One network of two layers of softplus(5) units on random patterns, under the softened hinge, at √h α = .1, 1 and 1000,
followed to 0.9 of the time at which every pattern is satisfied. Errors are those of Δ and, relative to |w − w₀|, of w
against SciPy's DOP853 at 1e-11.

With --side-by-side R instead: R networks from seeds of their own at P = 200, to N_Δ = 0 or 5000 gradients, one
after the other and in one array, in seconds of the processor for one trajectory.
"""

import argparse
from collections.abc import Sequence
from itertools import product
from time import process_time

import numpy as np
from jamharness_numerics.flow import Until, gradient_flow, gradient_flows
from jamharness_systems.parametrised import ParametrisedNetwork
from jamharness_torch.backend import TorchBackend
from scipy.integrate import solve_ivp

from jamharness.api import DerivedProblem, Float64, Output, SoftHinge, generator

CASES = {
    "authors": (1e-2, 1e-4, 1e-6), "chebyshev": (1e-2, 1e-3, 1e-4, 1e-5), "exponential": (1e-1, 1e-2, 1e-3, 1e-4),
}  # fmt: skip


def posed(width: int, patterns: int, scale: float, seed: int = 0) -> tuple[DerivedProblem, Float64]:
    """The problem at √h α, and w₀."""
    x = generator("benchmarks", "flow").standard_normal((patterns, 5))
    x *= np.sqrt(5) / np.linalg.norm(x, axis=1)[:, None]
    y = np.where(x[:, 0] * x[:, 1] + 0.5 * x[:, 2] > 0, 1.0, -1.0)
    system = ParametrisedNetwork(inputs=5, width=width, depth=2)
    w, output = system.initial(seed), Output(system=system, scale=scale / np.sqrt(width), centred=False)
    backend = TorchBackend(threads=1)
    offsets = y * backend.problem(output, {"x": x, "y": y}).outputs(w, x)
    return backend.problem(output, {"x": x, "y": y}, SoftHinge(offsets=tuple(offsets.tolist()))), w


def side_by_side(widths: Sequence[int], scales: Sequence[float], count: int) -> None:
    """Print what a trajectory costs alone and in one array."""
    print(f"{'h':>3}{'√h α':>7}  {'method':<12}{'gradients':>10}{'alone':>8}{'together':>10}{'times':>7}{'apart':>9}")
    for width, scale in product(widths, scales):
        pairs = [posed(width, 200, scale, seed) for seed in range(count)]
        problems, starts = [problem for problem, _ in pairs], [w for _, w in pairs]
        for method, tolerance in (("authors", 1e-4), ("chebyshev", 1e-3), ("exponential", 1e-2)):
            until, start = Until(gradients=5000), process_time()
            alone = [gradient_flow(problem, w, method, tolerance, until) for problem, w in pairs]
            between = process_time()
            together = gradient_flows(problems, starts, method, tolerance, until)
            seconds = (between - start) / count, (process_time() - between) / count
            apart = max(
                np.linalg.norm(one.end.w - two.end.w) / np.linalg.norm(one.end.w - w)
                for one, two, w in zip(alone, together, starts, strict=True)
            )
            gradients = np.mean([flow.gradients for flow in alone])
            print(
                f"{width:>3}{scale:>7g}  {method:<12}{gradients:>10.0f}{seconds[0]:>8.2f}{seconds[1]:>10.2f}"
                f"{seconds[0] / seconds[1]:>7.1f}{apart:>9.0e}", flush=True,
            )  # fmt: skip


def main() -> None:
    """Print a table for each √h α."""
    options = argparse.ArgumentParser()
    options.add_argument("--width", type=int, default=16)
    options.add_argument("--patterns", type=int, default=60)
    options.add_argument("--scales", type=float, nargs="+", default=[0.1, 1.0, 1000.0])
    options.add_argument("--side-by-side", type=int, default=0)
    options.add_argument("--widths", type=int, nargs="+", default=[8, 16, 32, 64])
    arguments = options.parse_args()
    if arguments.side_by_side:
        side_by_side(arguments.widths, arguments.scales, arguments.side_by_side)
        return
    for scale in arguments.scales:
        problem, w = posed(arguments.width, arguments.patterns, scale)
        satisfied = gradient_flow(problem, w, "chebyshev", 1e-3)
        time, count = 0.9 * satisfied.end.time, [0]

        def velocity(_t: float, at: Float64, problem: DerivedProblem = problem, count: list[int] = count) -> Float64:
            count[0] += 1
            return np.asarray(-problem.loss_and_gradient(at)[1], dtype=np.float64)

        start = process_time()
        truth = solve_ivp(velocity, (0, time), w, method="DOP853", rtol=1e-11, atol=1e-13).y[:, -1]
        margins, moved = problem.margins(truth), np.linalg.norm(truth - w)
        print(f"\n√h α = {scale:g}, |w − w₀|/|w₀| = {moved / np.linalg.norm(w):.3g} ({satisfied.ending} at 1.11 t)")
        print(
            f"{'method':<12}{'tolerance':>10}{'steps':>7}{'gradients':>10}{'error of Δ':>12}{'of w':>10}{'seconds':>9}"
        )
        print(f"{'DOP853':<12}{1e-11:>10.0e}{'':>7}{count[0]:>10}{'':>12}{'':>10}{process_time() - start:>9.2f}")
        for method, tolerances in CASES.items():
            for tolerance in tolerances:
                start = process_time()
                until = Until(margin=None, time=time, resting=False, gradients=300_000)
                flow = gradient_flow(problem, w, method, tolerance, until)
                spent = process_time() - start
                error = np.abs(flow.end.margins - margins).max()
                apart = np.linalg.norm(flow.end.w - truth) / moved
                print(
                    f"{method:<12}{tolerance:>10.0e}{flow.steps:>7}{flow.gradients:>10}{error:>12.1e}{apart:>10.1e}"
                    f"{spent:>9.2f}"
                )


if __name__ == "__main__":
    main()
