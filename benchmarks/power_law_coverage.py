"""How often the 95% interval of ``fit_power_law`` covers the true exponent: the table of docs/margins.md.

``python benchmarks/power_law_coverage.py`` prints it; ``--draws 200 --samples 300,1000 --kinds clean,gaussian``
make a part of it, ``--groups 12`` resamples groups in place of the likelihood, ``--lower 0.02`` leaves out
what is smaller, and ``--plain`` fits a pure power law where the Kolmogorov–Smirnov distance is smallest, the rule of
arXiv 0706.1062, for comparison.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
from jamharness_numerics.statistics import fit_power_law
from jamharness_numerics.statistics.power_law_window import windows
from scipy.stats import chi2

from jamharness.api import Float64, generator

SAMPLES = (300, 1000, 3000, 10_000, 30_000)
EXPONENTS = {"γ = 0.2": -0.2, "θ = 0": 0.0, "θ = 0.3": 0.3, "θ = 0.42": 0.42}
KINDS = {
    "clean": "x^a on (0, 1)",
    "linear": "x^a (1 + x) on (0, 1)",
    "gaussian": "x^a exp(−x²/2)",
    "bulk": "60% x^a on (0, 1), 40% N(1.5, 0.25²)",
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


def plain(x: Float64) -> tuple[float, float]:
    """The exact 95% interval of a pure power law in the window of the smallest Kolmogorov–Smirnov distance."""
    x = np.sort(x)
    fits = []
    for inside in windows(len(x)):
        t = x[:inside] / x[inside]
        mean = -float(np.log(t).mean())
        steps = np.arange(1, inside + 1) / inside
        fits.append((float(np.abs(t ** (1 / mean) - steps).max()), mean, inside))
    _, mean, inside = min(fits)
    # 2 k (1 + a) mean(−ln t) has a χ² distribution with 2 k degrees of freedom.
    low, high = chi2.ppf([0.025, 0.975], 2 * inside) / (2 * inside * mean) - 1
    return float(low), float(high)


def coverage(
    kind: str, a: float, count: int, *, draws: int, groups: int, lower: float, simple: bool
) -> tuple[float, float]:
    """The part of intervals that hold a, and their mean half width."""
    random = generator("coverage", kind, a, count)
    hits, widths = 0, []
    for _ in range(draws):
        samples = draw(kind, a, count, random)
        if simple:
            low, high = plain(samples)
        else:
            fit = fit_power_law(samples, groups=np.arange(count) % groups if groups else None, lower=lower)
            assert fit.low is not None
            assert fit.high is not None
            low, high = fit.low, fit.high
        hits += low <= a <= high
        widths.append((high - low) / 2)
    return hits / draws, float(np.mean(widths))


def rows(kinds: list[str], counts: list[int], **how: Any) -> Iterator[str]:
    """The table in Markdown."""
    yield "| density | exponent | " + " | ".join(f"n = {count}" for count in counts) + " |"
    yield "|---|---|" + "---|" * len(counts)
    for kind in kinds:
        for name, a in EXPONENTS.items():
            coverages = [coverage(kind, a, count, **how) for count in counts]
            cells = " | ".join(f"{100 * part:.1f}% ± {width:.3f}" for part, width in coverages)
            yield f"| {KINDS[kind]} | {name} | {cells} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=600)
    parser.add_argument("--samples", default=",".join(map(str, SAMPLES)))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--groups", type=int, default=0)
    parser.add_argument("--lower", type=float, default=0.0)
    parser.add_argument("--plain", action="store_true")
    arguments = parser.parse_args()
    sizes = [int(count) for count in arguments.samples.split(",")]
    how = {"draws": arguments.draws, "groups": arguments.groups, "lower": arguments.lower, "simple": arguments.plain}
    for row in rows(arguments.kinds.split(","), sizes, **how):
        print(row, flush=True)
