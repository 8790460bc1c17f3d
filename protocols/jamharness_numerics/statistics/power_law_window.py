"""The window of a power-law fit: the largest without visible curvature, and then only its lower part."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from jamharness.api import Float64
from jamharness_numerics.statistics.tilted_power import Quadrature, maximum_likelihood, quadrature

LEVEL = 0.3
"""A window is rejected when the score test for a curvature has a smaller p-value: far from 0.05, because what is not
seen biases. Chosen with ``KEPT`` by the coverage in docs/margins.md."""
PLAIN = 0.05
"""A curvature with a smaller p-value in the smallest window is said to be there: at ``LEVEL`` it often is chance."""
KEPT = 0.3
"""The part of that window, by count, in which the exponent is measured: curvature is a tenth there (for a = 0)."""
SHRINK = 0.5**0.5
"""Windows are tried at counts in this ratio."""
SMALLEST, LEAST = 80, 40
"""Samples in the smallest window that is tried, and in the smallest in which an exponent is measured."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """A fit of the samples in (lower, upper).

    Arguments:
        t: (k,) samples in units of the upper end, sorted.
        upper: the upper end.
        a: the exponent.
        c: the slope in units of 1/upper.
        r: lower / upper.
        curved: whether a curvature is plain in the smallest window too, of which this is the lower part.
    """

    t: Float64
    upper: float
    a: float
    c: float
    r: float
    curved: bool = False

    def quadrature(self) -> Quadrature:
        """Of the fitted density."""
        return quadrature(np.array([self.a]), np.array([self.c]), self.r)


def windows(count: int) -> Iterator[int]:
    """The numbers of samples in the windows that are tried for so many, from the largest on."""
    inside = count - 1  # the sample at the upper end is not one of those inside
    yield inside
    while (inside := int(inside * SHRINK)) >= SMALLEST:
        yield inside


def fitted(x: Float64, inside: int, lower: float, upper: float) -> Window:
    """The fit of the first ``inside`` of the sorted samples x (n,), all in (lower, upper)."""
    t = x[:inside] / upper
    a, c = maximum_likelihood(np.array([np.log(t).mean()]), np.array([t.mean()]), lower / upper)
    return Window(t=t, upper=upper, a=float(a[0]), c=float(c[0]), r=lower / upper)


def given_window(x: Float64, lower: float, upper: float) -> Window | None:
    """The fit of all sorted samples below ``upper``; None where these are fewer than ``LEAST``."""
    inside = int(np.searchsorted(x, upper, side="left"))
    return fitted(x, inside, lower, upper) if inside >= LEAST else None


def chosen_window(x: Float64, lower: float) -> tuple[Window, float]:
    """The lower part of the largest window in which no curvature is seen.

    Given its upper end, an order statistic, the samples below it are independent draws from the truncated density.

    Arguments:
        x: (n,) sorted samples, more than ``LEAST``, all above ``lower``.
        lower: the lower end.

    Returns:
        The fit, and the bias of its exponent by a curvature that the test misses every other time. Where no window is
        accepted, the fit is made in the smallest, and says so if a curvature is plain there (``PLAIN``).
    """
    for inside in windows(len(x)):
        wide = fitted(x, inside, lower, float(x[inside]))
        statistic, spread, _ = _curvature(wide)
        p = 2 * float(ndtr(-abs(statistic)))
        if p >= LEVEL:
            break
    narrow = min(max(int(KEPT * inside), LEAST), inside)
    window = fitted(x, narrow, lower, float(x[narrow]))
    # A curvature d t² with d √k spread equal to the critical value is missed every other time; in the narrow window, in
    # units of its own end, d is smaller by the square of the ratio of the ends.
    unseen = float(-ndtri(LEVEL / 2)) / (spread * np.sqrt(inside)) * (window.upper / wide.upper) ** 2
    return replace(window, curved=bool(p < PLAIN)), float(unseen * abs(_curvature(window)[2]))


def _curvature(window: Window) -> tuple[float, float, float]:
    """The score test of d in p ∝ t^a e^{ct + dt²}, with a and c fitted.

    Returns:
        The statistic, standard normal for d = 0; the standard deviation of the score of one sample; and by how much a
        small d moves the estimate of a, per unit of d.
    """
    at = window.quadrature()
    square, scores, weights = at.t[0] ** 2, at.scores()[0], at.weights[0]
    mean = float(weights @ square)
    explained = np.linalg.solve(at.information()[0], scores @ (weights * (square - mean)))
    residual = square - mean - explained @ scores
    spread = float(np.sqrt(max(weights @ residual**2, np.finfo(np.float64).tiny)))
    statistic = (float((window.t**2).mean()) - mean) * float(np.sqrt(len(window.t))) / spread
    return statistic, spread, float(explained[0])
