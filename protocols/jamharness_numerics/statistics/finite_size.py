"""An exponent from how the smallest samples of a system shrink with its size.

Of N samples with the density x^a at zero the k-th smallest is ~ (k/N)^(1/(1+a)). Where the density is cut off at that
scale itself, as that of gaps at jamming is, no window of one size shows the exponent (Charbonneau et al., Phys. Rev. E
104, 014102, 2021); the scale still moves with N by the same law.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jamharness.api import BadInput, Float64, generator
from jamharness_numerics.statistics.bootstrap import LEAST, RESAMPLES

RANKS = (1, 4)
"""The smallest samples that count, from the first to the fourth: up to the eighth the error is two thirds, but γ of the
perceptron is read 0.03 lower (docs/calibration.md)."""


@dataclass(frozen=True, kw_only=True)
class FiniteSize:
    """An exponent with its 95% interval.

    Arguments:
        exponent: a of p(x) ~ x^a for side "+" (θ), −a for side "-" (γ).
        low, high: ends of the bootstrap interval over the systems of each size; None with fewer than three of one.
        sizes: N, in rising order.
        scales: the geometric mean of the counted samples at each size, with its standard error as a factor's logarithm.
        counts: systems of each size.
    """

    exponent: float
    low: float | None
    high: float | None
    sizes: tuple[int, ...]
    scales: tuple[tuple[float, float], ...]
    counts: tuple[int, ...]


def finite_size_exponent(
    samples: Mapping[int, Sequence[Float64]], side: str = "+", ranks: tuple[int, int] = RANKS
) -> FiniteSize:
    """The exponent at zero from systems of several sizes.

    Arguments:
        samples: by N, the samples of each system, such as its forces or gaps; their size counts.
        side: ``"+"`` for θ, ``"-"`` for γ.
        ranks: the first and the last of the smallest samples that count.

    Raises:
        BadInput: an unknown side, fewer than two sizes, or a system with fewer samples than the last rank.
    """
    if side not in ("+", "-"):
        raise BadInput(f"side = {side!r}: it is '+' for θ or '-' for γ.")
    if len(samples) < 2:
        raise BadInput(f"{len(samples)} sizes: an exponent from sizes needs at least 2.")
    sizes = tuple(sorted(samples))
    first, last = ranks
    short = [N for N in sizes if not len(samples[N]) or min(len(x) for x in samples[N]) < last]
    if short:
        raise BadInput(f"N = {short[0]}: a system has fewer than {last} samples; give larger ones.")
    logs = [
        np.array(
            [np.log(np.sort(np.abs(np.asarray(x, dtype=np.float64)))[first - 1 : last]).mean() for x in samples[N]]
        )
        for N in sizes
    ]
    errors = np.array([values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 1.0 for values in logs])
    value = _exponent(sizes, np.array([values.mean() for values in logs]), errors, side)
    low = high = None
    if min(len(values) for values in logs) >= LEAST:
        draw = generator("finite size", [len(values) for values in logs])
        means = np.stack([
            values[draw.integers(0, len(values), size=(RESAMPLES, len(values)))].mean(axis=1) for values in logs
        ])  # fmt: skip
        low, high = (float(end) for end in np.quantile(_exponent(sizes, means, errors, side), [0.025, 0.975]))
    return FiniteSize(
        exponent=float(value),
        low=low,
        high=high,
        sizes=sizes,
        scales=tuple((float(np.exp(values.mean())), float(error)) for values, error in zip(logs, errors, strict=True)),
        counts=tuple(len(values) for values in logs),
    )


def _exponent(sizes: Sequence[int], means: Float64, errors: Float64, side: str) -> Float64:
    """From the weighted slope of log scale against log N, −1/(1 + a); means (k,) or (k, draws)."""
    x, weights = np.log(np.asarray(sizes, dtype=np.float64)), 1 / np.maximum(errors, 1e-12) ** 2
    centred = x - weights @ x / weights.sum()
    slope = (weights * centred) @ means / ((weights * centred) @ centred)
    return np.asarray(-1 / slope - 1 if side == "+" else 1 + 1 / slope)
