"""Runs that are called diverging, tried again: ten times their steps from where they ended, and another start.

python benchmarks/diverging.py --activation tanh --width 4 --seeds 6 --loads 2.5,3,3.5,4,4.5,5

For each seed, load after load until one diverges: that is the upper end of the seed's bracket. A reversal is one that
is satisfied when Newton's method goes on for ten times the steps it took, or from other initial weights.
"""

import argparse
from time import process_time

import numpy as np
from jamharness_numerics.minimise import minimise
from jamharness_numerics.minimise.confined import separated
from jamharness_numerics.minimise.newton import newton
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import DataRequest, Network
from jamharness.datasets.random import load

MORE = 10
BUDGET = 6000


def main() -> None:
    """One line for each run, then the reversals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--activation", default="tanh")
    parser.add_argument("--width", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--loads", default="2.5,3,3.5,4,4.5,5")
    arguments = parser.parse_args()
    network = Network(inputs=arguments.width, width=arguments.width, depth=2, activation=arguments.activation)
    longer, elsewhere, ends = 0, 0, 0
    for seed in range(arguments.seeds):
        for ratio in map(float, arguments.loads.split(",")):
            start = process_time()
            data = load(DataRequest(inputs=arguments.width, patterns=12 * network.weights, seed=seed))
            problem = NumpyBackend().problem(network, *data.first(2 * round(ratio * network.weights / 2)))
            end = minimise(problem, network.initial(seed=seed), budget=BUDGET)
            scale = 2 * problem.patterns / network.size
            verdict = f"{end.outcome} after {end.iterations} steps, ΣΔ²/N {end.loss * scale:.2f}"
            print(f"seed {seed}, P/N_w = {ratio:g}: {verdict}, {process_time() - start:.1f} s", flush=True)
            if end.outcome != "diverging":
                continue
            further = newton(
                problem, end.w, MORE * end.iterations, tolerance=1e-12, done=lambda w, at=problem: separated(at, w)
            )
            other = minimise(problem, network.initial(seed=seed + 1000), budget=BUDGET)
            norms = [float(np.linalg.norm(w)) for w in (end.w, further.w)]
            verdict = "satisfied" if further.why == "done" else "not satisfied"
            after = f"ΣΔ²/N {(further.loss or 0.0) * scale:.2f}, |w| {norms[0]:.0f} to {norms[1]:.0f}"
            print(f"  ten times the steps: {verdict}, {after}; other start: {other.outcome}", flush=True)
            ends, longer, elsewhere = ends + 1, longer + (further.why == "done"), elsewhere + (other.unsatisfied == 0)
            break
    print(f"{ends} diverging ends: {longer} satisfied by ten times the steps, {elsewhere} from another start")


if __name__ == "__main__":
    main()
