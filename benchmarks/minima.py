"""Whether what is called a minimum is one: a thousand more Newton steps from the end of each of many runs.

``python benchmarks/minima.py`` prints one row for each activation: how its runs ended, and of those that are called
minima how many lose 1% of L or move their median overlap by 5%, and how many have a negative eigenvalue of H. Runs that
are called arrested are shown beside them: that they fail is why they are called so. ``--seeds 2 --width 5`` make fewer.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from jamharness_numerics.minimise import minimise
from jamharness_numerics.minimise.kinks import SHARPEST
from jamharness_numerics.minimise.newton import newton
from jamharness_numerics.minimise.saddles import downhill

from jamharness import load_backend
from jamharness.api import DataRequest, Network, Problem
from jamharness.plugins import load_data

ACTIVATIONS = ("relu", "tanh", "gelu", "softplus(8)", "softplus")
DEPTHS, LOADS = (1, 2, 3), (2.0, 3.0, 4.0, 6.0, 10.0)
STEPS, LOSS, OVERLAP = 1000, 0.01, 0.05


def further(problem: Problem, w: np.ndarray) -> tuple[bool, bool, bool]:
    """Whether 1000 more steps take 1% of L, whether the median overlap moves by 5%, and whether H bends down at w."""
    smooth = problem.network.nonlinearity.smooth
    stage = problem if smooth else problem.with_activation(f"softplus({SHARPEST:g})")
    before = stage.margins(w)
    end = newton(stage, w, STEPS, tolerance=0.0, done=lambda at: not bool(np.any(stage.margins(at) > 0)))
    after = stage.margins(end.w)
    lower = 1 - float(np.sum(np.maximum(after, 0) ** 2) / np.sum(np.maximum(before, 0) ** 2))
    contacts = before > 0  # the same patterns: one at Δ = 1e-12 that comes or goes moves a median by a whole rank
    moved = abs(float(np.median(after[contacts]) / np.median(before[contacts])) - 1)
    return lower > LOSS, moved > OVERLAP, downhill(stage, w) is not None


def rows(backend: str, width: int, seeds: int, activations: tuple[str, ...]) -> Iterator[str]:
    """The table in Markdown, row by row."""
    heads = ("activation", "runs", "satisfied", "minima", "L −1%, overlap ±5%, saddle", "arrested", "of these", "other")
    yield f"| {' | '.join(heads)} |"
    yield "|---|---|---|---|---|---|---|---|"
    loaded_backend = load_backend(backend)
    for activation in activations:
        ends: dict[str, int] = {}
        tested = {"minimum": np.zeros(3, dtype=int), "arrested": np.zeros(3, dtype=int)}
        for depth in DEPTHS:
            network = Network(inputs=width, width=width, depth=depth, activation=activation)
            for load in LOADS:
                patterns = 2 * round(load * network.weights / 2)
                for seed in range(seeds):
                    data = load_data(DataRequest(dataset="random", inputs=width, patterns=patterns, seed=seed))
                    problem = loaded_backend.problem(network, data.x, data.y)
                    minimisation = minimise(problem, network.initial(seed=seed))
                    ends[minimisation.outcome] = ends.get(minimisation.outcome, 0) + 1
                    if minimisation.outcome in tested:
                        tested[minimisation.outcome] += further(problem, minimisation.w)
        runs = sum(ends.values())
        other = runs - sum(ends.get(name, 0) for name in ("satisfied", "minimum", "arrested"))
        texts = {name: ", ".join(map(str, counts)) for name, counts in tested.items()}
        yield (
            f"| {activation} | {runs} | {ends.get('satisfied', 0)} | {ends.get('minimum', 0)} | {texts['minimum']} "
            f"| {ends.get('arrested', 0)} | {texts['arrested']} | {other} |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--width", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--activations", default=",".join(ACTIVATIONS))
    arguments = parser.parse_args()
    for row in rows(arguments.backend, arguments.width, arguments.seeds, tuple(arguments.activations.split(","))):
        print(row, flush=True)
