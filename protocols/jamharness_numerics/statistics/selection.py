"""How much worse one choice is than the best of many, where the best is picked by the same noisy errors.

The least of many measured errors is less than the least of the true ones, the more so the more there are. So the best
is picked by one half of the draws, each of other patterns and other networks, and scored by the other half, and the
halves change places: what a choice is compared with is then no better than the truly best.
"""

from dataclasses import dataclass

import numpy as np

from jamharness.api import Float64, generator

RESAMPLES, BLOCK = 500, 50
"""Of the interval, and how many are held at a time: 4 MB for 10 000 test patterns."""


@dataclass(frozen=True, kw_only=True)
class Regret:
    """One choice against the best of all.

    Arguments:
        ratio: its error over that of the best, which each half picks for the other; NaN where that has no errors.
        low, high: 95% interval over test patterns, the picks made again in each resample. Draws and networks are as
            they are.
        picked: which each half picks.
    """

    ratio: float
    low: float
    high: float
    picked: tuple[int, int]


def regret(wrong: Float64, own: int) -> Regret:
    """The error of one choice over that of the best.

    Arguments:
        wrong: (choices, draws, M) how wrong each choice is on each test pattern of each draw, 0 to 1.
        own: which choice is judged.

    Raises:
        ValueError: fewer than 2 draws.
    """
    if wrong.shape[1] < 2:
        raise ValueError("two halves need at least 2 draws")
    halves = wrong[:, ::2].mean(axis=1), wrong[:, 1::2].mean(axis=1)
    ratio, picked = _ratio(halves[0].mean(axis=1), halves[1].mean(axis=1), own)
    draw, count = generator("regret", *wrong.shape), wrong.shape[-1]
    found = []
    for _ in range(RESAMPLES // BLOCK):
        weights = draw.multinomial(count, np.full(count, 1 / count), BLOCK) / count
        found += [_ratio(*errors, own)[0] for errors in zip(weights @ halves[0].T, weights @ halves[1].T, strict=True)]
    low, high = np.nanquantile(found, [0.025, 0.975]) if np.isfinite(found).any() else (np.nan, np.nan)
    return Regret(ratio=ratio, low=float(low), high=float(high), picked=picked)


def _ratio(first: Float64, second: Float64, own: int) -> tuple[float, tuple[int, int]]:
    """Both halves' scores of the choice over both scores of what the other half picks; errors (choices,) of each."""
    picked = int(np.argmin(first)), int(np.argmin(second))
    best = second[picked[0]] + first[picked[1]]
    return (float((first[own] + second[own]) / best) if best else float("nan")), picked
