"""The limit N → ∞ of samples at several sizes."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

from jamharness.api import Float64


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A value at 1/N = 0 with its standard error and the degrees of freedom of it."""

    value: float
    error: float
    degrees: int

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Student's."""
        half = float(stats.t.ppf((1 + level) / 2, self.degrees)) * self.error
        return self.value - half, self.value + half

    def p(self, truth: float) -> float:
        """The probability of an estimate as far off, if the truth is as said."""
        return 2 * float(stats.t.sf(abs(self.value - truth) / self.error, self.degrees))


def large_size_limit(sizes: Float64, samples: Float64, *, self_averaging: bool = False) -> Limit:
    """Least squares in 1/N, each size weighted by the spread of its samples.

    Arguments:
        sizes: N of each sample (n,), of at least two different ones.
        samples: (n,), at least two of every size.
        self_averaging: take spreads as 1/√N, as those of an energy per spin are, and not from the samples of each size,
            where these are few: three that lie close by chance would outweigh all others.
    """
    spread = {size: max(float(samples[sizes == size].std(ddof=1)), 1e-12) for size in np.unique(sizes)}
    weight = np.sqrt(sizes) if self_averaging else np.array([1 / spread[size] for size in sizes])
    design = np.stack([np.ones_like(sizes), 1 / sizes], axis=1) * weight[:, None]
    solution, *_ = np.linalg.lstsq(design, samples * weight, rcond=None)
    degrees = len(samples) - 2
    scale = float(np.sum((samples * weight - design @ solution) ** 2)) / degrees
    error = sqrt(scale * float(np.linalg.inv(design.T @ design)[0, 0]))
    return Limit(value=float(solution[0]), error=error, degrees=degrees)
