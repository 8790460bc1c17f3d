"""How often the 95% interval of ``fit_power_law`` covers the true exponent: the table of docs/margins.md.

``python benchmarks/power_law_coverage.py`` prints it; ``--draws 200 --samples 300,1000 --kinds clean,gaussian``
make a part of it, and ``--groups 12`` resamples groups in place of the likelihood.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from jamharness_protocols.statistics import fit_power_law

from jamharness.api import Float64, generator

SAMPLES = (300, 1000, 3000, 10_000, 30_000)
EXPONENTS = {"γ = 0.2": -0.2, "θ = 0": 0.0, "θ = 0.3": 0.3, "θ = 0.42": 0.42}
KINDS = {
    "clean": "x^a on (0, 1)",
    "linear": "x^a (1 + x) on (0, 1)",
    "gaussian": "x^a exp(−x²/2)",
    "bulk": "60% x^a on (0, 1), 40% |N(1.5, 0.25²)|",
}


def draw(kind: str, a: float, count: int, random: np.random.Generator) -> Float64:
    """Samples whose density is ∝ x^a near zero."""
    power = random.random(count) ** (1 / (1 + a))
    if kind == "clean":
        return power
    if kind == "gaussian":
        return np.sqrt(2 * random.gamma((1 + a) / 2, size=count))
    if kind == "linear":
        first, second = 1 / (1 + a), 1 / (2 + a)
        steeper = random.random(count) ** (1 / (2 + a))
        return np.where(random.random(count) < first / (first + second), power, steeper)
    return np.where(random.random(count) < 0.6, power, np.abs(1.5 + 0.25 * random.standard_normal(count)))


def coverage(kind: str, a: float, count: int, draws: int, groups: int = 0) -> tuple[float, float, float]:
    """The part of intervals that hold a, their mean half width, and the mean error in units of it."""
    random = generator("coverage", kind, a, count)
    hits, widths, errors = 0, [], []
    side, sign = ("+", 1) if a >= 0 else ("-", -1)
    for _ in range(draws):
        samples = sign * draw(kind, a, count, random)
        found = fit_power_law(samples, side=side, groups=np.arange(count) % groups if groups else None)
        assert found.exponent is not None
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= sign * a <= found.high
        widths.append((found.high - found.low) / 2)
        errors.append(found.exponent - sign * a)
    return hits / draws, float(np.mean(widths)), float(np.mean(errors) / np.mean(widths))


def rows(kinds: list[str], counts: list[int], draws: int, groups: int) -> Iterator[str]:
    """The table in Markdown."""
    yield "| density | exponent | " + " | ".join(f"n = {count}" for count in counts) + " |"
    yield "|---|---|" + "---|" * len(counts)
    for kind in kinds:
        for name, a in EXPONENTS.items():
            found = [coverage(kind, a, count, draws, groups) for count in counts]
            cells = " | ".join(f"{100 * part:.1f}% ± {width:.3f}" for part, width, _ in found)
            yield f"| {KINDS[kind]} | {name} | {cells} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=600)
    parser.add_argument("--samples", default=",".join(map(str, SAMPLES)))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--groups", type=int, default=0)
    given = parser.parse_args()
    for row in rows(given.kinds.split(","), [int(n) for n in given.samples.split(",")], given.draws, given.groups):
        print(row, flush=True)
