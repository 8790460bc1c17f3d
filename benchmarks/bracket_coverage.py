"""How often the 95% intervals of bracketed thresholds hold the truth, and how wide they are.

python benchmarks/bracket_coverage.py --draws 400

Thresholds over seeds are normal (or uniform, or exponential) with a standard deviation in units of the brackets' width,
and each is known to the cell of one grid in which it lies.
"""

import argparse

import numpy as np
from jamharness_numerics.statistics.bracketed import bracketed

KINDS = {
    "normal": lambda draw, count: draw.standard_normal(count),
    "uniform": lambda draw, count: draw.uniform(-1, 1, count) * np.sqrt(3),
    "skew": lambda draw, count: draw.exponential(1, count) - 1,
}


def main() -> None:
    """One row for each kind and number of seeds: coverage of the mean and of the standard deviation by spread."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--kinds", default="normal,skew")
    parser.add_argument("--seeds", default="3,6,12,24")
    parser.add_argument("--spreads", default="0.05,0.2,0.5,1,2.5")
    arguments = parser.parse_args()
    spreads = [float(text) for text in arguments.spreads.split(",")]
    print("kind, seeds: coverage of mean / standard deviation at spreads", *spreads)
    for kind in arguments.kinds.split(","):
        for count in map(int, arguments.seeds.split(",")):
            cells = []
            for spread in spreads:
                draw, hits = np.random.default_rng([count, round(100 * spread)]), np.zeros(2)
                for _ in range(arguments.draws):
                    mean = draw.uniform(0, 1)
                    low = np.floor(mean + spread * KINDS[kind](draw, count))
                    intervals = bracketed(low, low + 1)
                    for index, (ends, truth) in enumerate(((intervals.mean, mean), (intervals.deviation, spread))):
                        hits[index] += ends[0] <= truth <= ends[1]
                mean_hits, deviation_hits = hits / arguments.draws
                cells.append(f"{mean_hits:.1%} / {deviation_hits:.1%}")
            print(f"{kind}, {count}:", "; ".join(cells), flush=True)


if __name__ == "__main__":
    main()
