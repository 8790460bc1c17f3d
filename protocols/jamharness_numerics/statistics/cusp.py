"""A peak in a curve of means over independent draws: where it is, whether it stands out, and what follows it.

Every function takes ``values`` (n, m): n independent draws of one curve at the same m places, which share their noise
along the curve and not between draws.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import stdtr

from jamharness.api import Float64, generator

LEVEL = 0.005
"""The one-sided level at which a peak must stand out on each of its sides: a curve of a dozen places has a few local
maxima by chance, and the most prominent of them is looked at."""
LEAST = 5
"""Draws from which on a monotonic decrease is tested: with four no flip of signs is rarer than one in 16."""
_FLIPS = 4096
"""Flips of signs up to which all are counted; beyond, as many are drawn."""
_BLOCK = 1 << 20
"""Floats in a block of the means of parts of curves: 8 MiB."""


@dataclass(frozen=True, kw_only=True)
class Peak:
    """A local maximum.

    Arguments:
        place: where on the curve.
        left, right: the places of the lowest points between it and the next higher ones, on each side.
        p: the larger of the one-sided p-values of its height above these two, by Student's t over draws.
    """

    place: int
    left: int
    right: int
    p: float

    @property
    def stands_out(self) -> bool:
        """Whether the draws show that it is a peak."""
        return self.p < LEVEL


def peak_of(values: Float64) -> Peak | None:
    """The most prominent local maximum of the mean curve that is not at its ends; None where there is none.

    Arguments:
        values: (n, m).
    """
    peak = summit(values.mean(axis=0))
    if peak is None:
        return None
    place, left, right = peak
    p = max(_above(values[:, place] - values[:, base]) for base in (left, right))
    return Peak(place=place, left=left, right=right, p=p)


def summit(mean: Float64) -> tuple[int, int, int] | None:
    """The place of the most prominent local maximum of a curve (m,), and its bases; None where there is none."""
    from scipy.signal import find_peaks

    places, properties = find_peaks(mean, prominence=0)
    if not len(places):
        return None
    best = int(np.argmax(properties["prominences"]))
    return int(places[best]), int(properties["left_bases"][best]), int(properties["right_bases"][best])


def _above(differences: Float64) -> float:
    """The one-sided p-value of a mean above zero, (n,); 1 with fewer than two draws."""
    count = len(differences)
    if count < 2:
        return 1.0
    error = float(differences.std(ddof=1)) / np.sqrt(count)
    if not error:
        return float(differences.mean() <= 0)
    return float(stdtr(count - 1, -float(differences.mean()) / error))


def rises(values: Float64) -> float | None:
    """The p-value of the hypothesis that the mean curve never rises; None with too few draws.

    The statistic is the squared distance of the mean curve from the nearest one that never rises. Signs of the draws'
    residuals from that curve are flipped, draw by draw: exact where the true curve is flat, which of all that never
    rise is the hardest to tell from a rise, and residuals are symmetric; conservative where it falls.

    Arguments:
        values: (n, m).
    """
    count = len(values)
    if count < LEAST or values.shape[1] < 2:
        return None
    mean = values.mean(axis=0)
    residuals = values - falling(mean)
    if 2**count <= _FLIPS:
        signs = np.array(list(product((1.0, -1.0), repeat=count)))
    else:
        signs = generator("flips", count).choice([1.0, -1.0], size=(_FLIPS, count))
        signs[0] = 1.0
    distances = _distances(signs @ residuals / count)
    scale = float(np.abs(values).max()) ** 2
    return float(np.mean(distances >= distances[0] - 1e-12 * scale))


def falling(curves: Float64) -> Float64:
    """The nearest curves that never rise, by least squares, (…, m), each of its own.

    The i-th value is the least over a ≤ i of the largest over b ≥ i of the means of a, …, b (Barlow and others,
    Statistical Inference under Order Restrictions, 1972, §1.2). Memory: m² floats for each curve.
    """
    length = curves.shape[-1]
    before = np.concatenate([np.zeros_like(curves[..., :1]), np.cumsum(curves, axis=-1)], axis=-1)
    first, last = np.arange(length)[:, None], np.arange(length)
    counts = np.where(last >= first, last - first + 1, 1)
    means = (before[..., None, 1:] - before[..., :-1, None]) / counts
    means = np.where(last >= first, means, -np.inf)
    largest = np.maximum.accumulate(means[..., ::-1], axis=-1)[..., ::-1]
    least = np.minimum.accumulate(largest, axis=-2)
    return np.asarray(np.diagonal(least, axis1=-2, axis2=-1))


def _distances(curves: Float64) -> Float64:
    """Squared distances (k,) of curves (k, m) from the nearest that never rise."""
    blocks = np.array_split(curves, -(-curves.size * curves.shape[1] // _BLOCK))
    return np.concatenate([((block - falling(block)) ** 2).sum(axis=1) for block in blocks])
